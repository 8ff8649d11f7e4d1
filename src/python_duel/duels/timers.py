"""Deadlines: when time alone changes a duel next. A sorted set in Redis; the sweeper rebuilds it.

A due duel is claimed by moving it a lease ahead: one process handles it, another takes over if that one dies.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

import structlog

from python_duel.platform.clock import Clock
from python_duel.platform.redis import UNSTARVED, Redis

KEY = "duel:timers"
LEASE_MS = 3000
NAP_S = 0.1

# KEYS timers; ARGV now, lease
CLAIM = (
    UNSTARVED
    + """
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 32)
for _, duel in ipairs(due) do redis.call('ZADD', KEYS[1], ARGV[1] + ARGV[2], duel) end
return due
"""
)

# KEYS timers; ARGV "LT" (not to put off what is due earlier) or "CH", then time, duel ...
PUT = UNSTARVED + "return redis.call('ZADD', KEYS[1], unpack(ARGV))"

log = structlog.get_logger(__name__)


class Timers:
    """When each duel is due."""

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis, self._clock = redis, clock
        self._claim, self._put = redis.register_script(CLAIM), redis.register_script(PUT)

    async def set(self, duel_id: str, at: int | None) -> None:
        """Due at `at`, or never again."""
        await self.set_all({duel_id: at})

    async def set_all(self, due: Mapping[str, int | None], *, at_latest: bool = False) -> None:
        """As `set`, for several duels. `at_latest`: one that is due earlier stays so: somebody may be at it."""
        later = {duel_id: at for duel_id, at in due.items() if at is not None}
        if later:
            entries = [part for duel_id, at in later.items() for part in (at, duel_id)]
            await self._put(keys=[KEY], args=["LT" if at_latest else "CH", *entries])
        if never := due.keys() - later.keys():
            await self._redis.zrem(KEY, *never)

    async def run(self, tick: Callable[[str], Awaitable[None]], stopping: asyncio.Event) -> None:
        """Call `tick` for every duel that falls due, until `stopping`; what was claimed is finished then."""
        while not stopping.is_set():
            try:
                due = cast("list[str]", await self._claim(keys=[KEY], args=[self._clock.now(), LEASE_MS]))
            except Exception as error:  # noqa: BLE001 - whatever it is: without this loop no duel would start or end
                log.warning("timers are out of reach", error=repr(error))
                due = []
            results = await asyncio.gather(*map(tick, due), return_exceptions=True)
            for duel_id, result in zip(due, results, strict=True):
                if isinstance(result, Exception):
                    log.error("a timer failed; it is tried again", duel=duel_id, error=repr(result))
            if not due:
                await asyncio.sleep(NAP_S)
