"""Redis killed, emptied, starved, or replaced by a replica that lags: in mid-duel and in mid-queue."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Hall
from tests.support.endings import accepted, an_edit, archived, submission, won
from tests.support.invariants import breaches
from tests.support.lasted import lasted, note
from tests.support.player import Player, pair, reference
from tests.support.valkeys import command, forget, kill, replica

BEAT_S = 5
"""Between two heartbeats of a socket."""


def side(snapshot: dict[str, Any], player: Player) -> dict[str, Any]:
    [found] = [it for it in snapshot["players"] if it["id"] == player.id]
    return dict(found)


@pytest.mark.parametrize("lost", ["flushed", pytest.param("killed", marks=pytest.mark.slow)])
async def test_a_queue_lost_with_its_store(hall: Hall, duelists: tuple[Player, Player], lost: str) -> None:
    """Both are told, keep their time, and are met as if nothing had been."""
    ada, bob = duelists
    tickets = {
        player.id: (await player.do("queue:join", {"mode": mode}))["ticket"]
        for player, mode in ((ada, "ranked"), (bob, "casual"))
    }
    began = time.monotonic()
    if lost == "flushed":
        command(hall.stores.redis_url, "FLUSHALL")
    else:
        kill(hall)
        forget(hall)
        hall.stores.restart_dead()
    for player, mode in ((ada, "ranked"), (bob, "casual")):
        told = await player.heard("queue:rejoined")
        assert (told["mode"], told["ticket"] != tickets[player.id]) == (mode, True)
        assert told["waiting_ms"] > 0
    note(f"the queue lost with Redis {lost}: until both are told", time.monotonic() - began)
    await bob.do("queue:join", {"mode": "ranked"})
    duel_id = (await ada.heard("queue:matched"))["duel_id"]
    assert (await bob.heard("queue:matched"))["duel_id"] == duel_id
    for player in duelists:
        assert len(player.events["queue:rejoined"]) == 1
    await bob.do("duel:resign", {"duel_id": duel_id})
    await archived(hall, duel_id)
    assert await breaches(hall.arena.database_url) == []


async def test_killed_and_started_again_with_its_file(hall: Hall, duelists: tuple[Player, Player]) -> None:
    """No acknowledged edit is lost, and nobody has to do anything."""
    ada, bob = duelists
    duel_id = await pair(ada, bob)
    before = await bob.open(duel_id)
    for n in range(20):
        await ada.write(duel_id, f"# {n}\n")
    kill(hall)
    try:
        refused = await ada.refused("duel:edit", an_edit(ada, duel_id))
    finally:
        began = time.monotonic()
        hall.stores.restart_dead()
    assert (refused["code"], refused["retry_after_ms"] > 0) == ("unavailable", True)
    solution = reference(before["challenge"]["slug"])
    changes = [[len(ada.text), *solution.split("\n")]]
    await accepted(ada, "duel:edit", {"duel_id": duel_id, "seq": ada.seq + 1, "changes": changes})
    note("Redis killed: its restart to an accepted edit", time.monotonic() - began)
    after = await bob.open(duel_id)
    assert (side(after, ada)["seq"], side(after, ada)["text"]) == (21, solution)
    assert after["deadline"] == before["deadline"]
    ada.take(await ada.open(duel_id))
    await accepted(ada, "duel:submit", submission(duel_id, ada, "right"))
    await won(hall, duel_id, ada, bob)


async def test_an_edit_said_again_is_acknowledged_when_it_is_durable(
    hall: Hall, duelists: tuple[Player, Player]
) -> None:
    """Not before, though the process has it already."""
    ada, bob = duelists
    duel_id = await pair(ada, bob)
    edit = an_edit(ada, duel_id)
    command(hall.stores.redis_url, "CLIENT", "PAUSE", "2000")
    twice = [asyncio.create_task(ada.ask("duel:edit", edit)) for _ in range(2)]
    done, _ = await asyncio.wait(twice, timeout=1)
    assert not done
    assert [await answer for answer in twice] == 2 * [{"ok": True, "seq": 1}]
    await ada.do("duel:resign", {"duel_id": duel_id})
    await archived(hall, duel_id)


@pytest.mark.parametrize("seconds", [0, pytest.param(40, marks=pytest.mark.slow)])
async def test_out_of_memory(hall: Hall, duelists: tuple[Player, Player], seconds: float) -> None:
    """What needs memory is refused with a time to try again; the duel goes on, and nobody counts as gone."""
    ada, bob = duelists
    duel_id = await pair(ada, bob)
    solution = reference((await ada.open(duel_id))["challenge"]["slug"])
    await ada.write(duel_id, solution)
    await bob.write(duel_id, "# Bob\n")
    command(hall.stores.redis_url, "CONFIG", "SET", "maxmemory", 1024)
    try:
        cyd = await Player.join(hall.arena.webs[0].url, "Cyd")
        edit = an_edit(bob, duel_id)
        for player, event, payload in (
            (bob, "duel:edit", edit),
            (ada, "duel:submit", submission(duel_id, ada, "right")),
            (cyd, "queue:join", {"mode": "casual"}),
        ):
            refused = await player.refused(event, payload)
            assert (event, refused["code"], refused["retry_after_ms"] > 0) == (event, "unavailable", True)
        assert await hall.ask("SELECT count(*) FROM submissions WHERE duel_id = $1", duel_id) == 0
        # Longer than a lease: a heartbeat that the store has no room for would make everybody absent.
        await asyncio.sleep(seconds)
        again = await bob.open(duel_id)
        assert [it["connected"] for it in again["players"]] == [True, True]
        assert side(again, ada)["text"] == solution
        assert not bob.events["duel:presence"]
        await cyd.leave()
    finally:
        command(hall.stores.redis_url, "CONFIG", "SET", "maxmemory", 0)
    with lasted("Redis out of memory: memory again to an accepted edit and submission"):
        await accepted(bob, "duel:edit", edit)
        await accepted(ada, "duel:submit", submission(duel_id, ada, "right"))
    await won(hall, duel_id, ada, bob)


async def test_a_duel_ends_while_there_is_no_memory(hall: Hall, duelists: tuple[Player, Player]) -> None:
    ada, bob = duelists
    duel_id = await pair(ada, bob)
    command(hall.stores.redis_url, "CONFIG", "SET", "maxmemory", 1024)
    try:
        await ada.do("duel:resign", {"duel_id": duel_id})
        for player in duelists:
            assert (await player.heard("duel:finished", duel_id=duel_id))["result"]["winner_id"] == bob.id
        await archived(hall, duel_id)
    finally:
        command(hall.stores.redis_url, "CONFIG", "SET", "maxmemory", 0)
    assert await breaches(hall.arena.database_url) == []


@pytest.mark.parametrize("then", ["typed again", pytest.param("submitted as it was", marks=pytest.mark.slow)])
async def test_failover_to_a_replica_that_lags(
    hall: Hall, duelists: tuple[Player, Player], tmp_path: Path, then: str
) -> None:
    """An edit that the replica never had comes back from its author, or is named lost; nothing else is."""
    ada, bob = duelists
    duel_id = await pair(ada, bob)
    before = await ada.open(duel_id)
    solution = reference(before["challenge"]["slug"])
    with replica(hall, tmp_path) as other:
        await bob.write(duel_id, "# wrong\n")
        await bob.submit(duel_id, "wrong")
        await bob.heard("duel:verdict", submission_id="wrong")
        for n in range(3):
            await ada.write(duel_id, f"# {n}\n")
        other.follow()
        other.cut()
        await ada.write(duel_id, solution)
        began = time.monotonic()
        other.promote()
        if then == "typed again":
            await typed_again(ada, duel_id, solution)
        await accepted(ada, "duel:submit", submission(duel_id, ada, "right"))
        note("failover to a replica that lags: to an accepted submission", time.monotonic() - began)
        await won(hall, duel_id, ada, bob, edits_lost=then != "typed again")
        over = await bob.open(duel_id)
        assert side(over, bob)["text"] == "# wrong\n"
        assert over["deadline"] == before["deadline"]
        kept = solution if then == "typed again" else "# 2\n"
        assert (side(over, ada)["seq"], side(over, ada)["text"]) == (4 if then == "typed again" else 3, kept)


async def typed_again(author: Player, duel_id: str, text: str) -> None:
    """What a client does: it sends the next edit until it is taken, and starts from the server's text if told to."""
    payload = an_edit(author, duel_id)
    async with asyncio.timeout(20):
        while not (answer := await author.ask("duel:edit", payload))["ok"]:
            error = answer["error"]
            assert error["code"] in ("unavailable", "resync"), error
            if error["code"] == "resync":
                author.seq = error["seq"]
                changes = [[len(error["text"]), *text.split("\n")]]
                payload = {"duel_id": duel_id, "seq": author.seq + 1, "changes": changes}
            await asyncio.sleep(0.1)
    author.seq, author.text = answer["seq"], text
