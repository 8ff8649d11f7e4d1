"""A heartbeat takes five seconds: who leaves meanwhile is not there, and does not wait."""

import asyncio

import pytest

from python_duel.matchmaking.queue import LEASES, TICKETS
from python_duel.platform.redis import reply
from python_duel.realtime.services import Services
from python_duel.web.background import Background
from tests.realtime.conftest import a_socket
from tests.support.parts import Parts


async def never() -> None:
    """No pings."""


@pytest.fixture
def background(core: Parts, web: Services) -> Background:
    """Not begun."""
    return Background(web, core.results, never)


async def test_a_socket_that_has_closed_since_the_round_began_gets_no_new_lease(
    core: Parts, web: Services, background: Background
) -> None:
    ada, _ = await core.entrants()
    socket = a_socket(ada.player_id)
    await web.hub.arrive(socket)
    await web.matchmaking.join(ada.player_id, "casual", ["python"])
    sockets = web.hub.sockets()
    await web.hub.depart(socket)
    before = await reply(core.redis.zscore(LEASES, ada.player_id))
    core.clock.observe(core.clock.now() + 1000)
    await background._beat_slice(sockets)
    assert not await web.presence.there(ada.player_id)
    assert await reply(core.redis.zscore(LEASES, ada.player_id)) == before


async def test_a_place_that_is_learnt_of_after_its_player_has_left_is_forgotten(
    core: Parts, web: Services, background: Background
) -> None:
    """When they come back for something else, they are not put into the queue."""
    ada, _ = await core.entrants()
    socket = a_socket(ada.player_id)
    await web.hub.arrive(socket)
    await web.matchmaking.join(ada.player_id, "casual", ["python"])
    await reply(core.redis.execute_command("CLIENT", "PAUSE", 300))
    beat = asyncio.create_task(background._beat_slice(web.hub.sockets()))
    await asyncio.sleep(0)
    web.matchmaking.places.forget(ada.player_id)
    await web.hub.depart(socket)
    await beat
    await core.redis.delete(TICKETS)
    await web.matchmaking.beat([ada.player_id])
    assert await reply(core.redis.hkeys(TICKETS)) == []
