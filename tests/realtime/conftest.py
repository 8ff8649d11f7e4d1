"""Web processes over real stores, without sockets."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from functools import partial

import pytest

from python_duel.errors import DuelError
from python_duel.platform.ratelimit import Credit
from python_duel.realtime.connection import Connection
from python_duel.realtime.services import Services
from python_duel.realtime.transport.link import Link
from python_duel.realtime.wire import Edit
from python_duel.web.app import _services
from tests.support.parts import Parts, parts

Answer = int | DuelError
SIDS = map(str, itertools.count())


@pytest.fixture
async def core(database_url: str, redis_url: str) -> AsyncIterator[Parts]:
    async with parts(database_url, redis_url) as found:
        yield found


@pytest.fixture
async def web(core: Parts) -> AsyncIterator[Services]:
    """A process that hears the bus."""
    await core.bus.start()
    yield a_process(core)
    await core.bus.stop()


def a_process(core: Parts) -> Services:
    """What the event handlers of one more web process work with. The bus brings it what the others say."""
    return _services(core.settings, core.clock, core.redis, core.hot, core.bus, core.players, core.duels)


def a_socket(player_id: str, sent: list[bytes] | None = None) -> Connection:
    """An open socket. `sent`: takes what is sent to it."""
    credit = partial(Credit, 1e6, 1_000_000)
    link = Link((sent if sent is not None else []).append, lambda reason: None)
    return Connection(next(SIDS), link, player_id, "session", credit(), credit(), credit())


async def entered(duel: object) -> None:
    """What somebody who opens a duel to watch it does first."""


class Process:
    """What one web process has of one player's side of a duel."""

    def __init__(self, core: Parts, duel_id: str, player_id: str) -> None:
        self.core, self.duel_id = core, duel_id
        self.services = a_process(core)
        self.writing = self.services.writing
        self.connection = a_socket(player_id)
        self.connection.roles[duel_id] = "player"

    async def open(self, *, take: bool = True) -> str:
        duel = await self.core.duel(self.duel_id)
        package = await self.core.duels.package(duel)
        return await self.writing.take_pen(self.connection, duel, package, "page", anyway=take)

    @property
    def text(self) -> str:
        return self.connection.pens[self.duel_id].document.text

    def send(self, line: str, seq: int | None = None) -> "asyncio.Future[Answer]":
        """What becomes of an edit that puts a line first; raises what is known at once."""
        document = self.connection.pens[self.duel_id].document
        edit = Edit(self.duel_id, seq or document.seq + 1, [[0, line, ""], len(document.units)])
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.writing.take(self.connection, edit, answer.set_result)
        return answer

    async def settle(self) -> None:
        """Wait until no pen here is in doubt."""
        async with asyncio.timeout(5):
            while any(pen.busy for pen in self.connection.pens.values()):
                await asyncio.sleep(0.01)


@pytest.fixture
async def here(core: Parts) -> Process:
    """It has the pen of a live duel."""
    duel_id, ada, _ = await core.live()
    process = Process(core, duel_id, ada)
    assert await process.open() == "nobody"
    return process


def there(here: Process) -> Process:
    """Another process, on which the same player comes."""
    return Process(here.core, here.duel_id, here.connection.player_id)
