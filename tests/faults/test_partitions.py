"""A process that cannot reach a store, or cannot hear it: nothing is told, connections only hang.

By default proxies swallow what is sent; the slow form drops packets between network namespaces.
"""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests.faults.conftest import Hall
from tests.faults.test_crash import taken
from tests.support.arena import Arena
from tests.support.endings import accepted, archived
from tests.support.invariants import breaches
from tests.support.lasted import lasted
from tests.support.links import Links, Store, by_namespaces, by_proxies, namespaces_possible, url
from tests.support.player import Player, invited, pair, reference, units
from tests.support.proxy import BOTH, Way

PATIENCE_S = 60
"""Nobody waits for as long as that on a network that says nothing: how long it really is, is measured."""
STILL_S = 30
SPIN = "while True:\n    pass\n"
ORDER = "SELECT array_agg(submission_id ORDER BY receipt) FROM submissions WHERE duel_id = $1"
WAYS = [BOTH, pytest.param(("up",), marks=pytest.mark.slow), pytest.param(("down",), marks=pytest.mark.slow)]
T = TypeVar("T")
by_ways = pytest.mark.parametrize("ways", WAYS, ids="+".join)


@dataclass
class Site(Hall):
    """A hall whose processes reach their stores by links that can be cut."""

    links: Links

    @asynccontextmanager
    async def parted(self, who: str, store: Store, ways: tuple[Way, ...]) -> AsyncIterator[None]:
        self.links.part(who, store, *ways)
        try:
            yield
        finally:
            self.links.heal()

    def start_web(self, who: str) -> None:
        stores = {
            "DATABASE_URL": url(self.arena.database_url, self.links.address(who, "postgres")),
            "REDIS_URL": url(self.arena.redis_url, self.links.address(who, "redis")),
        }
        with socket.create_server(("127.0.0.1", 0)) as listener, self.links.inside(who):
            self.arena.start_web_on(listener, **stores)

    def start_judge(self, who: str) -> None:
        redis = url(self.arena.judge_redis_url, self.links.address(who, "redis"))
        with self.links.inside(who):
            self.arena.start_judge(REDIS_URL=redis)


@pytest.fixture(scope="module", params=["proxies", pytest.param("namespaces", marks=pytest.mark.slow)])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if request.param == "namespaces" and not namespaces_possible():
        pytest.skip("network namespaces can be made by root alone")
    folder: Path = tmp_path_factory.mktemp("partitions")
    with by_proxies() if request.param == "proxies" else by_namespaces(folder) as (links, stores):
        arena = Arena(stores.database_url, stores.redis_url, stores.judge_redis_url, {"DUEL_MINUTES": "0.3"})
        site = Site(arena, folder / "plan", stores, links)
        try:
            for who in ("web1", "web2"):
                site.start_web(who)
            site.start_judge("judge1")
            arena.wait_ready()
            yield site
        finally:
            arena.stop()


@pytest.fixture
async def duelists(site: Site) -> AsyncIterator[tuple[Player, Player]]:
    """Ada's process is the one that is cut off."""
    ada, bob = [await Player.join(web.url, name) for web, name in zip(site.arena.webs, ("Ada", "Bob"), strict=True)]
    yield ada, bob
    for player in (ada, bob):
        await player.leave()


async def soon(what: str, answer: Awaitable[T], seconds: float = PATIENCE_S) -> T:
    """What is waited for, and how long that took."""
    with lasted(what):
        async with asyncio.timeout(seconds):
            return await answer


async def ready(site: Site, index: int) -> dict[str, Any]:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{site.arena.webs[index].url}/readyz", timeout=PATIENCE_S)
    return {"code": answer.status_code, **answer.json()["checks"]}


async def told(player: Player, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=player.url, headers={"Authorization": f"Bearer {player.token}"}) as http:
        return await http.get(f"/api/v1{path}", timeout=PATIENCE_S)


