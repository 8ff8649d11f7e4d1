"""The Socket.IO server: python-socketio for the protocol, our own dispatch for what clients may emit."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import socketio
import structlog
from socketio import packet

from python_duel.realtime import wire
from python_duel.realtime.transport.engine import Engine
from python_duel.realtime.transport.link import Link
from python_duel.settings import Settings

Dispatch = Callable[[str | None, list[Any]], Awaitable[dict[str, Any]]]
"""Called with the socket's id, if it has joined, and the raw event; gives the acknowledgement."""

BINARY = (str(packet.BINARY_EVENT), str(packet.BINARY_ACK))
log = structlog.get_logger(__name__)


class Sockets(socketio.AsyncManager):  # type: ignore[misc]
    """Who is connected. Each socket is in two rooms of the library's, that of all and its own: rooms here are ours."""

    def basic_disconnect(self, sid: str, namespace: str, **kwargs: Any) -> None:
        """As the base, which looks for the socket in every room there is: thousands that leave would stop the loop."""
        for room in (None, sid):
            self.basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
                if not pending[namespace]:
                    del pending[namespace]


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """Every client event goes to one `dispatch` and is acknowledged.

    python-socketio would take an event named `connect` or `disconnect` from a client for its own, run the events of a
    connection side by side, and drop those that have no handler.
    """

    dispatch: Dispatch
    eio: Engine

    def __init__(self, **options: Any) -> None:
        quiet = {"logger": False, "engineio_logger": False}
        super().__init__(
            client_manager=Sockets(), async_mode="asgi", async_handlers=False, json=wire.Json, **quiet, **options
        )
        self.eio.requests = self.environ

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    def link(self, sid: str) -> Link:
        """The link of a socket that has joined; raises KeyError when it is closed."""
        return self.eio.link(self.manager.eio_sid_from_sid(sid, "/"))

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        """Offer the packet to the socket's link, then handle it the general way.

        The socket is closed on a frame that is no packet, or that is binary: no event here is, and attachments that
        never come would be waited for in silence.
        """
        try:
            if not isinstance(data, str) or data[:1] in BINARY:
                raise ValueError("binary packets are not taken")
            if not self.eio.link(eio_sid).take(b"4" + data.encode()):
                await super()._handle_eio_message(eio_sid, data)
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            log.warning("a socket is closed for a broken frame", error=str(error)[:100])
            await self.eio.disconnect(eio_sid)
        except Exception:
            log.exception("a socket is closed for an error")
            await self.eio.disconnect(eio_sid)

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:
        namespace = namespace or "/"
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        answer = await self.dispatch(sid, data if isinstance(data, list) else [])
        if id is not None:
            address = str(id) if namespace == "/" else f"{namespace},{id}"
            self.eio.link(eio_sid).send(wire.ack(address.encode(), answer))


def make_server(settings: Settings) -> Server:
    """A server without handlers yet."""
    return Server(
        cors_allowed_origins=lambda origin, environ: origin_allowed(origin, environ, settings.allowed_origins),
        transports=["websocket", "polling"] if settings.polling else ["websocket"],
        max_http_buffer_size=settings.frame_bytes,
        http_compression=False,
    )


def origin_allowed(origin: str | None, environ: dict[str, Any], extra: list[str]) -> bool:
    """Whether a page of `origin` may speak to us: the server's own host, or one of `extra`. No origin: no browser."""
    if origin is None:
        return True
    parts = urlsplit(origin)
    return origin in extra or (parts.scheme in ("http", "https") and parts.netloc == environ.get("HTTP_HOST"))
