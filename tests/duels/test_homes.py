"""Where duels are placed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from python_duel.duels.homes import LEASE_MS, Homes
from python_duel.platform import redis as redis_store
from python_duel.platform.clock import Clock
from python_duel.platform.ids import new_id
from python_duel.platform.pipelined import Pipelined


class Watch(Clock):
    """A clock that is set."""

    time = 1_000_000

    def now(self) -> int:
        return self.time


Make = Callable[[str], Homes]


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def make(redis_url: str, watch: Watch) -> AsyncIterator[Make]:
    """Homes as a process of that name sees them."""
    async with AsyncExitStack() as stack:
        client = redis_store.connect(redis_url)
        stack.push_async_callback(client.aclose)
        hot = Pipelined(client)
        await hot.start()
        stack.push_async_callback(hot.close)
        yield lambda name: Homes(hot, watch, name)


async def test_duels_go_where_the_fewest_sockets_are(make: Make) -> None:
    one, two = make("1"), make("2")
    await one.say(10)
    await two.say(4)
    await one.say(10)
    places = Counter([await one.of(new_id()) for _ in range(5)])
    # 4, 6, 8 and then 10 against 10 and 12
    assert places["/home/2/socket.io"] in (3, 4)
    assert sum(places.values()) == 5
    assert set(places) == {"/home/1/socket.io", "/home/2/socket.io"}


async def test_many_at_once_are_spread_evenly(make: Make) -> None:
    processes = [make(name) for name in "abcd"]
    for _ in range(2):
        for process in processes:
            await process.say(0)
    duels = [new_id() for _ in range(200)]
    places = Counter(await asyncio.gather(*(processes[n % 4].of(duel_id) for n, duel_id in enumerate(duels))))
    assert set(places.values()) == {50}


async def test_all_who_ask_at_once_are_told_the_same(make: Make) -> None:
    processes = [make(name) for name in "abcd"]
    for _ in range(2):
        for process in processes:
            await process.say(0)
    for _ in range(20):
        duel_id = new_id()
        assert len(set(await asyncio.gather(*(process.of(duel_id) for process in processes * 3)))) == 1


async def test_a_home_that_is_gone_is_replaced_and_the_new_one_stays(make: Make, watch: Watch) -> None:
    one, two = make("1"), make("2")
    await one.say(0)
    await two.say(9)
    duel_id = new_id()
    assert await two.of(duel_id) == "/home/1/socket.io"
    watch.time += LEASE_MS
    await two.say(9)
    assert await two.of(duel_id) == "/home/2/socket.io"
    await one.say(0)
    await two.say(9)
    assert await two.of(duel_id) == "/home/2/socket.io"


async def test_a_process_that_stops_gets_no_more_duels(make: Make) -> None:
    one, two = make("1"), make("2")
    for _ in range(2):
        await one.say(0)
        await two.say(50)
    await one.leave()
    await one.say(0)
    await two.say(50)
    assert {await two.of(new_id()) for _ in range(3)} == {"/home/2/socket.io"}


async def test_without_names_there_are_no_homes(make: Make) -> None:
    alone = make("")
    await alone.say(3)
    assert await alone.of(new_id()) is None


async def test_what_a_flushed_store_has_forgotten_is_placed_again(make: Make, redis_url: str) -> None:
    one = make("1")
    await one.say(0)
    duel_id = new_id()
    assert await one.of(duel_id) == "/home/1/socket.io"
    async with redis_store.connect(redis_url) as client:
        await client.flushall()
    assert await one.of(duel_id) is None
    await one.say(0)
    assert await one.of(duel_id) == "/home/1/socket.io"
