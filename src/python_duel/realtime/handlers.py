"""What each client event does. Payloads are parsed already; errors are raised and become the acknowledgement."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from python_duel.duels import rules
from python_duel.duels.models import Duel
from python_duel.errors import AlreadyInDuel, Forbidden, Invalid, Unavailable
from python_duel.platform.batch import Batch
from python_duel.protocol import client
from python_duel.protocol.base import ServerMessage
from python_duel.protocol.server import REACTIONS, DuelPresence, DuelSaid
from python_duel.realtime import views
from python_duel.realtime.connection import Connection
from python_duel.realtime.judging import Judging
from python_duel.realtime.services import Services
from python_duel.realtime.wire import Cursor, Edit

BACK_AT_ONCE, GONE_AT_ONCE = 4, 1
"""Players whose coming or going is being written. When thousands are cut off at once, most of them are back before it
is written that they are gone.
"""
PAUSE_S = 2.0
"""Who is back within it was never away: a page that is loaded again, a change of network."""
LEAVE_GRACE_MS = 5000
"""How long a place in the queue outlives its player's last socket: a refresh keeps it, a closed page does not."""


class Handlers:
    """One method an event."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._judging = Judging(services)
        self._leaving = Batch(self._lease)
        self._turns = {True: asyncio.Semaphore(BACK_AT_ONCE), False: asyncio.Semaphore(GONE_AT_ONCE)}

    async def arrived(self, connection: Connection) -> None:
        """A player's socket opened: they are there again."""
        await self._seen(connection.player_id, there=True, came_at=self._services.clock.now())

    async def departed(self, connection: Connection) -> None:
        """A player's socket closed: perhaps they are gone."""
        player_id = connection.player_id
        self._services.matchmaking.places.forget(player_id)
        if await self._services.presence.remove(player_id, connection.sid):
            return
        await self._leaving.get(player_id)
        await asyncio.sleep(PAUSE_S)
        if player_id in self._services.hub.players or await self._services.presence.there(player_id):
            return
        await self._seen(player_id, there=False)
        if await self._services.presence.there(player_id):
            # They came back on another process just before that was written.
            await self._seen(player_id, there=True)

    async def _lease(self, player_ids: list[str]) -> dict[str, None]:
        await self._services.matchmaking.queue.lease(player_ids, self._services.clock.now() + LEAVE_GRACE_MS)
        return {}

    async def _seen(self, player_id: str, there: bool, came_at: int | None = None) -> None:
        services = self._services
        seat = await services.duels.seat(player_id)
        if seat is None or there == (seat.away_since is None):
            return
        async with self._turns[there]:
            if there or await services.presence.missed(player_id) is False:
                await services.duels.presence(seat.duel_id, player_id, there, came_at)

    async def queue_join(self, connection: Connection, message: client.QueueJoin) -> client.QueueJoinAck:
        languages = message.languages or ["python"]
        waiting = await self._services.matchmaking.join(connection.player_id, message.mode, languages)
        return client.QueueJoinAck(
            ticket=waiting.ticket,
            waiting_ms=max(0, self._services.clock.now() - waiting.joined_at),
            estimate_ms=waiting.estimate_ms,
        )

    async def queue_leave(self, connection: Connection, message: client.Empty) -> None:
        await self._services.matchmaking.leave(connection.player_id)

    async def create(self, connection: Connection, message: client.DuelCreate) -> client.DuelCreateAck:
        duel_id, invite = await self._services.matchmaking.create_invite(connection.player_id, message)
        return client.DuelCreateAck(duel_id=duel_id, invite=invite)

    async def accept(self, connection: Connection, message: client.DuelAccept) -> client.DuelAck:
        services, player_id = self._services, connection.player_id
        with _discreet(player_id):
            duel_id = await services.matchmaking.accept(player_id, message.invite, services.presence.there)
        return client.DuelAck(duel_id=duel_id)

    async def practice(self, connection: Connection, message: client.DuelPractice) -> None:
        raise Unavailable("This version has no practice bot yet: play with queue:join or duel:create.")

    async def open(self, connection: Connection, message: client.DuelOpen) -> client.DuelOpenAck:
        duel_id = message.duel_id
        if connection.arrival:
            await asyncio.wait([connection.arrival])  # or the snapshot may show who asks for it as away
        facts, viewer = await self._services.hub.watch(connection, duel_id, partial(self._enter, connection, message))
        connection.roles[duel_id] = viewer.role
        self._services.hub.release(connection.sid, duel_id)
        pen = duel_id in connection.pens if viewer.role == "player" else None
        return client.DuelOpenAck(snapshot=views.snapshot(facts, viewer), pen=pen)

    async def _enter(self, connection: Connection, message: client.DuelOpen, duel: Duel) -> None:
        """Before the documents are read: a player takes the pen."""
        services, player_id = self._services, connection.player_id
        if views.viewer(duel, player_id).role != "player":
            return
        services.matchmaking.places.forget(player_id)
        package = await services.duels.package(duel)
        before = await services.writing.take_pen(connection, duel, package, message.page or "", message.take)
        if before == "other":
            await self._tell_pen(player_id, message)

    async def _tell_pen(self, player_id: str, message: client.DuelOpen) -> None:
        """Let the player's other pages know who writes now."""
        news = DuelPresence(duel_id=message.duel_id, player_id=player_id, connected=True, pen=message.page or "")
        await self._services.bus.publish(
            f"player:{player_id}", "duel:presence", news.model_dump(mode="json", exclude_none=True)
        )

    async def edit(self, connection: Connection, message: client.DuelEdit) -> client.DuelEditAck:
        """One that is out of the ordinary: the others never come here."""
        seq = await self._services.writing.edit(
            connection, Edit(message.duel_id, message.seq, message.changes, message.language)
        )
        if message.language is not None:
            await self._judging.write_in(connection, message.duel_id, message.language)
        return client.DuelEditAck(seq=seq)

    async def cursor(self, connection: Connection, message: client.DuelCursor) -> None:
        """As `edit`."""
        self._services.writing.cursor(connection, Cursor(message.duel_id, message.anchor, message.head))

    async def run(self, connection: Connection, message: client.DuelRun) -> client.DuelRunAck:
        position = await self._judging.run(connection, message)
        return client.DuelRunAck(run_id=message.run_id, queue_position=position)

    async def submit(self, connection: Connection, message: client.DuelSubmit) -> client.DuelSubmitAck:
        submission, position = await self._judging.submit(connection, message)
        return client.DuelSubmitAck(
            submission_id=submission.submission_id, receipt=submission.receipt, queue_position=position
        )

    async def resign(self, connection: Connection, message: client.DuelRef) -> None:
        await self._services.duels.command(message.duel_id, rules.Resign(connection.player_id))

    async def offer_draw(self, connection: Connection, message: client.DuelRef) -> None:
        await self._services.duels.command(message.duel_id, rules.OfferDraw(connection.player_id))

    async def rematch(self, connection: Connection, message: client.DuelRef) -> None:
        with _discreet(connection.player_id):
            await self._services.matchmaking.rematch(message.duel_id, connection.player_id)

    async def say(self, connection: Connection, message: client.DuelSay) -> None:
        if message.reaction not in REACTIONS:
            raise Invalid(f"A reaction is one of: {', '.join(REACTIONS)}.")
        role = connection.roles.get(message.duel_id)
        if role is None:
            raise Forbidden("Open the duel first: duel:open.")
        if role == "spectator":
            raise Forbidden("Only the two players may do that.")
        said = DuelSaid(player_id=connection.player_id, **message.model_dump())
        await self._publish(message.duel_id, "duel:said", said)

    async def _publish(self, duel_id: str, event: str, message: ServerMessage) -> None:
        await self._services.bus.publish(f"duel:{duel_id}", event, message.model_dump(mode="json"))


@contextmanager
def _discreet(player_id: str) -> Iterator[None]:
    """Which duel somebody else is in is nobody's business."""
    try:
        yield
    except AlreadyInDuel as error:
        if error.extra.get("player_id", player_id) == player_id:
            raise
        raise AlreadyInDuel("The other player is in a duel now: try again when it is over.") from None


HANDLERS: dict[str, Callable[[Handlers, Connection, Any], Awaitable[ServerMessage | None]]] = {
    "queue:join": Handlers.queue_join,
    "queue:leave": Handlers.queue_leave,
    "duel:create": Handlers.create,
    "duel:accept": Handlers.accept,
    "duel:practice": Handlers.practice,
    "duel:open": Handlers.open,
    "duel:edit": Handlers.edit,
    "duel:cursor": Handlers.cursor,
    "duel:run": Handlers.run,
    "duel:submit": Handlers.submit,
    "duel:resign": Handlers.resign,
    "duel:offer_draw": Handlers.offer_draw,
    "duel:rematch": Handlers.rematch,
    "duel:say": Handlers.say,
}
