"""A rematch: both offers and the next duel, or nothing that stands in its way."""

import asyncio

import pytest

from python_duel.duels import rematch, rules
from python_duel.duels.opening import Entrant
from python_duel.errors import AlreadyInDuel
from python_duel.platform.ids import new_id
from tests.support.parts import TERMS, Parts, parts


async def offer(core: Parts, duel_id: str, player_id: str) -> list[str]:
    return await rematch.offer(core.duels, duel_id, player_id, lambda _: TERMS)


async def over(core: Parts) -> tuple[str, str, str]:
    """A duel that is over, and its players."""
    duel_id, ada, bob = await core.live()
    await core.duels.command(duel_id, rules.Resign(ada))
    core.bus.said.clear()
    return duel_id, ada, bob


async def test_taps_on_two_processes_make_one_duel_with_the_seats_swapped(
    core: Parts, database_url: str, redis_url: str
) -> None:
    duel_id, ada, bob = await over(core)
    async with parts(database_url, redis_url) as other:
        taps = [offer(process, duel_id, player_id) for process in (core, other) for player_id in (ada, bob) * 3]
        made = await asyncio.gather(*taps)
    assert [set(players) for players in made if players] == [{ada, bob}]
    after = await core.duels.rematch_id(duel_id)
    assert after is not None
    assert [player.player_id for player in (await core.duel(after)).players] == [bob, ada]
    assert await core.sql("SELECT count(*) FROM duels") == [(2,)]


async def test_who_asks_again_is_told_again(core: Parts) -> None:
    duel_id, ada, bob = await over(core)
    for player_id in (ada, bob, ada):
        await offer(core, duel_id, player_id)
    after = await core.duels.rematch_id(duel_id)
    told = [(topic, data["duel_id"]) for topic, event, data in core.bus.said if event == "queue:matched"]
    assert sorted(told) == sorted([(f"player:{ada}", after), (f"player:{bob}", after)] * 2)


async def test_one_that_cannot_be_made_is_not_offered(core: Parts) -> None:
    """Ada has offered, and is in another duel: Bob may try again when that is over."""
    duel_id, ada, bob = await over(core)
    await offer(core, duel_id, ada)
    other, (eve, _) = new_id(), await core.entrants()
    await core.duels.create(other, (Entrant(ada, "python"), eve), TERMS)
    with pytest.raises(AlreadyInDuel) as refused:
        await offer(core, duel_id, bob)
    assert refused.value.extra == {"duel_id": other, "player_id": ada}
    assert [player.offers_rematch for player in (await core.duel(duel_id)).players] == [True, False]
    await core.duels.command(other, rules.Resign(ada))
    assert set(await offer(core, duel_id, bob)) == {ada, bob}


async def test_one_that_was_played_already_makes_no_other(core: Parts) -> None:
    duel_id, ada, bob = await over(core)
    for player_id in (ada, bob):
        await offer(core, duel_id, player_id)
    after = await core.duels.rematch_id(duel_id)
    assert after is not None
    await core.duels.command(after, rules.Resign(ada))
    assert await offer(core, duel_id, bob) == []
    assert await core.sql("SELECT count(*) FROM duels") == [(2,)]
    assert core.bus.count("queue:matched") == 2
