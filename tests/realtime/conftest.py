"""Web processes over real stores, without sockets."""

import itertools
from collections.abc import AsyncIterator
from functools import partial

import pytest

from python_duel.platform.ratelimit import Credit
from python_duel.realtime.connection import Connection
from python_duel.realtime.services import Services
from python_duel.realtime.transport.link import Link
from python_duel.web.app import _services
from tests.support.parts import Parts, parts

SIDS = map(str, itertools.count())


@pytest.fixture
async def core(database_url: str, redis_url: str) -> AsyncIterator[Parts]:
    async with parts(database_url, redis_url) as found:
        yield found


def a_process(core: Parts) -> Services:
    """What the event handlers of one more web process work with. The bus brings it what the others say."""
    return _services(core.settings, core.clock, core.redis, core.hot, core.bus, core.players, core.duels)


def a_socket(player_id: str, sent: list[bytes] | None = None) -> Connection:
    """An open socket. `sent`: takes what is sent to it."""
    credit = partial(Credit, 1e6, 1_000_000)
    link = Link((sent if sent is not None else []).append)
    return Connection(next(SIDS), link, player_id, "session", credit(), credit(), credit())
