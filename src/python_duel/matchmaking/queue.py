"""The queue: atomic scripts over Redis, so that a ticket is consumed once and nobody meets themselves.

Keys, hash-tagged together:

- `{queue}:waiting:<mode>`: players by the time they joined (ms), one sorted set a mode
- `{queue}:tickets`: hash, player to ticket as JSON `{ticket, mode, joined_at, language}`
- `{queue}:leases`: players by the time until which they count as present (ms): others are passed over
- `{queue}:pairings`: hash, duel id to the pairing as JSON, until its duel stands in PostgreSQL
- `{queue}:wait:<mode>`: moving average of the waits (ms)
"""

import json
from dataclasses import dataclass
from typing import Any

from python_duel.platform.ids import new_id
from python_duel.platform.redis import Redis, reply
from python_duel.protocol.base import Mode

MODES: tuple[Mode, ...] = ("ranked", "casual")
LEASE_MS = 15_000
ESTIMATE_MS = 10_000
"""What a new player is told to expect before anybody has waited."""

# KEYS waiting(mode), tickets, leases, pairings, wait(mode), waiting(other mode)
# ARGV player, now, lease end, ticket JSON ("": only who has one of this mode), duel id, mode
JOIN = """
local me, now = ARGV[1], tonumber(ARGV[2])
local ticket = redis.call('HGET', KEYS[2], me)
if ARGV[4] == '' and (not ticket or cjson.decode(ticket).mode ~= ARGV[6]) then return {'gone', '', ''} end
if ticket and cjson.decode(ticket).mode ~= ARGV[6] then
  redis.call('ZREM', KEYS[6], me)
  ticket = false
end
if not ticket then
  ticket = ARGV[4]
  redis.call('HSET', KEYS[2], me, ticket)
end
local mine = cjson.decode(ticket)
redis.call('ZADD', KEYS[1], mine.joined_at, me)
redis.call('ZADD', KEYS[3], ARGV[3], me)
while true do
  -- The oldest one that is not me. Whoever is away is taken out of line, and comes back to their place with their next
  -- lease: so nobody is met twice, and this takes as long in a long line as in a short one.
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 1)
  local other = oldest[1] ~= me and oldest[1] or oldest[2]
  if not other then break end
  local theirs = redis.call('HGET', KEYS[2], other)
  local lease = tonumber(redis.call('ZSCORE', KEYS[3], other) or 0)
  redis.call('ZREM', KEYS[1], other)
  if theirs and lease >= now then
    local first = cjson.decode(theirs)
    redis.call('ZREM', KEYS[1], me)
    redis.call('ZREM', KEYS[3], me, other)
    redis.call('HDEL', KEYS[2], me, other)
    local waited = now - first.joined_at
    local mean = tonumber(redis.call('GET', KEYS[5]) or waited)
    redis.call('SET', KEYS[5], math.floor(mean * 0.9 + waited * 0.1))
    local pairing = cjson.encode({at = now, mode = ARGV[6], players = {
      {player_id = other, language = first.language, joined_at = first.joined_at},
      {player_id = me, language = mine.language, joined_at = mine.joined_at}}})
    redis.call('HSET', KEYS[4], ARGV[5], pairing)
    return {'paired', ticket, pairing}
  end
  if lease < now - 60000 then
    redis.call('ZREM', KEYS[3], other)
    redis.call('HDEL', KEYS[2], other)
  end
end
return {'waiting', ticket, redis.call('GET', KEYS[5]) or ''}
"""

# KEYS tickets, leases, waiting of each mode; ARGV player
LEAVE = """
redis.call('ZREM', KEYS[2], ARGV[1])
for i = 3, #KEYS do redis.call('ZREM', KEYS[i], ARGV[1]) end
return redis.call('HDEL', KEYS[1], ARGV[1])
"""

# KEYS tickets, leases, waiting of each mode; ARGV lease end, "ranked" or "casual" for each of those, "", player ...
LEASE = """
local line, i = {}, 2
while ARGV[i] ~= '' do line[ARGV[i]] = KEYS[i + 1]; i = i + 1 end
for n = i + 1, #ARGV do
  local ticket = redis.call('HGET', KEYS[1], ARGV[n])
  if ticket then
    local mine = cjson.decode(ticket)
    redis.call('ZADD', KEYS[2], ARGV[1], ARGV[n])
    redis.call('ZADD', line[mine.mode], mine.joined_at, ARGV[n])
  end
end
return 1
"""

