"""The sockets of one process, over real stores."""

from python_duel.realtime import wire
from python_duel.realtime.services import Services
from tests.realtime.conftest import a_socket, entered
from tests.support.parts import Parts


async def test_a_socket_that_closes_while_the_store_is_away_is_gone(core: Parts, web: Services) -> None:
    """All of it, though it watched two duels."""
    hub, (duel_id, ada, _), (other_id, _, _) = web.hub, await core.live(), await core.live()
    socket = a_socket(ada)
    await hub.arrive(socket)
    for watched in (duel_id, other_id):
        await hub.watch(socket, watched, entered)
    # As when the store was out of reach for a second: what it is asked is answered with its loss.
    await core.hot.close()
    await hub.depart(socket)
    assert hub.sockets() == []
    assert not hub._rooms


async def test_who_has_not_heard_of_their_duel_is_told_once_when_it_begins(core: Parts, web: Services) -> None:
    """Who has, or has it open, is not told again, as an invitation that is accepted again does."""
    duel_id, ada, bob = await core.live()
    packets: dict[str, list[bytes]] = {ada: [], bob: []}
    for player_id, sent in packets.items():
        await web.hub.arrive(a_socket(player_id, sent))
    socket = a_socket(bob)
    await web.hub.arrive(socket)
    await web.hub.watch(socket, duel_id, entered)
    matched = {"duel_id": duel_id}
    for _ in range(2):
        for player_id in (ada, bob):
            web.hub.tell_player(player_id, "duel:begun", matched)
    assert packets == {ada: [wire.raw_event("queue:matched", matched)], bob: []}
    web.hub.tell_player(ada, "queue:matched", matched)
    assert len(packets[ada]) == 2
