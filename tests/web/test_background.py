"""What a heartbeat does to players who leave while it goes on, and to those who were not heard of since the last one."""

import asyncio
import json
from typing import NoReturn

import pytest

from python_duel.matchmaking.queue import LEASES, TICKETS
from python_duel.platform.redis import reply
from python_duel.platform.tasks import end
from python_duel.realtime.connection import Connection
from python_duel.realtime.namespace import Namespace
from python_duel.realtime.server import make_server
from python_duel.realtime.services import Services
from python_duel.web.background import Background
from tests.realtime.conftest import a_socket, entered
from tests.support.lasted import lasted
from tests.support.parts import Parts


async def nothing() -> None:
    """No pings."""


@pytest.fixture
def background(core: Parts, web: Services) -> Background:
    """Not begun."""
    return Background(web, core.results, nothing, Namespace(make_server(core.settings), web))


async def waiting(core: Parts, web: Services) -> Connection:
    """The socket of a player who waits in the queue."""
    ada, _ = await core.entrants()
    socket = a_socket(ada.player_id)
    await web.hub.arrive(socket)
    await web.matchmaking.join(ada.player_id, "casual", ["python"])
    return socket


async def test_a_socket_that_has_closed_since_the_round_began_gets_no_new_lease(
    core: Parts, web: Services, background: Background
) -> None:
    socket = await waiting(core, web)
    sockets = web.hub.sockets()
    await web.hub.depart(socket)
    before = await reply(core.redis.zscore(LEASES, socket.player_id))
    core.clock.observe(core.clock.now() + 1000)
    await background._beat_slice(sockets)
    assert not await web.presence.there(socket.player_id)
    assert await reply(core.redis.zscore(LEASES, socket.player_id)) == before


async def test_a_place_that_is_learnt_of_after_its_player_has_left_is_forgotten(
    core: Parts, web: Services, background: Background
) -> None:
    """When they come back for something else, they are not put into the queue."""
    socket = await waiting(core, web)
    await reply(core.redis.execute_command("CLIENT", "PAUSE", 300))
    beat = asyncio.create_task(background._beat_slice(web.hub.sockets()))
    await asyncio.sleep(0)
    web.matchmaking.places.forget(socket.player_id)
    await web.hub.depart(socket)
    await beat
    await core.redis.delete(TICKETS)
    await web.matchmaking.beat([socket.player_id])
    assert await reply(core.redis.hkeys(TICKETS)) == []


def matches(sent: list[bytes]) -> list[str]:
    """The duels that a socket was told of."""
    events = [json.loads(packet[2:]) for packet in sent]
    return [payload["duel_id"] for event, payload in events if event == "queue:matched"]


@pytest.mark.parametrize("first", [True, False], ids=["who waited", "who came"])
async def test_who_was_paired_while_their_process_was_deaf_is_told_when_it_hears_again(
    core: Parts, web: Services, background: Background, first: bool
) -> None:
    """Who has their duel open already is not."""
    (ada, bob), (duel_id, cleo, _) = await core.entrants(), await core.live()
    hers: list[bytes] = []
    cleos: list[bytes] = []
    await web.hub.arrive(a_socket(ada.player_id, hers))
    socket = a_socket(cleo, cleos)
    await web.hub.arrive(socket)
    await web.hub.watch(socket, duel_id, entered)
    catching_up = asyncio.create_task(background._catch_up())
    joins = [(web.matchmaking, ada.player_id), (core.matchmaking, bob.player_id)]
    (waits, one), (comes, other) = joins if first else reversed(joins)
    await waits.join(one, "casual", ["python"])
    await core.bus.stop()
    await comes.join(other, "casual", ["python"])
    with lasted("paired while their process was deaf: from its hearing again until they are told"):
        await core.bus.start()
        async with asyncio.timeout(5):
            while not matches(hers):
                await asyncio.sleep(0.01)
    assert matches(hers) == [await core.duels.active(ada.player_id)]
    assert not matches(cleos)
    await end([catching_up])


async def test_nobody_loses_who_is_turned_away_by_a_process_that_is_cut_off(
    core: Parts, web: Services, background: Background
) -> None:
    """One that nobody comes to says nothing: it would hold up all duels for as long as it stands."""
    await core.duels.set_clock()
    web.presence.silent_since = core.clock.now() - 5000
    told = []
    for turn_away in (False, True):
        if turn_away:
            web.presence.turn_away()
        await background._note_cut_off()
        told += await core.sql("SELECT up_since > :now FROM uptime", now=core.clock.now())
    assert told == [(False,), (True,)]


@pytest.mark.parametrize(
    ("silent_ms", "known", "cut"),
    [(40_000, ("other",), True), (10_000, ("other",), False), (40_000, (), False)],
    ids=["for long", "for a moment", "with nobody else"],
)
async def test_who_is_at_a_process_without_any_store_is_sent_to_another_that_it_knew(
    core: Parts,
    web: Services,
    background: Background,
    monkeypatch: pytest.MonkeyPatch,
    silent_ms: int,
    known: tuple[str, ...],
    cut: bool,
) -> None:
    sent = list[bool]()
    monkeypatch.setattr(background._sockets, "send_elsewhere", lambda: sent.append(True))
    monkeypatch.setattr(core.duels.homes, "_living", frozenset(known))
    await web.hub.arrive(a_socket((await core.entrants())[0].player_id))
    web.presence.silent_since = core.clock.now() - silent_ms
    monkeypatch.setattr(core.database, "transaction", away)
    await background._note_cut_off()
    assert bool(sent) == cut


def away() -> NoReturn:
    """Instead of a transaction: PostgreSQL does not answer."""
    raise ConnectionRefusedError