def seen(reader: Player, author: Player) -> int:
    """The newest edit of the author that the reader was sent, alone or in a snapshot."""
    edits = [edit["seq"] for edit in reader.events["duel:edit"] if edit["player_id"] == author.id]
    sides = [side for state in reader.snapshots for side in state["players"] if side["id"] == author.id]
    return max(map(int, [*edits, *(side["seq"] for side in sides)]))


async def ready_again(site: Site) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not all([(await ready(site, index))["code"] == 200 for index in (0, 1)]):
            await asyncio.sleep(0.1)


@by_ways
async def test_web_and_postgres(site: Site, duelists: tuple[Player, Player], ways: tuple[Way, ...]) -> None:
    """Typing goes on. A submission is refused with a time to try again; so is what else needs the database."""
    ada, bob = duelists
    duel_id = await invited(ada, bob, minutes=5)
    slug = (await ada.open(duel_id))["challenge"]["slug"]
    submission = {"duel_id": duel_id, "submission_id": "right", "language": "python", "seq": 1}
    async with site.parted("web1", "postgres", ways):
        await soon("web cut off from PostgreSQL: to an accepted edit", ada.write(duel_id, reference(slug)))
        assert (await bob.heard("duel:edit", player_id=ada.id))["seq"] == 1
        http = asyncio.create_task(told(ada, "/me"))
        for event, payload in (("duel:submit", submission), ("duel:open", {"duel_id": duel_id})):
            refused = await soon(f"web cut off from PostgreSQL: until {event} is refused", ada.refused(event, payload))
            assert refused["code"] == "unavailable"
            assert refused["retry_after_ms"] > 0
        answer = await http
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        cut = await soon("web cut off from PostgreSQL: until /readyz says so", ready(site, 0))
        whole = await ready(site, 1)
        assert (cut["code"], whole["code"]) == (503, 200)
        assert cut["postgres"].startswith("away")
        assert cut["redis"] == "ok"
        await bob.write(duel_id, "# wrong\n")
        await bob.submit(duel_id, "wrong")
        await soon("web cut off from PostgreSQL: a verdict on the other process", judged(site, duel_id, "wrong"))
    with lasted("web cut off from PostgreSQL: network back to an accepted submission and its stored replay"):
        await accepted(ada, "duel:submit", submission)
        await archived(site, duel_id)
    await won(site, duel_id, ada, bob)
    assert await site.ask(ORDER, duel_id) == ["wrong", "right"]


@by_ways
async def test_web_and_redis(site: Site, duelists: tuple[Player, Player], ways: tuple[Way, ...]) -> None:
    """Edits and submissions are refused with a time to try again, whole; those of the other process are not."""
    ada, bob = duelists
    duel_id = await invited(ada, bob, minutes=5)
    solution = reference((await ada.open(duel_id))["challenge"]["slug"])
    edit = {"duel_id": duel_id, "seq": 1, "changes": [[units(ada.text), *solution.split("\n")]]}
    submission = {"duel_id": duel_id, "submission_id": "right", "language": "python", "seq": 1}
    async with site.parted("web1", "redis", ways):
        for event, payload in (("duel:edit", edit), ("duel:submit", submission), ("duel:open", {"duel_id": duel_id})):
            refused = await soon(f"web cut off from Redis: until {event} is refused", ada.refused(event, payload))
            assert refused["code"] == "unavailable"
            assert refused["retry_after_ms"] > 0
        assert (await told(ada, "/me")).status_code == 200
        cut = await soon("web cut off from Redis: until /readyz says so", ready(site, 0))
        whole = await ready(site, 1)
        assert (cut["code"], whole["code"]) == (503, 200)
        assert cut["redis"].startswith("away")
        assert cut["postgres"] == "ok"
        await bob.write(duel_id, "# wrong\n")
        await bob.submit(duel_id, "wrong")
        await soon("web cut off from Redis: a verdict on the other process", judged(site, duel_id, "wrong"))
        assert await site.ask("SELECT count(*) FROM submissions WHERE duel_id = $1", duel_id) == 1
    with lasted("web cut off from Redis: network back until the other is heard again"):
        await bob.write(duel_id, "# after\n")
        async with asyncio.timeout(PATIENCE_S):
            while seen(ada, bob) < 2:
                await asyncio.sleep(0.05)
    await accepted(ada, "duel:open", {"duel_id": duel_id})
    await accepted(ada, "duel:edit", edit)
    await accepted(ada, "duel:submit", submission)
    for player in await won(site, duel_id, ada, bob):
        assert {side["text"] for side in player["players"]} == {solution, "# after\n"}


