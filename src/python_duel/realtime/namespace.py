"""The one parse point: sockets are let in here, and every client event is parsed, handled and acknowledged here."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.cookies import CookieError, SimpleCookie
from typing import Any

import structlog
from pydantic import ValidationError
from socketio.exceptions import ConnectionRefusedError as Refused

from python_duel.errors import DuelError, Invalid, RateLimited, Unauthenticated, Unavailable, UnknownEvent
from python_duel.platform import metrics
from python_duel.platform.ids import digest
from python_duel.platform.ratelimit import Credit
from python_duel.platform.stores import AWAY, log_failure
from python_duel.players.session import COOKIES
from python_duel.protocol.base import ClientMessage, ServerMessage
from python_duel.protocol.client import EVENTS, ErrorAck
from python_duel.protocol.server import ServerDrain, SessionClosed
from python_duel.realtime import wire
from python_duel.realtime.connection import Connection
from python_duel.realtime.handlers import HANDLERS, Handlers
from python_duel.realtime.server import Server
from python_duel.realtime.services import Services

log = structlog.get_logger(__name__)
LOOK_S = 0.02
LONELY = "This server is cut off: connect again, nothing is lost."
OTHER_RATE, OTHER_BURST = 50, 300
"""Events that are no edits, a second and at once: more than any player needs, less than a flood."""


class Namespace:
    """The sockets of this process and their events."""

    def __init__(self, server: Server, services: Services) -> None:
        self._server, self._services = server, services
        self._handlers = Handlers(services)
        self._connections: dict[str, Connection] = {}
        self._under_way = 0
        """Events that are being handled."""
        self._drain_ms: int | None = None
        """While this process stops: within what time clients are to move."""
        server.on("connect", self.connect)
        server.on("disconnect", self.disconnect)
        server.dispatch = self.dispatch
        services.hub.closing = self._close_session

    async def connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """Let a player's socket in, by the token in `auth` or the session cookie; refuse everybody else."""
        try:
            await self._connect(sid, _token(environ, auth))
        except Unauthenticated as error:
            raise _refusal(error) from None
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told to come again
            log_failure(log, "a connection failed", error)
            self._services.presence.turn_away()
            with suppress(Exception):
                await self.disconnect(sid)
            raise _refusal(Unavailable("The server is not ready: connect again.", retry_after_ms=1000)) from None

    async def _connect(self, sid: str, token: str | None) -> None:
        player = await self._services.players.authenticate(token)
        settings = self._services.settings
        connection = Connection(
            sid,
            self._server.link(sid),
            player.id,
            digest(token or ""),
            edits=Credit(settings.edits_per_second, settings.edit_burst),
            volume=Credit(settings.code_bytes / 4, 4 * settings.code_bytes),
            others=Credit(OTHER_RATE, OTHER_BURST),
        )
        self._connections[sid] = connection
        connection.link.take = partial(self._take, connection)
        metrics.CONNECTIONS.inc()
        async with connection.turn:
            await self._services.hub.arrive(connection)
            await self._services.presence.add(player.id, sid)
        connection.arrival = asyncio.create_task(self._tell_arrival(connection))

    async def _tell_arrival(self, connection: Connection) -> None:
        """Apart from the connection itself, which need not wait for it. If it fails, the sweep does it."""
        self._tell_drain(connection)  # not before: the client must have been let in
        try:
            await self._handlers.arrived(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is
            log_failure(log, "an arrival could not be told", error)
        finally:
            connection.arrival = None

    async def disconnect(self, sid: str, reason: Any = None) -> None:
        """A socket is gone."""
        connection = self._connections.pop(sid, None)
        if connection is None:
            return
        metrics.CONNECTIONS.dec()
        try:
            # After its last event: that may still be opening a duel.
            async with connection.turn:
                self._services.writing.forget(connection)
                await self._services.hub.depart(connection)
            if connection.arrival:
                await connection.arrival
            await self._handlers.departed(connection)
        except AWAY as error:
            # Its lease ends by itself, and the sweep tells who is gone.
            if self._drain_ms is None:
                log.warning("a departure could not be told", error=str(error))

    async def dispatch(self, sid: str | None, event: list[Any]) -> dict[str, Any]:
        """Handle one event; its acknowledgement. Never raises."""
        connection = self._connections.get(sid) if sid else None
        self._under_way += 1
        try:
            if connection is None:
                raise Unauthenticated("Connect again.")
            _spend(connection)
            name, message = parse(event)
            async with connection.turn:
                answer = await HANDLERS[name](self._handlers, connection, message)
        except DuelError as error:
            return _refused(error)
        except AWAY as error:
            log.warning("a store is away", client_event=event[0], error=repr(error))
            return _refused(Unavailable("A part of the server is away: try again in a moment.", retry_after_ms=1000))
        except Exception:
            log.exception("an event failed", client_event=event[:1])
            return _refused(_failed())
        finally:
            self._under_way -= 1
        return _ack(answer)

    def _take(self, connection: Connection, packet: bytes) -> bool:
        """Handle an edit or a cursor at once, unless an earlier event is still being handled or it is out of the
        ordinary: then it goes the general way.
        """
        if connection.turn.locked():
            return False
        parsed = wire.hot(packet)
        if parsed is None:
            return False
        ack_id, message = parsed
        try:
            if isinstance(message, wire.Cursor):
                _spend(connection)
                self._services.writing.cursor(connection, message)
                _answer(connection, ack_id, wire.OK % ack_id)
                return True
            reply = partial(_edited, connection, ack_id) if ack_id else _unheard
            return self._services.writing.take(connection, message, reply)
        except DuelError as error:
            _answer(connection, ack_id, wire.ack(ack_id, _refused(error)))
        except Exception:
            log.exception("an event failed", client_event="an edit or a cursor")
            _answer(connection, ack_id, wire.ack(ack_id, _refused(_failed())))
        return True

    def drain(self, within_ms: int) -> None:
        """Tell every socket, and those that still come, that this process is about to stop."""
        self._drain_ms = within_ms
        for connection in self._connections.values():
            self._tell_drain(connection)

    def _tell_drain(self, connection: Connection) -> None:
        if self._drain_ms is not None:
            connection.link.send(wire.event("server:drain", ServerDrain(reconnect_within_ms=self._drain_ms)))

    async def moved(self, within_s: float) -> None:
        """Wait, but no longer than that, until no socket is open."""
        await _within(within_s, lambda: not self._connections)

    async def done(self, within_s: float) -> None:
        """Wait, but no longer than that, until no event is being handled."""
        await _within(within_s, lambda: not self._under_way)

    async def close_ended(self) -> None:
        """Close the sockets of sessions that have ended while this process was deaf."""
        players = {connection.session: connection.player_id for connection in self._connections.values()}
        for session in await self._services.players.ended(players):
            await self._close_session(players[session], {"session": session, "reason": "This session has ended."})

    def send_elsewhere(self) -> None:
        """Close every socket, for its client to connect again: to another process, if they can."""
        for connection in self._connections.values():
            connection.link.cut(LONELY)

    async def _close_session(self, player_id: str, data: dict[str, Any]) -> None:
        for connection in [c for c in self._connections.values() if c.player_id == player_id]:
            if connection.session == data["session"]:
                connection.link.send(wire.event("session:closed", SessionClosed(reason=data["reason"])))
                await self._server.disconnect(connection.sid)


async def _within(seconds: float, condition: Callable[[], bool]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - once in a process' life
                await asyncio.sleep(LOOK_S)


def _answer(connection: Connection, id: bytes, packet: bytes) -> None:
    """Acknowledge, if the client wants to know."""
    if id:
        connection.link.send(packet)


def _edited(connection: Connection, id: bytes, answer: int | DuelError) -> None:
    connection.link.send(wire.edit_ack(id, answer) if isinstance(answer, int) else wire.ack(id, _refused(answer)))


def _unheard(answer: int | DuelError) -> None:
    """The client did not ask."""


def _failed() -> Unavailable:
    return Unavailable("The server could not do that: try again.", retry_after_ms=1000)


def _spend(connection: Connection) -> None:
    wait = connection.others.spend()
    if wait:
        raise RateLimited("Too many events at once: send fewer.", retry_after_ms=wait)


def parse(event: list[Any]) -> tuple[str, ClientMessage]:
    """The name and the payload of a raw event; raises `UnknownEvent` or `Invalid`, which say what is wrong."""
    name = event[0] if event else None
    if not isinstance(name, str) or name not in EVENTS:
        raise UnknownEvent(f"There is no event {str(name)[:40]!r}: docs/protocol.md lists them.")
    if len(event) > 2:
        raise Invalid(f"{name} takes one payload, an object.")
    try:
        return name, EVENTS[name].model_validate(event[1] if len(event) == 2 and event[1] is not None else {})
    except (ValidationError, RecursionError) as error:
        raise Invalid(f"{name}: {_faults(error)}") from None


def _faults(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "nested too deeply."
    parts = [
        f"{'.'.join(map(str, e['loc'][:3])) or 'payload'}: {e['msg']}" for e in error.errors(include_input=False)[:3]
    ]
    return "; ".join(parts) + "."


def _ack(answer: ServerMessage | None) -> dict[str, Any]:
    return {"ok": True} if answer is None else answer.model_dump(mode="json", exclude_none=True)


def _refused(error: DuelError) -> dict[str, Any]:
    metrics.EVENT_ERRORS.labels(error.code).inc()
    return ErrorAck.model_validate({"error": error.body()}).model_dump(mode="json", exclude_none=True)


def _refusal(error: DuelError) -> Refused:
    """The refusal of a connection, with the code where both kinds of stock client look for it."""
    refused = Refused(error.message, error.body())
    refused.error_args["code"] = error.code
    return refused


def _token(environ: dict[str, Any], auth: Any) -> str | None:
    given = auth.get("token") if isinstance(auth, dict) else None
    if isinstance(given, str):
        return given
    try:
        cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
    except CookieError:
        return None
    return next((cookies[name].value for name in COOKIES if name in cookies), None)
