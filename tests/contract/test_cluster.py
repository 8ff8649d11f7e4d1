"""Duels on a Redis Cluster, by stock clients: keys on three servers, some of them moved in mid-duel."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from python_duel.platform import embedded, keys
from python_duel.platform.pipelined import slot
from python_duel.protocol.jobs import JOBS
from python_duel.settings import Settings
from tests.support.arena import Arena
from tests.support.cluster import Cluster, cluster
from tests.support.invariants import sound
from tests.support.lasted import lasted
from tests.support.player import Player, invited, pair, reference


@contextmanager
def on_a_cluster() -> Iterator[tuple[Arena, Cluster]]:
    with embedded.stores(None, Settings.model_construct()) as stores, cluster() as servers:
        arena = Arena(stores.database_url, servers.url, servers.url)
        try:
            arena.start_web()
            arena.start_web()
            arena.start_judge()
            arena.wait_ready()
            yield arena, servers
        finally:
            arena.stop()


@pytest.fixture(scope="module")
def parts() -> Iterator[tuple[Arena, Cluster]]:
    with on_a_cluster() as parts:
        yield parts


async def test_a_duel_is_won_while_its_keys_and_the_judges_move(parts: tuple[Arena, Cluster]) -> None:
    arena, servers = parts
    ada = await Player.join(arena.webs[0].url, "Ada")
    bob = await Player.join(arena.webs[1].url, "Bob")
    duel_id = await pair(ada, bob)
    snapshot = await ada.state("live", duel_id)
    for moved in (slot(keys.duel_live(duel_id)), slot(JOBS)):
        await ada.write(duel_id, f"# {moved}")
        await asyncio.to_thread(servers.move, moved, (servers.owner(moved) + 1) % 3)
        with lasted("slots of a Redis Cluster moved: the next edit to its acknowledgement"):
            await bob.write(duel_id, f"# {moved}")
    await ada.write(duel_id, reference(snapshot["challenge"]["slug"]))
    await bob.knows(ada.id, ada.seq)
    await ada.submit(duel_id, "s1")
    assert (await bob.heard("duel:finished"))["result"]["winner_id"] == ada.id
    await sound(arena.database_url)
    for player in (ada, bob):
        await player.leave()


async def test_many_duels_at_once(parts: tuple[Arena, Cluster]) -> None:
    arena, servers = parts

    async def one(n: int) -> None:
        ada = await Player.join(arena.webs[n % 2].url, f"A{n}")
        bob = await Player.join(arena.webs[0].url, f"B{n}")
        duel_id = await invited(ada, bob)
        for k in range(5):
            await ada.write(duel_id, f"# {k}")
        await bob.knows(ada.id, ada.seq)
        await bob.do("duel:resign", {"duel_id": duel_id})
        assert (await ada.heard("duel:finished"))["result"]["winner_id"] == ada.id
        for player in (ada, bob):
            await player.leave()

    await asyncio.gather(*map(one, range(12)))
    await sound(arena.database_url)
    assert all(server.dbsize() for server in servers.servers)
