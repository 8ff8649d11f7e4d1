"""Breaks one part of a hall at a time, by name."""

import asyncio
import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis.asyncio

from python_duel.platform.process import Process
from tests.faults.conftest import Hall

BOUNDARIES = ("before_commit", "after_commit", "before_publish", "after_publish")
ARMED_S = 5.0
"""For how long somebody may pass a boundary and die there."""
STILL_S = (1.0, 5.0)
"""How long a process stands still that is stopped, and a store is away that is killed."""
KILLED_S = 20.0


class Breaker:
    """What can break. A fault is over when its method returns, but for dead web processes: `Hall.mend` starts them."""

    def __init__(self, hall: Hall, chance: random.Random, losing: Callable[[], None]) -> None:
        """`losing` is called before and after the store of edits is emptied."""
        self._hall, self._chance, self._losing = hall, chance, losing

    @classmethod
    def kinds(cls) -> list[str]:
        """The names of all faults."""
        return sorted(name for name in vars(cls) if not name.startswith("_") and name not in ("kinds", "break_"))

    async def break_(self, kind: str) -> None:
        """Break what is named."""
        await getattr(self, kind)()

    async def boundary(self) -> None:
        """A web process dies before or after a commit or a word to others, if one passes there soon."""
        self._hall.arm(f"{self._chance.choice(BOUNDARIES)} {self._chance.randrange(1, 12)}")
        with suppress(TimeoutError):
            async with asyncio.timeout(ARMED_S):
                while not self._hall.dead():
                    await asyncio.sleep(0.05)

    async def web_killed(self) -> None:
        self._chance.choice(self._hall.arena.webs).kill()

    async def web_stopped(self) -> None:
        with _stopped(self._chance.choice(self._hall.arena.webs).process.pid):
            await asyncio.sleep(self._chance.uniform(*STILL_S))

    async def web_rolled(self) -> None:
        """Asked to end, as by a deploy."""
        assert await self._hall.roll_web(self._chance.randrange(len(self._hall.arena.webs))) == 0

    async def judge_killed(self) -> None:
        judge = self._hall.arena.judges.pop()
        judge.kill()
        judge.wait()
        self._hall.arena.start_judge()

    async def judge_stopped(self) -> None:
        """It stands still, with whatever it has in hand."""
        with _stopped(self._hall.arena.judges[-1].pid):
            await asyncio.sleep(self._chance.uniform(*STILL_S))

    async def judge_slow(self) -> None:
        """It gets a tenth of the time."""
        pid = self._hall.arena.judges[-1].pid
        for _ in range(10):
            with _stopped(pid):
                await asyncio.sleep(0.27)
            await asyncio.sleep(0.03)

    async def judge_rolled(self) -> None:
        assert await self._hall.roll_judge() == 0

    async def pubsub_killed(self) -> None:
        await self._redis("CLIENT", "KILL", "TYPE", "pubsub")

    async def redis_emptied(self) -> None:
        self._losing()
        await self._redis("FLUSHALL")
        self._losing()

    async def redis_stopped(self) -> None:
        """It says nothing."""
        with _stopped(self._store("Valkey").pid or 0):
            await asyncio.sleep(self._chance.uniform(*STILL_S))

    async def redis_killed(self) -> None:
        """And started again with its file."""
        await self._killed("Valkey")

    async def postgres_killed(self) -> None:
        """The immediate stop, and a start that recovers."""
        await self._killed("PostgreSQL")

    async def backends_ended(self) -> None:
        """Every connection to PostgreSQL."""
        await self._hall.ask(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    async def _killed(self, store: str) -> None:
        self._store(store).kill()
        await asyncio.to_thread(self._store(store).join, KILLED_S)
        await asyncio.sleep(self._chance.uniform(*STILL_S))
        # In this thread: the store ends with the thread that has started it.
        self._hall.stores.restart_dead()

    def _store(self, name: str) -> Process:
        return next(process for process in self._hall.stores.processes if process.name == name)

    async def _redis(self, *command: str) -> None:
        client: Any = redis.asyncio.Redis.from_url(self._hall.arena.redis_url)
        await client.execute_command(*command)
        await client.aclose()


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
