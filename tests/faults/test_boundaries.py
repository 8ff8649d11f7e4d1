"""A web process killed at every boundary of what it does: before and after each commit, before and after each word to
the others. Its players come back, say again what was not acknowledged, and the duel ends as it must, once.
"""

import asyncio

import pytest
from socketio.exceptions import SocketIOError

from tests.faults.conftest import Hall
from tests.support.invariants import breaches
from tests.support.lasted import lasted
from tests.support.player import Player, pair, reference

COMMITS = [f"{kind} {n}" for kind in ("before_commit", "after_commit") for n in range(1, 6)]
WORDS = [f"{kind} {n}" for kind in ("before_publish", "after_publish") for n in range(1, 5)]
QUICK = {"after_commit 1", "before_commit 3"}
"""Of the end of a duel: received but no job; finished but the last texts not stored."""
BOUNDARIES = [it if it in QUICK else pytest.param(it, marks=pytest.mark.slow) for it in COMMITS + WORDS]
SETTLED_S = 45
"""A lost job is looked for after 15 s, the traces of an unfinished end as well."""


async def tried(player: Player, event: str, payload: dict[str, object]) -> dict[str, object] | None:
    """The acknowledgement; None when nobody knows whether it was done, since the process may have died over it."""
    try:
        return await asyncio.wait_for(player.ask(event, payload), 5)
    except (SocketIOError, TimeoutError):
        return None


async def come_back(*players: Player) -> None:
    for player in players:
        await player.leave()
        await player.connect()


async def death(hall: Hall) -> None:
    """Somebody passes the boundary and dies; then they are started again."""
    async with asyncio.timeout(SETTLED_S):
        while not hall.dead():
            await asyncio.sleep(0.02)
    await hall.mend()


async def until(hall: Hall, query: str, *values: object) -> None:
    """The database says so."""
    async with asyncio.timeout(SETTLED_S):
        while not await hall.ask(query, *values):
            await asyncio.sleep(0.1)


async def submit_over_a_death(hall: Hall, ada: Player, bob: Player, duel_id: str) -> None:
    """Said again by its author if it was not acknowledged."""
    submission = {"duel_id": duel_id, "submission_id": "right", "language": "python", "seq": ada.seq}
    acknowledged = await tried(ada, "duel:submit", submission)
    await death(hall)
    await come_back(ada, bob)
    if acknowledged and acknowledged["ok"]:
        return
    again = await ada.ask("duel:submit", submission)
    if not again["ok"]:
        assert again["error"]["code"] in ("forbidden", "pen_taken", "not_live")
        await ada.open(duel_id)
        await tried(ada, "duel:submit", submission)


@pytest.mark.parametrize("boundary", BOUNDARIES)
async def test_the_end_of_a_duel(hall: Hall, duelists: tuple[Player, Player], boundary: str) -> None:
    ada, bob = duelists
    duel_id = await pair(ada, bob)
    slug = (await ada.open(duel_id))["challenge"]["slug"]
    await bob.write(duel_id, "# Bob\n")
    await ada.write(duel_id, reference(slug))
    await bob.submit(duel_id, "wrong")
    await ada.heard("duel:verdict", submission_id="wrong")
    hall.arm(boundary)
    with lasted("web process killed at a boundary: submission to stored replay, restart included"):
        await submit_over_a_death(hall, ada, bob, duel_id)
        await until(hall, "SELECT count(*) = 1 FROM replays WHERE duel_id = $1", duel_id)
    for player in (ada, bob):
        snapshot = await player.open(duel_id)
        assert snapshot["result"] == {"outcome": "win", "winner_id": ada.id, "reason": "solved"}
        texts = {side["id"]: side["text"] for side in snapshot["players"]}
        assert texts == {ada.id: reference(slug), bob.id: "# Bob\n"}
    assert await hall.ask("SELECT count(*) FROM submissions WHERE duel_id = $1", duel_id) == 2
    assert await breaches(hall.arena.database_url) == []