@pytest.mark.slow  # a lease is fifteen seconds
async def test_who_closes_the_page_while_their_process_is_cut_off_from_redis_is_away(
    site: Site, duelists: tuple[Player, Player]
) -> None:
    """There is nobody whom it could tell: when the lease is over, the sweep does."""
    ada, bob = duelists
    duel_id = await invited(ada, bob, minutes=5)
    async with site.parted("web1", "redis", BOTH):
        assert (await ada.refused("duel:open", {"duel_id": duel_id}))["code"] == "unavailable"
        await ada.leave()
        async with httpx.AsyncClient(base_url=ada.url) as http, asyncio.timeout(PATIENCE_S):
            while "duel_connections 0.0" not in (await http.get("/metrics")).text:
                await asyncio.sleep(0.05)
    await soon("web cut off from Redis: a page closed there is away", bob.heard("duel:presence", connected=False))
    await bob.do("duel:resign", {"duel_id": duel_id})
    await archived(site, duel_id)


@pytest.mark.slow  # a lease is fifteen seconds
@pytest.mark.timeout(240)
async def test_who_is_at_a_process_that_is_cut_off_from_redis_has_not_lost_by_that(
    site: Site, duelists: tuple[Player, Player]
) -> None:
    """The other one takes them for gone when their leases are over. After a while they are sent there."""
    ada, bob = duelists
    duel_id = await invited(ada, bob, minutes=5)
    await site.ask("UPDATE duels SET grace = 3000 WHERE id = $1", duel_id)
    gone: set[object] = set()
    async with site.parted("web1", "redis", BOTH):
        closed = asyncio.create_task(ada.heard("session:closed", reconnect=True))
        async with asyncio.timeout(2 * PATIENCE_S):
            while not closed.done() or len(gone) < 3:
                since = "SELECT away_since FROM duel_players WHERE duel_id = $1 AND player_id = $2"
                gone |= {await site.ask(since, duel_id, ada.id)} - {None}
                await asyncio.sleep(0.1)
        await closed
        await soon("web cut off from Redis: sent elsewhere, to a connection there", again(ada, site.arena.webs[1].url))
        await ada.open(duel_id)
        await ada.write(duel_id, "# elsewhere\n")
        await bob.heard("duel:edit", player_id=ada.id)
        assert await site.ask("SELECT status FROM duels WHERE id = $1", duel_id) == "live"
    await bob.do("duel:resign", {"duel_id": duel_id})
    await archived(site, duel_id)
    await ready_again(site)


async def again(player: Player, url: str) -> None:
    """Their socket was closed: they open one there."""
    await player.socket.wait()
    await player.connect(url)


