"""Stores that are there, and say nothing: whoever asks is told so in seconds, and goes on when they speak again."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text

from python_duel.platform import bus, lane, postgres
from python_duel.platform import redis as redis_store
from python_duel.platform.pipelined import HotScript, Pipelined
from python_duel.platform.postgres import AWAY, Database
from python_duel.platform.redis import LOST, Redis
from tests.judge.conftest import until
from tests.platform.test_bus import Ears
from tests.support.links import path, url
from tests.support.proxy import BOTH, Proxy, Way, proxied

ECHO = HotScript("return ARGV[1]")
LEFT_MS = "300"
ways = pytest.mark.parametrize("ways", [BOTH, ("up",), ("down",)], ids="+".join)


@pytest.fixture
def database_proxy(database_url: str) -> Iterator[Proxy]:
    with proxied(path(database_url)) as proxy:
        yield proxy


@pytest.fixture
async def database(
    database_url: str, database_proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    monkeypatch.setattr(postgres, "PATIENCE_S", 2)
    monkeypatch.setitem(postgres.SERVER, "idle_in_transaction_session_timeout", LEFT_MS)
    database = Database(url(database_url, ("127.0.0.1", database_proxy.port)))
    yield database
    await database.close()


@pytest.fixture
def redis_proxy(redis_url: str) -> Iterator[Proxy]:
    with proxied(path(redis_url)) as proxy:
        yield proxy


@pytest.fixture
async def client(redis_url: str, redis_proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Redis]:
    for module, name, seconds in ((redis_store, "PATIENCE_S", 0.4), (lane, "PATIENCE_S", 0.4), (bus, "SILENCE_S", 0.2)):
        monkeypatch.setattr(module, name, seconds)
    client = redis_store.connect(url(redis_url, ("127.0.0.1", redis_proxy.port)))
    yield client
    await client.aclose()


async def one(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("SELECT 1"))


@ways
async def test_a_transaction_is_given_up(database: Database, database_proxy: Proxy, ways: tuple[Way, ...]) -> None:
    await one(database)
    database_proxy.stall(*ways)
    begin = time.monotonic()
    with pytest.raises(AWAY):
        await one(database)
    assert time.monotonic() - begin < 8
    database_proxy.flow()
    await asyncio.wait_for(database.back(), 10)


async def test_the_server_lets_go_of_what_was_locked(database: Database, database_proxy: Proxy) -> None:
    """By a process that is cut off: the others go on."""
    lock = text("SELECT pg_advisory_xact_lock(7)")
    async with database.engine.connect() as cut_off:
        await cut_off.execute(lock)
        database_proxy.forget()
        async with database.transaction() as other:
            await other.execute(lock)
        await cut_off.invalidate()


@ways
async def test_a_command_is_given_up(client: Redis, redis_proxy: Proxy, ways: tuple[Way, ...]) -> None:
    await client.set("key", "value")
    redis_proxy.stall(*ways)
    begin = time.monotonic()
    with pytest.raises(LOST):
        await client.get("key")
    assert time.monotonic() - begin < 2
    redis_proxy.flow()
    assert await client.get("key") == "value"


async def test_a_hot_call_is_lost_and_the_next_one_is_not(hot: Pipelined, redis_proxy: Proxy) -> None:
    assert await hot.call(ECHO, [], ["before"]) == b"before"
    redis_proxy.forget()
    begin = time.monotonic()
    with pytest.raises(LOST):
        await hot.call(ECHO, [], ["meanwhile"])
    assert time.monotonic() - begin < 2
    assert await hot.call(ECHO, [], ["after"]) == b"after"


async def test_the_bus_hears_again(client: Redis, redis_proxy: Proxy) -> None:
    """Nobody ends its connection; only nothing comes any more."""
    ears = Ears(client)
    await ears.bus.start()
    await ears.bus.subscribe("duel:1")
    redis_proxy.forget()
    await until(lambda: ears.hears("duel:1", "after"), 10)
    assert ears.gaps == 1
    await ears.bus.stop()


async def test_a_bus_that_hears_nothing_since_nothing_is_said_keeps_its_connection(client: Redis) -> None:
    ears = Ears(client)
    await ears.bus.start()
    await ears.bus.subscribe("duel:1")
    connected = ears.bus._pubsub
    await asyncio.sleep(1)  # several silences
    await until(lambda: ears.hears("duel:1", "after"))
    assert ears.bus._pubsub is connected
    assert ears.gaps == 0
    await ears.bus.stop()