@pytest.mark.parametrize(
    "boundary",
    ["after_commit 1", pytest.param("before_commit 1", marks=pytest.mark.slow)]
    + [pytest.param(f"{kind}_publish {n}", marks=pytest.mark.slow) for kind in ("before", "after") for n in (1, 2)],
)
async def test_a_pairing(hall: Hall, duelists: tuple[Player, Player], boundary: str) -> None:
    ada, bob = duelists
    hall.arm(boundary)
    with lasted("web process killed while two are paired: Play to a live duel, restart included"):
        for player in duelists:
            await tried(player, "queue:join", {"mode": "casual"})
        paired = "SELECT count(*) = 2 FROM duel_players WHERE live AND player_id = ANY($1)"
        await death(hall)
        await come_back(ada, bob)
        for player in duelists:
            await player.ask("queue:join", {"mode": "casual"})
        await until(hall, paired, [ada.id, bob.id])
        duel_id = str(await hall.ask("SELECT duel_id FROM duel_players WHERE live AND player_id = $1", ada.id))
        for player in duelists:
            assert {side["id"] for side in (await player.open(duel_id))["players"]} == {ada.id, bob.id}
        for player in duelists:
            await player.state("live", duel_id)
    assert await hall.ask("SELECT count(*) FROM duel_players WHERE player_id = ANY($1)", [ada.id, bob.id]) == 2
    await ada.do("duel:resign", {"duel_id": duel_id})
    await until(hall, "SELECT count(*) = 1 FROM replays WHERE duel_id = $1", duel_id)
    assert await breaches(hall.arena.database_url) == []


@pytest.mark.parametrize(
    "boundary", ["after_commit 1", *(pytest.param(f"before_publish {n}", marks=pytest.mark.slow) for n in (1, 2))]
)
async def test_an_invitation(hall: Hall, duelists: tuple[Player, Player], boundary: str) -> None:
    """The host only waits, as their page does: whoever has accepted is not asked to do it again."""
    host, guest = duelists
    invite = (await host.do("duel:create", {}))["invite"]
    hall.arm(boundary)
    with lasted("web process killed while an invitation is accepted: until the host is told, restart included"):
        await tried(guest, "duel:accept", {"invite": invite})
        await death(hall)
        duel_id = (await host.heard("queue:matched"))["duel_id"]
    await come_back(guest)
    for player in duelists:
        assert {side["id"] for side in (await player.open(duel_id))["players"]} == {host.id, guest.id}
    for player in duelists:
        await player.state("live", duel_id)
    await guest.do("duel:resign", {"duel_id": duel_id})
    await until(hall, "SELECT count(*) = 1 FROM replays WHERE duel_id = $1", duel_id)
    assert await breaches(hall.arena.database_url) == []


@pytest.mark.parametrize(
    "boundary",
    ["after_commit 1", *(pytest.param(it, marks=pytest.mark.slow) for it in ("before_commit 1", *WORDS))],
)
async def test_a_rematch(hall: Hall, duelists: tuple[Player, Player], boundary: str) -> None:
    """Whoever's process lives only waits, as their page does; the other one comes back to the old duel, and sees it."""
    ada, bob = duelists
    duel_id = await pair(ada, bob)
    await ada.do("duel:resign", {"duel_id": duel_id})
    await until(hall, "SELECT count(*) = 1 FROM replays WHERE duel_id = $1", duel_id)
    await ada.do("duel:rematch", {"duel_id": duel_id})
    hall.arm(boundary)
    with lasted("web process killed while a rematch is accepted: until both know of it, restart included"):
        await tried(bob, "duel:rematch", {"duel_id": duel_id})
        await death(hall)
        there = [player for player in duelists if player.socket.connected]
        await come_back(*(player for player in duelists if player not in there))
        if not (await bob.open(duel_id)).get("rematch_id"):
            assert (await bob.open(duel_id))["rematch_offers"] == [ada.id]
            await bob.do("duel:rematch", {"duel_id": duel_id})
        after = (await bob.open(duel_id))["rematch_id"]
        for player in there:
            await player.heard("queue:matched", duel_id=after)
    for player in duelists:
        await player.open(after)
    for player in duelists:
        assert [side["id"] for side in (await player.state("live", after))["players"]] == [bob.id, ada.id]
    assert await hall.ask("SELECT count(*) FROM duel_players WHERE player_id = ANY($1)", [ada.id, bob.id]) == 4
    await ada.do("duel:resign", {"duel_id": after})
    await until(hall, "SELECT count(*) = 1 FROM replays WHERE duel_id = $1", after)
    assert await breaches(hall.arena.database_url) == []