@pytest.mark.slow
@pytest.mark.parametrize(
    "cut",
    [[("web1", "postgres")], [("web1", "redis")], [("web1", "redis"), ("web2", "redis")]],
    ids=["postgres", "redis", "redis from both"],
)
async def test_a_deadline_in_a_partition(
    site: Site, duelists: tuple[Player, Player], cut: list[tuple[str, Store]]
) -> None:
    """It fires once: at its time on the process that is whole, or when there is one again."""
    duel_id = await pair(*duelists)
    over = "SELECT deadline <= extract(epoch FROM clock_timestamp()) * 1000 FROM duels WHERE id = $1"
    async with AsyncExitStack() as parted:
        for who, store in cut:
            await parted.enter_async_context(site.parted(who, store, BOTH))
        async with asyncio.timeout(60):
            while not await site.ask(over, duel_id):
                await asyncio.sleep(0.1)
        if len(cut) == 1:
            heard = duelists[1].heard("duel:finished", duel_id=duel_id)
            await soon("a deadline with one web process cut off: to the end on the other", heard)
    if len(cut) == 1:
        await archived(site, duel_id)
    else:
        await soon("a deadline with all web processes cut off: network back to the end", archived(site, duel_id))
    for player in duelists:
        await player.state("finished", duel_id)
        await accepted(player, "duel:open", {"duel_id": duel_id})
        assert (await player.open(duel_id))["result"] == {"outcome": "draw", "reason": "timeout"}
    assert await breaches(site.arena.database_url) == []
    await ready_again(site)


@pytest.mark.slow  # a job's lease is ten seconds
@pytest.mark.timeout(240)
@pytest.mark.parametrize("ways", [BOTH, ("up",), ("down",), ()], ids=lambda ways: "+".join(ways) or "stopped")
async def test_a_judge_with_a_lease_that_runs_out(
    site: Site, duelists: tuple[Player, Player], ways: tuple[Way, ...]
) -> None:
    """Cut off, or standing still, with a job in hand: another judges it; the first one's word comes too late."""
    ada, bob = duelists
    duel_id = await invited(ada, bob, minutes=5)
    await ada.write(duel_id, SPIN)
    await ada.submit(duel_id, "slow")
    async with asyncio.timeout(10):
        while not await taken(site.arena):
            await asyncio.sleep(0.005)
    [first] = site.arena.judges
    goes_on = time.monotonic() + (0 if ways else STILL_S)
    if ways:
        site.links.part("judge1", "redis", *ways)
    else:
        os.kill(first.pid, signal.SIGSTOP)
    fault = f"judge cut off ({'+'.join(ways)})" if ways else "judge stopped (SIGSTOP)"
    try:
        with lasted(f"{fault}: to the verdict of another, its start included"):
            site.start_judge("judge2")
            # A judge that can still speak, and hears nothing, renews its lease until its connections are given up.
            async with asyncio.timeout(150):
                verdict = await judged(site, duel_id, "slow")
        assert verdict == "TLE"
        await asyncio.sleep(goes_on - time.monotonic())
    finally:
        site.links.heal()
        os.kill(first.pid, signal.SIGCONT)
        second = site.arena.judges.pop()
        second.terminate()
        await asyncio.to_thread(second.wait)
    # The first one is well again: it judges what comes.
    await bob.write(duel_id, reference((await bob.open(duel_id))["challenge"]["slug"]))
    await bob.submit(duel_id, "right")
    await won(site, duel_id, bob, ada)
    assert len([it for it in ada.events["duel:verdict"] if it["submission_id"] == "slow"]) == 1
    assert await judged(site, duel_id, "slow") == verdict


async def judged(site: Site, duel_id: str, submission_id: str) -> object:
    """The stored verdict, once there is one."""
    stored = "SELECT verdict FROM submissions WHERE duel_id = $1 AND submission_id = $2"
    while not (verdict := await site.ask(stored, duel_id, submission_id)):
        await asyncio.sleep(0.05)
    return verdict


async def won(site: Site, duel_id: str, winner: Player, other: Player) -> list[dict[str, Any]]:
    """The duel ends so, for both; what each sees then."""
    await archived(site, duel_id)
    snapshots = [await player.open(duel_id) for player in (winner, other)]
    for snapshot in snapshots:
        assert snapshot["result"] == {"outcome": "win", "winner_id": winner.id, "reason": "solved"}
    assert await breaches(site.arena.database_url) == []
    await ready_again(site)
    return snapshots
