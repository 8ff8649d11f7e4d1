"""The home of a duel: the web process on which both its players should be, so that their keystrokes need not leave it.

It is a hint. Who connects anywhere else plays all the same; when a home is lost, another is found or none.
"""

from typing import Any

from python_duel.platform import keys
from python_duel.platform.clock import Clock
from python_duel.platform.pipelined import HotScript, Pipelined
from python_duel.platform.redis import LOST, RedisError

LEASE_MS = 15_000
SAY_S = 5.0
PLAYERS = 2

# KEYS loads, leases; ARGV now, own name ("": none), sockets, end of the lease. The names of those that live.
SAY = HotScript("""
if ARGV[2] ~= '' then
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[2])
end
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])) do
  redis.call('ZREM', KEYS[1], dead)
  redis.call('ZREM', KEYS[2], dead)
end
return redis.call('ZRANGE', KEYS[2], 0, -1)
""")

# KEYS loads, leases; ARGV now, players who will come. The name of the one with the least load that lives.
PLACE = HotScript("""
for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if tonumber(redis.call('ZSCORE', KEYS[2], name) or 0) > tonumber(ARGV[1]) then
    redis.call('ZINCRBY', KEYS[1], ARGV[2], name)
    return name
  end
end
return ''
""")

# KEYS loads, leases; ARGV name
LEAVE = HotScript("""
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('ZREM', KEYS[2], ARGV[1])
""")

# KEYS home; its name, or ""
FIND = HotScript("return redis.call('GET', KEYS[1]) or ''")

# KEYS home; ARGV new name, the one it stands for ("": none), seconds. The name that holds.
SETTLE = HotScript("""
local there = redis.call('GET', KEYS[1]) or ''
if there ~= ARGV[2] then return there end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
return ARGV[1]
""")

_ALL = [keys.HOME_LOADS, keys.HOME_LEASES]


class Homes:
    """Where duels live."""

    def __init__(self, hot: Pipelined, clock: Clock, name: str = "") -> None:
        """`name`: this process', if duels may be placed here."""
        self._hot, self._clock, self._name = hot, clock, name
        self._living: frozenset[str] = frozenset()

    async def say(self, sockets: int) -> None:
        """Announce this process and its load; learn which others live. Raises what the store does."""
        now = self._clock.now()
        names = await self._hot.call(SAY, _ALL, [now, self._name, sockets, now + LEASE_MS])
        self._living = frozenset(name.decode() for name in names)

    @property
    def others(self) -> bool:
        """Whether other processes lived when this one could still ask."""
        return bool(self._living - {self._name})

    async def leave(self) -> None:
        """This process stops: no duel is placed here any more."""
        name, self._name = self._name, ""
        if name:
            await self._ask(LEAVE, _ALL, name)

    async def of(self, duel_id: str) -> str | None:
        """The path of sockets at the duel's home. The first to ask has one found; so has whoever finds it dead."""
        if not self._living:
            return None
        at = [keys.duel_home(duel_id)]
        name = await self._ask(FIND, at)
        if name not in self._living:
            better = await self._ask(PLACE, _ALL, self._clock.now(), PLAYERS)
            name = await self._ask(SETTLE, at, better, name, keys.DUEL_S) if better else ""
        return path(name) if name else None

    async def _ask(self, script: HotScript, at: list[str], *arguments: Any) -> str:
        """A store that is away knows no home."""
        try:
            answer = await self._hot.call(script, at, arguments)
        except (*LOST, RedisError):
            return ""
        return answer.decode() if isinstance(answer, bytes) else ""


def path(name: str) -> str:
    """Where the sockets of a home are."""
    return f"/home/{name}/socket.io"
