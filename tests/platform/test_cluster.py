"""A real cluster of three servers: what has keys is done where they are, also while they move."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_duel.platform.pipelined import HotScript, Pipelined, slot
from python_duel.platform.redis import LOST, Redis, connect, reply
from tests.support.cluster import Cluster
from tests.support.cluster import cluster as a_cluster

ADD = HotScript("return redis.call('RPUSH', KEYS[1], ARGV[1])")
NAMES = [f"{{list-{n}}}:log" for n in range(30)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with a_cluster() as cluster:
        yield cluster


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[Redis]:
    for server in cluster.servers:
        server.flushall()
        server.script_flush()
    client = connect(cluster.url)
    yield client
    await client.aclose()


@settings(max_examples=200)
@given(st.text(alphabet="ab{}", max_size=8) | st.text(max_size=20))
def test_a_slot_is_what_the_servers_say(cluster: Cluster, key: str) -> None:
    assert slot(key) == cluster.ask(0, "CLUSTER KEYSLOT", key.encode())


async def test_commands_and_scripts_follow_their_keys(client: Redis) -> None:
    script = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    for _ in range(2):
        for name in NAMES:
            await client.incr(name)
            await script(keys=[name], args=[10])
    assert [await reply(client.get(name)) for name in NAMES] == ["22"] * 30


async def test_hot_calls_follow_their_keys(hot: Pipelined, client: Redis, cluster: Cluster) -> None:
    answers = await asyncio.gather(*(hot.call(ADD, [name], [n]) for n in range(20) for name in NAMES))
    assert sorted(answers) == sorted([n + 1 for n in range(20)] * 30)
    for name in NAMES:
        assert await reply(client.lrange(name, 0, -1)) == [str(n) for n in range(20)]
    assert all(server.dbsize() for server in cluster.servers)


async def test_keys_that_move_are_followed(hot: Pipelined, client: Redis, cluster: Cluster) -> None:
    name = NAMES[0]
    for round_ in range(3):
        for n in range(5):
            assert await hot.call(ADD, [name], [n]) == 5 * round_ + n + 1
            assert await reply(client.llen(name)) == 5 * round_ + n + 1
        await asyncio.to_thread(cluster.move, slot(name), (cluster.owner(slot(name)) + 1) % 3)


async def test_keys_that_are_just_moving_are_found(hot: Pipelined, client: Redis, cluster: Cluster) -> None:
    """Those that are gone already, with the server that has the slot still."""
    name = NAMES[1]
    to = (cluster.owner(slot(name)) + 1) % 3
    cluster.begin(slot(name), to)
    assert await hot.call(ADD, [name], [1]) == 1
    assert await reply(client.llen(name)) == 1
    assert cluster.ask(to, "CLUSTER COUNTKEYSINSLOT", slot(name)) == 1
    await asyncio.to_thread(cluster.move, slot(name), to)
    assert await hot.call(ADD, [name], [2]) == 2


async def test_connections_that_are_lost_are_made_again(hot: Pipelined, client: Redis, cluster: Cluster) -> None:
    for name in NAMES:
        await hot.call(ADD, [name], [0])
    for server in cluster.servers:
        server.client_kill_filter(_type="normal", skipme=True)

    async def again(name: str) -> None:
        async with asyncio.timeout(10):
            while not await reply(client.lrange(name, 1, 1)):
                with suppress(*LOST):
                    await hot.call(ADD, [name], [1])

    await asyncio.gather(*map(again, NAMES))
    assert [await reply(client.lindex(name, 1)) for name in NAMES] == ["1"] * 30
