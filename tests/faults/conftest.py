"""An arena whose web processes can be told where to die."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from python_duel.duels.judges import Judges
from python_duel.platform import embedded
from python_duel.platform import redis as redis_store
from python_duel.platform.embedded import Stores
from python_duel.settings import Settings
from tests.contract.conftest import an_arena
from tests.support.arena import Arena
from tests.support.player import Player

START_S, STOP_S = 180, 45
"""For a process that was started, or asked to end. A judge stands behind all else that runs on the machine."""


@dataclass
class Hall:
    """Two web processes and a judge, and the file that says where a web process dies."""

    arena: Arena
    plan: Path
    stores: Stores

    def arm(self, boundary: str) -> None:
        self.plan.with_suffix(".passed").unlink(missing_ok=True)
        self.plan.write_text(boundary)

    async def mend(self) -> int:
        """Nobody dies any more; the dead are started again on their ports. Gives how many there were."""
        self.plan.unlink(missing_ok=True)
        webs = self.arena.webs
        dead = [index for index, web in enumerate(webs) if web.process.poll() is not None]
        for index in dead:
            self.arena.start_web(int(webs[index].url.rpartition(":")[2]))
            webs[index] = webs.pop()
        if dead:
            await asyncio.to_thread(self.arena.wait_ready)
        if self.arena.judges:
            self._keep_judge()
        return len(dead)

    async def roll_web(self, index: int) -> int:
        """Ask a web process to end, as a deploy does, and start the next one in its place; gives the exit code."""
        web = self.arena.webs[index]
        web.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(web.process.wait, STOP_S)
        await self.mend()
        return code

    async def roll_judge(self) -> int:
        """Start a judge, then ask the oldest to end; gives its exit code."""
        before = await self.workers()
        self.arena.start_judge()
        async with asyncio.timeout(START_S):
            # By name: one that was killed a moment ago is counted until its lease is over.
            while not await self.workers() - before:
                self._keep_judge()
                await asyncio.sleep(0.1)
        judge = self.arena.judges.pop(0)
        judge.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(judge.wait, STOP_S)

    def _keep_judge(self) -> None:
        """The newest judge is started again if it has ended, as `serve` does: the machine may have too much to do."""
        if self.arena.judges[-1].poll() is not None:
            self.arena.judges.pop()
            self.arena.start_judge()

    async def workers(self) -> set[str]:
        """The names of the judges that live, or did a moment ago."""
        client = redis_store.connect(self.arena.redis_url)
        try:
            return set(await Judges(client).read())
        finally:
            await client.aclose()

    def dead(self) -> bool:
        return any(web.process.poll() is not None for web in self.arena.webs)

    async def ask(self, query: str, *values: object) -> object:
        """One value from the database."""
        database = await asyncpg.connect(self.arena.database_url)
        try:
            return await database.fetchval(query, *values)
        finally:
            await database.close()


@contextmanager
def a_hall(folder: Path, **settings: str) -> Iterator[Hall]:
    """A hall on stores of its own, kept in `folder`."""
    plan = folder / "plan"
    with (
        embedded.stores(folder / "data", Settings.model_construct()) as stores,
        an_arena(2, {"FAILPOINT": str(plan), **settings}, "tests.support.failpoints", stores) as arena,
    ):
        yield Hall(arena, plan, stores)


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Tests leave it whole. Its stores keep what they have taken, as those of a server do."""
    with a_hall(tmp_path_factory.mktemp("faults")) as hall:
        yield hall


@pytest.fixture
async def duelists(hall: Hall) -> AsyncIterator[tuple[Player, Player]]:
    ada, bob = [await Player.join(web.url, name) for web, name in zip(hall.arena.webs, ("Ada", "Bob"), strict=True)]
    yield ada, bob
    await hall.mend()
    for player in (ada, bob):
        await player.leave()