TICKETS, LEASES, PAIRINGS = "{queue}:tickets", "{queue}:leases", "{queue}:pairings"


def _waiting(mode: Mode) -> str:
    return f"{{queue}}:waiting:{mode}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place in the queue."""

    ticket: str
    joined_at: int
    estimate_ms: int


@dataclass(frozen=True, slots=True)
class Paired:
    """One half of a pairing."""

    player_id: str
    language: str
    joined_at: int


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two tickets, consumed. `duel_id` is the duel they are for."""

    duel_id: str
    mode: Mode
    at: int
    players: tuple[Paired, Paired]


class Queue:
    """The tickets of all modes."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._join = redis.register_script(JOIN)
        self._leave = redis.register_script(LEAVE)
        self._lease = redis.register_script(LEASE)

    async def join(
        self, player_id: str, mode: Mode, language: str, now: int, joined_at: int | None = None
    ) -> tuple[Waiting, Pairing | None]:
        """Take or keep a place; the oldest waiting player who is there is paired at once. Joining again keeps it."""
        ticket = {"ticket": new_id(), "mode": mode, "joined_at": joined_at or now, "language": language}
        kept, estimate, pairing = await self._run(player_id, mode, now, json.dumps(ticket))
        held = json.loads(kept)
        return Waiting(held["ticket"], held["joined_at"], estimate), pairing

    async def rejoin(self, player_id: str, mode: Mode, now: int) -> Pairing | None:
        """Look again for somebody for a player who waits already; does nothing for anybody else."""
        return (await self._run(player_id, mode, now, ""))[2]

    async def _run(self, player_id: str, mode: Mode, now: int, ticket: str) -> tuple[str, int, Pairing | None]:
        duel_id = new_id()
        other = next(m for m in MODES if m != mode)
        kind, kept, rest = await self._join(
            keys=[_waiting(mode), TICKETS, LEASES, PAIRINGS, f"{{queue}}:wait:{mode}", _waiting(other)],
            args=[player_id, now, now + LEASE_MS, ticket, duel_id, mode],
        )
        if kind == "paired":
            return kept, 0, _pairing(duel_id, json.loads(rest))
        return kept, int(rest or ESTIMATE_MS), None

    async def present(self, mode: Mode, now: int) -> list[str]:
        """The players who wait and are there, oldest first: two of them only if one was away when the other came."""
        waiting: list[str] = await reply(self._redis.zrange(_waiting(mode), 0, -1))
        leased = set(await reply(self._redis.zrangebyscore(LEASES, now, "+inf")))
        return [player_id for player_id in waiting if player_id in leased]

    async def leave(self, player_id: str) -> bool:
        """Give the place up; False when there was none, or it was consumed already."""
        return bool(await self._leave(keys=[TICKETS, LEASES, *map(_waiting, MODES)], args=[player_id]))

    async def lease(self, player_ids: list[str], until: int) -> None:
        """Count the players who hold tickets as present until `until` (ms)."""
        if player_ids:
            lines = [_waiting(mode) for mode in MODES]
            await self._lease(keys=[TICKETS, LEASES, *lines], args=[until, *MODES, "", *player_ids])

    async def pairings(self) -> list[Pairing]:
        """Pairings whose duel may not stand yet."""
        stored: dict[str, str] = await reply(self._redis.hgetall(PAIRINGS))
        return [_pairing(duel_id, json.loads(text)) for duel_id, text in stored.items()]

    async def settle(self, duel_id: str) -> None:
        """The pairing's duel stands, or never will."""
        await reply(self._redis.hdel(PAIRINGS, duel_id))


def _pairing(duel_id: str, body: dict[str, Any]) -> Pairing:
    first, second = (Paired(p["player_id"], p["language"], p["joined_at"]) for p in body["players"])
    return Pairing(duel_id, body["mode"], body["at"], (first, second))
