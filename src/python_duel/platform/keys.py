"""Every key of Redis, who writes it and how long it lives. What is lost is rebuilt from PostgreSQL or by clients.

A tag in braces keeps the keys of one script on one server of a cluster. Beside those that have a function here:

- `{queue}:tickets` hash, `{queue}:waiting:<mode>`, `{queue}:leases` sorted sets: who waits, since when, and is there.
  `matchmaking.queue`; until paired or left, or a minute after the last lease, when somebody meets them.
- `{queue}:gone` sorted set: who waited and does no more. `matchmaking.queue`; ten minutes.
- `{queue}:pairings` hash: pairs whose duel may not stand yet. `matchmaking.queue`; until it stands.
- `{queue}:wait:<mode>` string: how long the last ones waited. `matchmaking.queue`; for ever.
- `duel:timers` sorted set: when time alone changes a duel next. `duels.timers`; until the duel is over.
- `{judge}:jobs`, `{judge}:results`, `{judge}:dead` streams: programs, verdicts, and what no judge could do.
  `duels.jobs`, `judge.queue`; until acknowledged.
- `{judge}:queued`, `{judge}:turns`, `{judge}:line:<player>`: whose turn it is. `judge.queue`; with the jobs.
- `{judge}:workers` sorted set, `{judge}:worker:<name>`: judges, and what they say of themselves. `judge.queue`; for a
  while after their last word.
- `challenge:<digest>` string: what judges need of a challenge. `duels.jobs`.
- `limit:<what>:<player>` string: the one run or submission of a span. `platform.ratelimit`; that span.
- `{homes}:loads`, `{homes}:leases` sorted sets: where duels may live, by sockets and by the end of their leases.
  `duels.homes`; a quarter of a minute.
- `sweeper` string: whose turn it is to sweep. `web.background`; five seconds.
- `bus:<topic>` channels: `duel:<id>`, `player:<id>`, and `process:<id>`, a process' own inbox. `platform.bus`.
"""

DUEL_S = 86_400
"""How long the live part of a duel outlives its last change of pen."""


def duel_live(duel_id: str) -> str:
    """Hash: `begun`, from when the duel was made; `pen:<player>`, who may write, or `closed`; `page:<player>`, on which
    page; `base:<player>`, edits before the log; `put_back:<player>`, the pen that was lost once; `watched`, processes.
    """
    return f"{{{duel_id}}}:live"


HOME_LOADS, HOME_LEASES = "{homes}:loads", "{homes}:leases"


def duel_home(duel_id: str) -> str:
    """String: the name of the web process on which the duel lives. A day."""
    return f"{{{duel_id}}}:home"


def duel_log(duel_id: str, player_id: str) -> str:
    """List: the edits since the mark, each its time, a space and its change set as JSON. A day."""
    return f"{{{duel_id}}}:log:{player_id}"


def duel_mark(duel_id: str, player_id: str) -> str:
    """String: `seq`, a line break, and the text there. A day."""
    return f"{{{duel_id}}}:mark:{player_id}"


def duel_past(duel_id: str, player_id: str) -> str:
    """List: all edits before the mark, a compressed chunk for each compaction. A day."""
    return f"{{{duel_id}}}:past:{player_id}"


def failing(submission_id: str) -> str:
    """String: since when no judge can judge the submission, ms. `duels.jobs`; a day."""
    return f"failing:{submission_id}"


PRESENCE_SINCE = "presence-since"
"""String: since when, without a break, every process has said who is there. Nine seconds."""


def presence(player_id: str) -> str:
    """Sorted set: the player's open sockets, `process/socket`, by the end of their leases. Half a minute."""
    return f"presence:{player_id}"
