"""PostgreSQL's connections cut off, its transactions in each other's way, its pool used up: in mid-duel."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from python_duel.platform import embedded
from python_duel.settings import Settings
from tests.contract.conftest import an_arena
from tests.faults.conftest import Hall
from tests.support.backends import Cutter, cutter
from tests.support.endings import accepted, archived, submission, won
from tests.support.invariants import breaches
from tests.support.lasted import lasted, note
from tests.support.player import Player, pair, reference

QUICK = {"write 1", "commit 1", "reply 1"}
MOST = {"begin": 6, "write": 6, "commit": 5, "reply": 5}
MOMENTS = [f"{kind} {n}" for kind, most in MOST.items() for n in range(1, most + 1)]
"""From the submission that wins a duel to its stored replay."""
BOUNDED_S = 12


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hall, Cutter]]:
    """Two web processes and a judge whose PostgreSQL can be cut off."""
    folder = tmp_path_factory.mktemp("postgres")
    with embedded.stores(folder / "data", Settings.model_construct()) as stores, cutter(stores.database_url) as between:
        stores.database_url = between.url
        with an_arena(2, stores=stores) as arena:
            yield Hall(arena, folder / "plan", stores), between


@pytest.fixture
async def players(cut: tuple[Hall, Cutter]) -> AsyncIterator[tuple[Player, Player]]:
    ada, bob = [await Player.join(web.url, name) for web, name in zip(cut[0].arena.webs, ("Ada", "Bob"), strict=True)]
    yield ada, bob
    cut[1].disarm()
    for player in (ada, bob):
        await player.leave()


async def about_to_win(ada: Player, bob: Player) -> str:
    """A duel in which Ada has written the solution."""
    duel_id = await pair(ada, bob)
    await ada.write(duel_id, reference((await ada.open(duel_id))["challenge"]["slug"]))
    await bob.write(duel_id, "# Bob\n")
    return duel_id


@pytest.mark.parametrize("moment", [it if it in QUICK else pytest.param(it, marks=pytest.mark.slow) for it in MOMENTS])
async def test_a_connection_lost_between_a_submission_and_its_replay(
    cut: tuple[Hall, Cutter], players: tuple[Player, Player], moment: str
) -> None:
    """Whether its COMMIT was done or not, and whoever did it: the submission is there once, and wins."""
    (hall, between), (ada, bob) = cut, players
    duel_id = await about_to_win(ada, bob)
    between.arm(moment)
    with lasted("PostgreSQL's connection cut: submission to stored replay"):
        await accepted(ada, "duel:submit", submission(duel_id, ada, "right"))
        assert await asyncio.to_thread(between.struck.wait, 20)
        await archived(hall, duel_id)
    await won(hall, duel_id, ada, bob)
    assert await hall.ask("SELECT count(*) FROM submissions WHERE duel_id = $1", duel_id) == 1


@pytest.mark.parametrize("moment", ["write 2", pytest.param("reply 1", marks=pytest.mark.slow)])
async def test_a_connection_lost_over_a_resignation(
    cut: tuple[Hall, Cutter], players: tuple[Player, Player], moment: str
) -> None:
    """Nobody knows whether it was done: asked again, the duel is over or is resigned now, once."""
    (hall, between), (ada, bob) = cut, players
    duel_id = await pair(ada, bob)
    between.arm(moment)
    with lasted("PostgreSQL's connection cut over a resignation: until the other is told"):
        refused = await ada.refused("duel:resign", {"duel_id": duel_id})
        assert (refused["code"], between.struck.is_set()) == ("unavailable", True)
        again = await ada.ask("duel:resign", {"duel_id": duel_id})
        assert again["ok"] or again["error"]["code"] == "not_live"
        told = await bob.heard("duel:finished", duel_id=duel_id)
    await archived(hall, duel_id)
    assert told["result"] == {"outcome": "win", "winner_id": bob.id, "reason": "resigned"}


@pytest.mark.parametrize("moment", [pytest.param(f"reply {n}", marks=pytest.mark.slow) for n in (1, 2)])
async def test_a_commit_whose_reply_is_lost_while_two_are_paired(
    cut: tuple[Hall, Cutter], players: tuple[Player, Player], moment: str
) -> None:
    (hall, between), (ada, bob) = cut, players
    between.arm(moment)
    with lasted("PostgreSQL's connection cut while two are paired: Play to a live duel"):
        for player in players:
            await player.ask("queue:join", {"mode": "casual"})
        duel_id = (await ada.heard("queue:matched"))["duel_id"]
        assert (await bob.heard("queue:matched"))["duel_id"] == duel_id
        for player in players:
            await player.open(duel_id)
        for player in players:
            await player.state("live", duel_id)
    assert await hall.ask("SELECT count(*) FROM duel_players WHERE player_id = ANY($1)", [ada.id, bob.id]) == 2
    await accepted(ada, "duel:resign", {"duel_id": duel_id})
    await archived(hall, duel_id)


@asynccontextmanager
async def held(hall: Hall, query: str, *values: object) -> AsyncIterator[asyncpg.Connection]:
    """Somebody else's transaction, which holds what the query locks until the block ends."""
    other = await asyncpg.connect(hall.arena.database_url)
    try:
        async with other.transaction():
            await other.fetch(query, *values)
            yield other
    finally:
        await other.close()


