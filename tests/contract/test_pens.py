"""Who writes, when one player has several pages: P54, P57, P58."""

import asyncio

from tests.support.arena import Arena
from tests.support.pages import another, opened
from tests.support.player import Player, pair, units


async def test_a_page_that_lost_the_pen_is_told_and_does_not_take_it_back_by_coming_back(
    arena: Arena, players: tuple[Player, Player]
) -> None:
    ada, bob = players
    duel_id = await pair(ada, bob)
    assert (await opened(ada, duel_id, "laptop"))["pen"]
    phone = await another(ada, arena.webs[1].url)
    assert (await opened(phone, duel_id, "phone"))["pen"]
    assert (await ada.heard("duel:presence", player_id=ada.id, pen="phone"))["connected"]

    await ada.leave()
    await ada.connect()
    assert not (await opened(ada, duel_id, "laptop", take=False))["pen"]
    refused = await ada.refused("duel:edit", {"duel_id": duel_id, "seq": 1, "changes": [[0, "laptop"]]})
    assert refused["code"] == "pen_taken"
    # It watches: the other's edits, and the newest text of its own side.
    await bob.write(duel_id, "bob\n")
    await ada.heard("duel:edit", player_id=bob.id)
    await phone.leave()
    await phone.connect()
    assert (await opened(phone, duel_id, "phone", take=False))["pen"]
    await phone.write(duel_id, "phone\n")
    assert (await opened(ada, duel_id, "laptop"))["pen"]
    assert ada.text == "phone\n"
    await phone.heard("duel:presence", pen="laptop")
    assert not any("pen" in it for it in bob.events["duel:presence"])
    await phone.leave()


async def test_a_spectator_has_no_pen(arena: Arena, players: tuple[Player, Player]) -> None:
    duel_id = await pair(*players)
    eve = await Player.join(arena.webs[0].url, "Eve")
    assert "pen" not in await opened(eve, duel_id, "eve")
    await eve.leave()


async def test_who_opens_again_while_an_edit_is_on_its_way_keeps_the_pen(players: tuple[Player, Player]) -> None:
    """The answer to the edit is for the pen of before: it does not take the new one away."""
    ada, bob = players
    duel_id = await pair(ada, bob)
    for n in range(20):
        text = f"# {n}\n"
        edit = {"duel_id": duel_id, "seq": ada.seq + 1, "changes": [[units(ada.text), *text.split("\n")]]}
        on_its_way = asyncio.create_task(ada.ask("duel:edit", edit))
        await asyncio.sleep(0)
        assert (await opened(ada, duel_id, "laptop"))["pen"]
        answer = await on_its_way
        assert answer["ok"] or answer["error"]["code"] == "unavailable"
        ada.take((await opened(ada, duel_id, "laptop"))["snapshot"])
        await ada.write(duel_id, f"# {n}, again\n")
