"""The queue: atomic scripts over Redis, so that a ticket is consumed once and nobody meets themselves.

Keys, hash-tagged together:

- `{queue}:waiting:<mode>`: players by the time they joined (ms), one sorted set a mode
- `{queue}:tickets`: hash, player to ticket as JSON `{ticket, mode, joined_at, language}`
- `{queue}:leases`: players by the time until which they count as present (ms): others are passed over
- `{queue}:gone`: players whose ticket was consumed or given up, by when (ms, the store's clock), for ten minutes:
  whoever waited and is in neither this nor the tickets was lost with the store
- `{queue}:pairings`: hash, duel id to the pairing as JSON, until its duel stands in PostgreSQL
- `{queue}:wait:<mode>`: moving average of the waits (ms)
"""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from python_duel.platform.ids import new_id
from python_duel.platform.redis import UNSTARVED, Redis, reply
from python_duel.protocol.base import Mode

MODES: tuple[Mode, ...] = ("ranked", "casual")
LEASE_MS = 15_000
GONE_MS = 600_000
"""How long it is known who has left: longer than a process may stand still and believe that they wait."""
ESTIMATE_MS = 10_000
"""What a new player is told to expect before anybody has waited."""

NOTE = f"""
local function note(gone, player)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', gone, '-inf', now - {GONE_MS})
  -- Later than before, even where the clock does not say so.
  now = math.max(now, (redis.call('ZSCORE', gone, player) or 0) + 1)
  redis.call('ZADD', gone, now, player)
  return now
end
"""