async def waits_for_a_lock(hall: Hall) -> None:
    async with asyncio.timeout(10):
        while not await hall.ask("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            await asyncio.sleep(0.01)


async def test_a_deadlock_is_not_the_players_fault(cut: tuple[Hall, Cutter], players: tuple[Player, Player]) -> None:
    """The submission is the victim, and is received all the same."""
    (hall, _), (ada, bob) = cut, players
    duel_id = await about_to_win(ada, bob)
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = await hall.ask(deadlocks)
    async with held(hall, "SELECT FROM players WHERE id = $1 FOR UPDATE", ada.id) as other:
        submitted = asyncio.create_task(ada.ask("duel:submit", submission(duel_id, ada, "right")))
        await waits_for_a_lock(hall)
        began = time.monotonic()
        await other.fetch("SELECT FROM duels WHERE id = $1 FOR UPDATE", duel_id)
    assert (await submitted)["ok"]
    note("deadlock: to the acknowledgement of the submission in it", time.monotonic() - began)
    assert await hall.ask(f"SELECT ({deadlocks}) > $1", before)
    await won(hall, duel_id, ada, bob)


async def test_a_serialization_failure_is_not_the_players_fault(
    cut: tuple[Hall, Cutter], players: tuple[Player, Player]
) -> None:
    """A database may be set to a stricter isolation than ours: what clashes is begun anew."""
    (hall, _), (ada, bob) = cut, players
    duel_id = await about_to_win(ada, bob)
    await hall.ask("ALTER DATABASE duel SET default_transaction_isolation = 'repeatable read'")
    await end_all_backends(hall)
    try:
        async with held(hall, "UPDATE duels SET public = public WHERE id = $1", duel_id):
            submitted = asyncio.create_task(ada.ask("duel:submit", submission(duel_id, ada, "right")))
            await waits_for_a_lock(hall)
        with lasted("serialization failure: to the acknowledgement of the submission in it"):
            assert (await submitted)["ok"]
        await won(hall, duel_id, ada, bob)
    finally:
        await hall.ask("ALTER DATABASE duel RESET default_transaction_isolation")
        await end_all_backends(hall)


async def end_all_backends(hall: Hall) -> None:
    await hall.ask(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_a_lock_that_somebody_keeps(cut: tuple[Hall, Cutter], players: tuple[Player, Player]) -> None:
    """Submissions are refused in a bounded time, and are not there; afterwards they are taken."""
    (hall, _), (ada, bob) = cut, players
    duel_id = await about_to_win(ada, bob)
    async with held(hall, "SELECT FROM duels WHERE id = $1 FOR UPDATE", duel_id):
        for player, event, payload in (
            (ada, "duel:submit", submission(duel_id, ada, "right")),
            (bob, "duel:resign", {"duel_id": duel_id}),
        ):
            with lasted("a lock that somebody keeps: until refused"):
                await refused_soon(player.refused(event, payload))
    assert await hall.ask("SELECT count(*) FROM submissions WHERE duel_id = $1", duel_id) == 0
    await accepted(ada, "duel:submit", submission(duel_id, ada, "right"))
    await won(hall, duel_id, ada, bob)


async def refused_soon(answer: Coroutine[Any, Any, dict[str, Any]]) -> None:
    """With a time to try again."""
    error = await asyncio.wait_for(answer, BOUNDED_S)
    assert error["code"] == "unavailable"
    assert error["retry_after_ms"] > 0


@pytest.mark.slow
async def test_every_connection_in_use(cut: tuple[Hall, Cutter], players: tuple[Player, Player]) -> None:
    """Many wait for a table that somebody keeps: who asks then is refused in a bounded time, and typing goes on."""
    (hall, _), (ada, bob) = cut, players
    duel_id = await about_to_win(ada, bob)
    async with (
        held(hall, "LOCK TABLE challenges"),
        httpx.AsyncClient(base_url=ada.url, timeout=30, limits=httpx.Limits(max_connections=None)) as http,
    ):
        crowd = [asyncio.create_task(http.get("/api/v1/challenges")) for _ in range(120)]
        # Of the twenty connections of a process, one is left for /readyz.
        waiting = "SELECT count(*) >= 19 FROM pg_locks WHERE NOT granted"
        async with asyncio.timeout(10):
            while not await hall.ask(waiting):
                await asyncio.sleep(0.01)
        with lasted("every connection to PostgreSQL in use: until a submission is refused"):
            refusal = asyncio.create_task(refused_soon(ada.refused("duel:submit", submission(duel_id, ada, "right"))))
            await bob.write(duel_id, "# goes on\n")
            await refusal
        for answer in await asyncio.gather(*crowd):
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert "retry-after" in answer.headers
    assert await hall.ask("SELECT count(*) FROM submissions WHERE duel_id = $1", duel_id) == 0
    await accepted(ada, "duel:submit", submission(duel_id, ada, "right"))
    await won(hall, duel_id, ada, bob)


async def test_away_while_a_deadline_passes(cut: tuple[Hall, Cutter], players: tuple[Player, Player]) -> None:
    """The duel ends once, as soon as the database is back, at its own deadline."""
    (hall, _), (ada, bob) = cut, players
    made = await ada.do("duel:create", {"minutes": 1})
    duel_id = (await bob.do("duel:accept", {"invite": made["invite"]}))["duel_id"]
    for player in players:
        await player.open(duel_id)
        await player.state("live", duel_id)
    soon = "UPDATE duels SET deadline = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 1500 WHERE id = $1"
    await hall.ask(f"{soon} RETURNING deadline", duel_id)
    deadline = (await ada.open(duel_id))["deadline"]
    postgres = next(process for process in hall.stores.processes if process.name == "PostgreSQL")
    postgres.signal(signal.SIGQUIT)
    async with asyncio.timeout(20):
        while postgres.alive:
            await asyncio.sleep(0.02)
    try:
        async with asyncio.timeout(20):
            while time.time() * 1000 < deadline + 500:
                await asyncio.sleep(0.05)
    finally:
        began = time.monotonic()
        hall.stores.restart_dead()
    draw = {"outcome": "draw", "reason": "timeout"}
    for player in players:
        assert (await player.heard("duel:finished", duel_id=duel_id))["result"] == draw
    note("PostgreSQL away while a deadline passes: its restart until both are told", time.monotonic() - began)
    await archived(hall, duel_id, 20)
    assert await hall.ask(
        "SELECT finished_at >= deadline AND deadline = $2 FROM duels WHERE id = $1", duel_id, deadline
    )
    assert await breaches(hall.arena.database_url) == []
