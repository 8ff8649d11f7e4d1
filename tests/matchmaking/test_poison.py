"""A pairing that was left behind: nobody waits for one that cannot be made, nor plays one that they do not want."""

import json

import pytest
from sqlalchemy import text

from python_duel.duels import rules
from python_duel.matchmaking.queue import PAIRINGS, TICKETS, Pairing
from python_duel.matchmaking.service import GIVE_UP_MS, SETTLE_MS
from python_duel.platform.ids import new_id
from python_duel.platform.redis import reply
from tests.support.parts import Parts, everybody, nobody


async def leave_behind(core: Parts, players: list[str], age: int) -> str:
    """A pairing as an older version's crash leaves it, `age` ms ago."""
    at, duel_id = core.clock.now() - age, new_id()
    sides = [{"player_id": player, "language": "python", "joined_at": at} for player in players]
    pairing = json.dumps({"at": at, "mode": "casual", "players": sides})
    await reply(core.redis.hset(PAIRINGS, duel_id, pairing))
    return duel_id


async def behind(core: Parts, age: int = SETTLE_MS + 1) -> tuple[Pairing, str, str]:
    """One of two players who joined `age` ms ago, whose process died over it."""
    ada, bob = (entrant.player_id for entrant in await core.entrants())
    then = core.clock.now() - age
    await core.queue.join(ada, "casual", "python", then)
    _, pairing = await core.queue.join(bob, "casual", "python", then)
    assert pairing
    return pairing, ada, bob


async def duels(core: Parts) -> list[str]:
    return [duel_id for (duel_id,) in await core.sql("SELECT id FROM duels")]


async def test_players_that_this_database_does_not_know_stop_nobody_else(core: Parts) -> None:
    for _ in range(5):
        await leave_behind(core, ["who", "what"], SETTLE_MS + 1000)
    ada, bob = await core.entrants()
    good = await leave_behind(core, [ada.player_id, bob.player_id], SETTLE_MS + 1000)
    await core.matchmaking.sweep(everybody)
    assert await core.duels.active(ada.player_id) == good


async def test_it_is_dropped_when_nobody_is_there(core: Parts) -> None:
    await leave_behind(core, ["who", "what"], SETTLE_MS + 1000)
    await core.matchmaking.sweep(nobody)
    assert await core.queue.pairings() == []
    assert await reply(core.redis.hkeys(TICKETS)) == []


async def test_it_waits_for_a_database_that_is_away(core: Parts) -> None:
    pairing, ada, _ = await behind(core, GIVE_UP_MS + 1000)
    async with core.database.transaction(30) as session:
        await session.execute(text("LOCK challenges"))
        await core.matchmaking.sweep(everybody)
    assert await core.queue.pairings() == [pairing]
    await core.matchmaking.sweep(everybody)
    assert await core.duels.active(ada) == pairing.duel_id


async def test_players_of_one_that_can_never_be_made_wait_anew(core: Parts) -> None:
    """There is no challenge. Whoever waits now is met before they meet each other again."""
    cleo, _ = await core.entrants()
    pairing, ada, bob = await behind(core, GIVE_UP_MS + 1000)
    await core.sql("UPDATE challenges SET current = false")
    await core.matchmaking.join(cleo.player_id, "casual", ["python"])
    await core.matchmaking.sweep(everybody)
    [again] = await core.queue.pairings()
    assert again.duel_id != pairing.duel_id
    assert {half.player_id for half in again.players} == {ada, cleo.player_id}
    assert await core.queue.present("casual", core.clock.now()) == [bob]


@pytest.mark.parametrize("by", ["closing the page", "leaving", "waiting in the other mode"])
async def test_who_does_not_want_it_any_more_is_let_alone_and_the_other_waits_on(core: Parts, by: str) -> None:
    pairing, ada, bob = await behind(core)
    if by == "leaving":
        await core.matchmaking.leave(ada)
    elif by == "waiting in the other mode":
        await core.matchmaking.leave(ada)
        await core.matchmaking.join(ada, "ranked", ["python"])

    async def known(player_id: str) -> bool:
        return by != "closing the page" or player_id != ada

    await core.matchmaking.sweep(known)
    assert await duels(core) == []
    assert await core.queue.pairings() == []
    assert await core.queue.present("casual", core.clock.now()) == [bob]
    # At their place.
    assert (await core.matchmaking.join(bob, "casual", ["python"])).joined_at == pairing.at
    assert await core.queue.present("ranked", core.clock.now()) == ([ada] if by == "waiting in the other mode" else [])


async def test_who_joins_again_wants_it(core: Parts) -> None:
    """As a page does when its connection is back."""
    pairing, ada, _ = await behind(core)
    await core.matchmaking.leave(ada)
    await core.matchmaking.join(ada, "casual", ["python"])
    await core.matchmaking.sweep(everybody)
    assert await duels(core) == [pairing.duel_id]
    assert await reply(core.redis.hkeys(TICKETS)) == []


async def test_who_left_is_not_put_back_when_the_other_is_in_a_duel(core: Parts) -> None:
    pairing, ada, bob = await behind(core)
    await core.matchmaking.leave(bob)
    cleo, _ = await core.entrants()
    await core.matchmaking.join(ada, "casual", ["python"])
    await core.matchmaking.join(cleo.player_id, "casual", ["python"])
    await core.matchmaking._pair(pairing)
    assert await core.duels.active(bob) is None
    assert await reply(core.redis.hkeys(TICKETS)) == []


async def test_one_whose_duel_is_over_takes_nobody_out_of_the_queue(core: Parts) -> None:
    pairing, ada, bob = await behind(core)
    stored = await reply(core.redis.hget(PAIRINGS, pairing.duel_id))
    await core.matchmaking.sweep(everybody)
    await core.duels.command(pairing.duel_id, rules.Resign(ada))
    await reply(core.redis.hset(PAIRINGS, pairing.duel_id, stored))
    await core.matchmaking.join(bob, "casual", ["python"])
    await core.matchmaking.sweep(everybody)
    assert await core.queue.pairings() == []
    assert await core.queue.present("casual", core.clock.now()) == [bob]
