"""What web and judge say to each other over Redis streams: one job in, one result out.

Keys (the judge's Redis user may touch `{judge}:*` and read `challenge:*`, nothing else):

- `{judge}:jobs`, a stream; consumer group `judges`; field `job` holds a `Job` as JSON, `id` and `player` say whose it
  is. A player has at most one job here: the others wait in the player's own line, so that nobody waits for a flood.
- `{judge}:line:{player}`, a sorted set of the ids of a player's jobs: first the one on the stream (score 0), then the
  submissions in order, then the runs.
- `{judge}:queued`, a hash of all jobs by id: the entry's id when it is on the stream, else the `Job` as JSON.
- `{judge}:turns`, a sorted set: the players who have a job on the stream, in its order.
- `{judge}:clock`, the last score given to a job that waits, or to a turn.
- `{judge}:results`, a stream; consumer group `web`; field `result` holds a `JobResult` as JSON.
- `{judge}:workers`, a sorted set: worker name by the time of its last heartbeat (ms).
- `{judge}:worker:{name}`: its `WorkerReport` as JSON; it expires soon after the last heartbeat.
- `{judge}:dead`, a stream of jobs that were delivered too often.
- `challenge:{digest}`, a challenge package with its hidden tests, as JSON.

What changes the queue is a function in the store (`duels/judging.lua`, loaded by the web): all of it happens, or
nothing. The keys of the queue are on one server of a cluster.
"""

from typing import Literal

from python_duel.protocol.base import Id, Language, ServerMessage
from python_duel.protocol.verdict import CaseResult, Verdict

JOBS = "{judge}:jobs"
JOBS_GROUP = "judges"
RESULTS = "{judge}:results"
RESULTS_GROUP = "web"
WORKERS = "{judge}:workers"
DEAD = "{judge}:dead"
QUEUED = "{judge}:queued"
TURNS = "{judge}:turns"

PUT, FINISH, TAKEN = "duel_put", "duel_finish", "duel_taken"
PLACE, ROOM, LOST = "duel_place", "duel_room", "duel_lost"
"""Functions of the queue in the store."""
JUDGING_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Upper bounds of a report's histogram; what took longer is counted after the last."""


def challenge_key(digest: str) -> str:
    """The key of a challenge blob."""
    return f"challenge:{digest}"


def worker_key(worker: str) -> str:
    """The key that holds a worker's report."""
    return f"{{judge}}:worker:{worker}"


def line_key(player_id: str) -> str:
    """The key of a player's jobs."""
    return f"{{judge}}:line:{player_id}"


JobKind = Literal["submission", "run"]


class Job(ServerMessage):
    """One program to judge. A `submission` meets every case, a `run` the samples or the player's own input."""

    kind: JobKind
    job_id: str
    """The submission's row id, or `<unique>:<run_id>`."""
    duel_id: Id
    player_id: Id
    language: Language
    code: str
    challenge: str
    """Digest of the challenge package."""
    input: str | None = None
    attempt: int = 1


class JobResult(ServerMessage):
    """The judge's answer. `cases` holds only what the author may see: samples or the own input."""

    job: Job
    verdict: Verdict
    passed: int
    total: int
    time_ms: int
    """CPU time of the slowest case."""
    memory_kb: int
    """Peak of the largest case."""
    judged_ms: int
    """Wall time from taking the job to the verdict."""
    message: str | None = None
    line: int | None = None
    column: int | None = None
    cases: list[CaseResult] = []


class WorkerReport(ServerMessage):
    """What a judge says of itself with each heartbeat. Counts are since its start."""

    level: str
    """Its isolation."""
    languages: list[str] = []
    """What it can run."""
    slots: int = 1
    active: int = 0
    """Jobs under way."""
    restarts: int = 0
    """Slots that failed and were started again."""
    judged: dict[str, dict[str, int]] = {}
    """Results by verdict and language."""
    seconds: list[int] = [0] * (len(JUDGING_SECONDS) + 1)
    """How long judging took: so many at most `JUDGING_SECONDS[i]`, and longer than the bound before."""
    seconds_sum: float = 0.0
