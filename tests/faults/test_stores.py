"""A store that is away, or has lost everything, in mid-duel."""

import asyncio
import os
import signal
import time
from typing import Any

import pytest
import redis.asyncio

from tests.faults.conftest import Hall
from tests.support.endings import accepted, an_edit, archived
from tests.support.invariants import breaches
from tests.support.lasted import lasted, note
from tests.support.player import Player, pair, reference


async def test_postgres_away(hall: Hall, duelists: tuple[Player, Player]) -> None:
    """Typing goes on; a submission is refused with a time to try again, and counts once when it is accepted."""
    ada, bob = duelists
    duel_id = await pair(ada, bob)
    slug = (await ada.open(duel_id))["challenge"]["slug"]
    before = await bob.open(duel_id)
    postgres = next(process for process in hall.stores.processes if process.name == "PostgreSQL")
    postgres.signal(signal.SIGQUIT)  # the immediate stop: as a crash
    async with asyncio.timeout(20):
        while postgres.alive:
            await asyncio.sleep(0.02)
    try:
        await ada.write(duel_id, reference(slug))
        assert (await bob.heard("duel:edit", player_id=ada.id))["seq"] == 1
        submission = {"duel_id": duel_id, "submission_id": "right", "language": "python", "seq": 1}
        refused = await ada.refused("duel:submit", submission)
        assert refused["code"] == "unavailable"
        assert refused["retry_after_ms"] > 0
    finally:
        began = time.monotonic()
        # In this thread: the store ends with the thread that has started it.
        hall.stores.restart_dead()
    assert await hall.ask("SELECT count(*) FROM submissions WHERE duel_id = $1", duel_id) == 0
    await accepted(ada, "duel:submit", submission)
    note("PostgreSQL stopped as by a crash: its restart to an accepted submission", time.monotonic() - began)
    await archived(hall, duel_id)
    for player in duelists:
        after = await player.open(duel_id)
        assert after["result"] == {"outcome": "win", "winner_id": ada.id, "reason": "solved"}
        assert after["deadline"] == before["deadline"]
    assert await breaches(hall.arena.database_url) == []


async def test_redis_loses_everything(hall: Hall, duelists: tuple[Player, Player]) -> None:
    """Duels, receipts and deadlines are in PostgreSQL; texts come back from the processes on which they are written."""
    ada, bob = duelists
    duel_id = await pair(ada, bob)
    before = await ada.open(duel_id)
    solution = reference(before["challenge"]["slug"])
    await bob.write(duel_id, "# wrong\n")
    await bob.submit(duel_id, "wrong")
    await ada.heard("duel:verdict", submission_id="wrong")
    await ada.write(duel_id, solution)
    client = redis.asyncio.Redis.from_url(hall.arena.redis_url)
    await client.flushall()
    await client.aclose()
    with lasted("Redis emptied: the next edit to both texts on both sides"):
        # It is taken when the store has all that was before it.
        await accepted(ada, "duel:edit", an_edit(ada, duel_id))
        for player, other, text, seq in ((ada, bob, solution, 2), (bob, ada, "# wrong\n", 1)):
            after = await player.open(duel_id)
            assert (after["status"], after["deadline"]) == ("live", before["deadline"])
            assert (player.seq, player.text) == (seq, text)
            await player.write(duel_id, text)
            # The other process hears it, too.
            await other.heard("duel:edit", player_id=player.id, seq=seq + 1)
    await accepted(
        ada, "duel:submit", {"duel_id": duel_id, "submission_id": "right", "language": "python", "seq": ada.seq}
    )
    await archived(hall, duel_id)
    over = await bob.open(duel_id)
    assert over["result"] == {"outcome": "win", "winner_id": ada.id, "reason": "solved"}
    assert {side["text"] for side in over["players"]} == {solution, "# wrong\n"}
    order = "SELECT array_agg(submission_id ORDER BY receipt) FROM submissions WHERE duel_id = $1"
    assert await hall.ask(order, duel_id) == ["wrong", "right"]
    assert await breaches(hall.arena.database_url, edits_lost=True) == []


@pytest.mark.parametrize("still_s", [0, pytest.param(30, marks=pytest.mark.slow)])
async def test_a_web_process_that_stands_still_and_goes_on(
    hall: Hall, duelists: tuple[Player, Player], still_s: float
) -> None:
    """What it held has gone over to others meanwhile: when it wakes, nothing of it is done twice."""
    ada, bob = duelists
    duel_id = await pair(ada, bob)
    slug = (await bob.open(duel_id))["challenge"]["slug"]
    still = hall.arena.webs[0].process
    os.kill(still.pid, signal.SIGSTOP)
    goes_on = time.monotonic() + still_s
    try:
        with lasted("a web process stands still: a submission by the other to its stored replay"):
            await bob.write(duel_id, reference(slug))
            await bob.submit(duel_id, "right")
            await bob.heard("duel:finished", duel_id=duel_id)
            await archived(hall, duel_id)
        await asyncio.sleep(goes_on - time.monotonic())
    finally:
        os.kill(still.pid, signal.SIGCONT)
    with lasted("a web process goes on: until whoever is on it hears the end"):
        assert (await the_end(ada, duel_id))["winner_id"] == bob.id
    assert await breaches(hall.arena.database_url, edits_lost=True) == []


async def the_end(player: Player, duel_id: str) -> Any:
    """The result, as told or, as a browser does after it was cut off, as opened again."""
    async with asyncio.timeout(60):
        while not (told := player.events["duel:finished"]):
            if not player.socket.connected:
                await player.connect()
                return (await player.open(duel_id))["result"]
            await asyncio.sleep(0.02)
    return told[-1]["result"]
