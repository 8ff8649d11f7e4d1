"""A pairing that can never become a duel must not keep the others from theirs."""

import json

from python_duel.matchmaking.queue import PAIRINGS
from python_duel.matchmaking.service import GIVE_UP_MS, SETTLE_MS
from python_duel.platform.ids import new_id
from python_duel.platform.redis import reply
from tests.support.parts import Parts


async def leave_behind(core: Parts, players: list[str], age: int) -> str:
    """A pairing as a crash leaves it, `age` ms ago."""
    at, duel_id = core.clock.now() - age, new_id()
    sides = [{"player_id": player, "language": "python", "joined_at": at} for player in players]
    pairing = json.dumps({"at": at, "mode": "casual", "players": sides})
    await reply(core.redis.hset(PAIRINGS, duel_id, pairing))
    return duel_id


async def test_players_that_this_database_does_not_know_stop_nobody_else(core: Parts) -> None:
    for _ in range(5):
        await leave_behind(core, ["who", "what"], SETTLE_MS + 1000)
    ada, bob = await core.entrants()
    good = await leave_behind(core, [ada.player_id, bob.player_id], SETTLE_MS + 1000)
    await core.matchmaking.sweep()
    assert await core.duels.active(ada.player_id) == good


async def test_it_is_dropped_in_the_end(core: Parts) -> None:
    await leave_behind(core, ["who", "what"], GIVE_UP_MS + 1000)
    await core.matchmaking.sweep()
    assert await core.queue.pairings() == []