# KEYS waiting(mode), tickets, leases, pairings, wait(mode), waiting(other mode), gone
# ARGV player, now, lease end, ticket JSON ("": only who has one of this mode), duel id, mode, '1': only who is not gone
JOIN = (
    NOTE
    + """
local me, now = ARGV[1], tonumber(ARGV[2])
if ARGV[7] == '1' and redis.call('ZSCORE', KEYS[7], me) then return {'gone', '', ''} end
local ticket = redis.call('HGET', KEYS[2], me)
if ARGV[4] == '' and (not ticket or cjson.decode(ticket).mode ~= ARGV[6]) then return {'gone', '', ''} end
if ticket and cjson.decode(ticket).mode ~= ARGV[6] then
  redis.call('ZREM', KEYS[6], me)
  ticket = false
end
if not ticket then
  ticket = ARGV[4]
  redis.call('HSET', KEYS[2], me, ticket)
  redis.call('ZREM', KEYS[7], me)
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
      {player_id = other, language = first.language, joined_at = first.joined_at, noted = note(KEYS[7], other)},
      {player_id = me, language = mine.language, joined_at = mine.joined_at, noted = note(KEYS[7], me)}}})
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
)

# KEYS tickets, leases, gone, waiting of each mode; ARGV player
LEAVE = (
    NOTE
    + """
note(KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
for i = 4, #KEYS do redis.call('ZREM', KEYS[i], ARGV[1]) end
return redis.call('HDEL', KEYS[1], ARGV[1])
"""
)

# KEYS tickets, leases, waiting of each mode; ARGV lease end, "ranked" or "casual" for each of those, "", player ...
# Gives player and ticket of each who has one.
LEASE = (
    UNSTARVED
    + """
local held, line, i = {}, {}, 2
while ARGV[i] ~= '' do line[ARGV[i]] = KEYS[i + 1]; i = i + 1 end
for n = i + 1, #ARGV do
  local ticket = redis.call('HGET', KEYS[1], ARGV[n])
  if ticket then
    local mine = cjson.decode(ticket)
    redis.call('ZADD', KEYS[2], ARGV[1], ARGV[n])
    redis.call('ZADD', line[mine.mode], mine.joined_at, ARGV[n])
    held[#held + 1], held[#held + 2] = ARGV[n], ticket
  end
end
return held
"""
)

TICKETS, LEASES, PAIRINGS, GONE = "{queue}:tickets", "{queue}:leases", "{queue}:pairings", "{queue}:gone"


def _waiting(mode: Mode) -> str:
    return f"{{queue}}:waiting:{mode}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place in the queue."""

    ticket: str
    joined_at: int
    estimate_ms: int


@dataclass(frozen=True, slots=True)
class Place:
    """What is kept of somebody who waits."""

    mode: Mode
    language: str
    joined_at: int


@dataclass(frozen=True, slots=True)
class Paired:
    """One half of a pairing. `noted`: when its ticket was consumed (ms, the store's clock)."""

    player_id: str
    language: str
    joined_at: int
    noted: float


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
        place = Place(mode, language, joined_at or now)
        waiting, pairing = await self._run(player_id, mode, now, _ticket(place))
        assert waiting
        return waiting, pairing

    async def rejoin(self, player_id: str, mode: Mode, now: int) -> Pairing | None:
        """Look again for somebody for a player who waits already; does nothing for anybody else."""
        return (await self._run(player_id, mode, now, ""))[1]

    async def restore(self, player_id: str, place: Place, now: int) -> tuple[Waiting | None, Pairing | None]:
        """Put back whom the store has lost, as `join`. None: nothing was lost, they have a ticket or have left."""
        ticket = _ticket(place)
        waiting, pairing = await self._run(player_id, place.mode, now, ticket, restored=True)
        return (waiting if waiting and waiting.ticket in ticket else None), pairing

    async def _run(
        self, player_id: str, mode: Mode, now: int, ticket: str, *, restored: bool = False
    ) -> tuple[Waiting | None, Pairing | None]:
        duel_id = new_id()
        other = next(m for m in MODES if m != mode)
        kind, kept, rest = await self._join(
            keys=[_waiting(mode), TICKETS, LEASES, PAIRINGS, f"{{queue}}:wait:{mode}", _waiting(other), GONE],
            args=[player_id, now, now + LEASE_MS, ticket, duel_id, mode, int(restored)],
        )
        if kind == "gone":
            return None, None
        held, paired = json.loads(kept), kind == "paired"
        waiting = Waiting(held["ticket"], held["joined_at"], 0 if paired else int(rest or ESTIMATE_MS))
        return waiting, _pairing(duel_id, json.loads(rest)) if paired else None

    async def present(self, mode: Mode, now: int) -> list[str]:
        """The players who wait and are there, oldest first: two of them only if one was away when the other came."""
        waiting: list[str] = await reply(self._redis.zrange(_waiting(mode), 0, -1))
        leased = set(await reply(self._redis.zrangebyscore(LEASES, now, "+inf")))
        return [player_id for player_id in waiting if player_id in leased]

    async def leave(self, player_id: str) -> bool:
        """Give the place up; False when there was none, or it was consumed already."""
        return bool(await self._leave(keys=[TICKETS, LEASES, GONE, *map(_waiting, MODES)], args=[player_id]))

    async def lease(self, player_ids: list[str], until: int) -> dict[str, Place]:
        """Count the players who hold tickets as present until `until` (ms); who they are."""
        if not player_ids:
            return {}
        lines = [_waiting(mode) for mode in MODES]
        held = await self._lease(keys=[TICKETS, LEASES, *lines], args=[until, *MODES, "", *player_ids])
        return {player_id: _place(json.loads(text)) for player_id, text in zip(held[::2], held[1::2], strict=True)}

    async def pairings(self) -> list[Pairing]:
        """Pairings whose duel may not stand yet."""
        stored: dict[str, str] = await reply(self._redis.hgetall(PAIRINGS))
        return [_pairing(duel_id, json.loads(text)) for duel_id, text in stored.items()]

    async def left(self, pairing: Pairing) -> set[str]:
        """Who of the two has given that place up since they were paired: left, or waits in the other mode."""
        player_ids = [player.player_id for player in pairing.players]
        noted: list[float | None] = await reply(self._redis.zmscore(GONE, player_ids))
        tickets: list[str | None] = await reply(self._redis.hmget(TICKETS, player_ids))
        return {
            player.player_id
            for player, at, ticket in zip(pairing.players, noted, tickets, strict=True)
            if (at or 0) > player.noted or (ticket and _place(json.loads(ticket)).mode != pairing.mode)
        }

    async def settle(self, duel_id: str) -> None:
        """The pairing's duel stands, or never will."""
        await reply(self._redis.hdel(PAIRINGS, duel_id))


def _ticket(place: Place) -> str:
    return json.dumps({"ticket": new_id(), **asdict(place)})


def _place(ticket: dict[str, Any]) -> Place:
    return Place(ticket["mode"], ticket["language"], ticket["joined_at"])


def _pairing(duel_id: str, body: dict[str, Any]) -> Pairing:
    # An older version did not note it: nobody of theirs is taken to have left.
    first, second = (
        Paired(p["player_id"], p["language"], p["joined_at"], p.get("noted", math.inf)) for p in body["players"]
    )
    return Pairing(duel_id, body["mode"], body["at"], (first, second))
