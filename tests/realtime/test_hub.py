"""The sockets of one process, over real stores."""

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
