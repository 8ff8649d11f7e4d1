"""A store that was emptied gets texts and pens back from the processes on which they are written: P59."""

import asyncio
import time
from typing import Any

import pytest

from python_duel.platform import keys
from tests.faults.conftest import Hall
from tests.support.endings import accepted, an_edit, archived
from tests.support.invariants import breaches
from tests.support.pages import another, opened
from tests.support.player import Player, pair
from tests.support.valkeys import command, forget, kill

TEXTS = "# Ada 🦆\n", "# Bob\n"


async def written(duelists: tuple[Player, Player]) -> str:
    """A duel in which both have a text that took two edits."""
    duel_id = await pair(*duelists)
    for player, text in zip(duelists, TEXTS, strict=True):
        await opened(player, duel_id, "first")
        await player.write(duel_id, "# draft\n")
        await player.write(duel_id, text)
    return duel_id


async def put_back(hall: Hall, duel_id: str, *players: Player) -> None:
    """The store knows of their pens again."""
    began = time.monotonic()
    async with asyncio.timeout(20):
        while not all(
            command(hall.stores.redis_url, "HEXISTS", keys.duel_live(duel_id), f"pen:{it.id}") for it in players
        ):
            await asyncio.sleep(0.05)
    print(f"put back after {time.monotonic() - began:.1f} s")


async def ended(hall: Hall, duel_id: str, loser: Player) -> list[dict[str, Any]]:
    """The players' last texts as everybody sees them, once the loser has resigned."""
    await loser.ask("duel:resign", {"duel_id": duel_id})
    await archived(hall, duel_id)
    assert await breaches(hall.arena.database_url, edits_lost=True) == []
    return list((await loser.open(duel_id))["players"])


@pytest.mark.parametrize("when", ["at once", "after a heartbeat"])
async def test_who_types_nothing_more_keeps_the_text(hall: Hall, duelists: tuple[Player, Player], when: str) -> None:
    duel_id = await written(duelists)
    command(hall.stores.redis_url, "FLUSHALL")
    if when != "at once":
        await put_back(hall, duel_id, *duelists)
    over = await ended(hall, duel_id, duelists[1])
    assert {(it["id"], it["seq"], it["text"]) for it in over} == {
        (player.id, 2, text) for player, text in zip(duelists, TEXTS, strict=True)
    }


@pytest.mark.parametrize("what", ["the duel ends", "a page is opened"])
async def test_it_is_started_again_empty(hall: Hall, duelists: tuple[Player, Player], what: str) -> None:
    """What was asked for meanwhile is answered before the processes hear each other again."""
    ada, bob = duelists
    duel_id = await written(duelists)
    second = await another(ada, hall.arena.webs[1].url)
    kill(hall)
    forget(hall)
    payload = {"duel_id": duel_id}
    if what == "the duel ends":
        asked = asyncio.create_task(accepted(bob, "duel:resign", payload))
    else:
        asked = asyncio.create_task(accepted(second, "duel:open", {**payload, "page": "second", "take": False}))
    await asyncio.sleep(0)
    hall.stores.restart_dead()
    await asked
    over = await ended(hall, duel_id, bob)
    assert {(it["seq"], it["text"]) for it in over} == {(2, text) for text in TEXTS}
    await second.leave()


async def test_who_types_on_is_heard_by_all_without_a_gap(hall: Hall, duelists: tuple[Player, Player]) -> None:
    """And a text is not taken for an older one, whoever looks."""
    ada, bob = duelists
    duel_id = await written(duelists)
    eve = await Player.join(hall.arena.webs[1].url, "Eve")
    await eve.open(duel_id)
    for watcher in (bob, eve):
        watcher.events.clear()
    command(hall.stores.redis_url, "FLUSHALL")
    began = time.monotonic()
    await accepted(ada, "duel:edit", an_edit(ada, duel_id))
    print(f"typing after {time.monotonic() - began:.1f} s")
    ada.seq = 3
    for n in range(3):
        await ada.write(duel_id, f"# {n}\n")
    for watcher in (bob, eve):
        await watcher.knows(ada.id, 6)
        seqs = [it["seq"] for it in watcher.events["duel:edit"] if it["player_id"] == ada.id]
        assert seqs == sorted(set(seqs))
    await put_back(hall, duel_id, bob)
    shown = {(it["seq"], it["text"]) for it in (await eve.open(duel_id))["players"]}
    assert shown == {(6, "# 2\n"), (2, TEXTS[1])}
    await ended(hall, duel_id, bob)
    await eve.leave()


async def test_who_only_watches_hears_of_it_when_the_store_was_emptied(
    hall: Hall, duelists: tuple[Player, Player]
) -> None:
    """The store forgets who watches, too: the other's edits arrive on the other process all the same."""
    ada, bob = duelists
    duel_id = await pair(ada, bob)
    await ada.write(duel_id, "# before\n")
    await bob.heard("duel:edit", player_id=ada.id, seq=1)
    command(hall.stores.redis_url, "FLUSHALL")
    await accepted(ada, "duel:edit", an_edit(ada, duel_id))
    await bob.knows(ada.id, 2)
    ada.seq = 2
    for n in range(3):
        await ada.write(duel_id, f"# {n}\n")
    await bob.heard("duel:edit", player_id=ada.id, seq=5)
    assert not bob.events["duel:presence"]
    await ada.do("duel:resign", {"duel_id": duel_id})
    await archived(hall, duel_id)


async def test_a_page_that_only_shows_does_not_get_the_pen(hall: Hall, duelists: tuple[Player, Player]) -> None:
    """Though it is the first to open the duel again, and on another process."""
    ada, bob = duelists
    duel_id = await written(duelists)
    second = await another(ada, hall.arena.webs[1].url)
    assert not (await opened(second, duel_id, "second", take=False))["pen"]
    command(hall.stores.redis_url, "FLUSHALL")
    assert not (await opened(second, duel_id, "second", take=False))["pen"]
    assert (second.seq, second.text) == (2, TEXTS[0])
    await ada.write(duel_id, "# still Ada\n")
    # One that is asked to take the pen goes on from the whole text.
    command(hall.stores.redis_url, "FLUSHALL")
    assert (await opened(second, duel_id, "second"))["pen"]
    assert (second.seq, second.text) == (3, "# still Ada\n")
    await second.write(duel_id, "# second\n")
    assert (await ada.refused("duel:edit", an_edit(ada, duel_id)))["code"] == "pen_taken"
    await second.leave()
    await ended(hall, duel_id, bob)


async def test_when_no_process_has_the_text_a_gap_is_told_and_the_pen_is_kept(
    hall: Hall, duelists: tuple[Player, Player]
) -> None:
    """A client that goes on from the text of the `resync` may write."""
    ada, bob = duelists
    duel_id = await written(duelists)
    await ada.leave()
    command(hall.stores.redis_url, "FLUSHALL")
    await ada.connect()
    await ada.do("duel:open", {"duel_id": duel_id, "page": "first", "take": False})
    lost = await ada.refused("duel:edit", an_edit(ada, duel_id))
    assert (lost["code"], lost["seq"]) == ("resync", 0)
    text, ada.seq, ada.text = ada.text, lost["seq"], lost["text"]
    await ada.write(duel_id, text)
    over = await ended(hall, duel_id, bob)
    assert (1, text) in {(it["seq"], it["text"]) for it in over}
