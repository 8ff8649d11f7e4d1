"""The Socket.IO server: python-socketio for the protocol, our own dispatch for what clients may emit."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import socketio
from socketio import packet

from python_duel.settings import Settings

Dispatch = Callable[[str, list[Any]], Awaitable[dict[str, Any]]]
"""Called with the socket's id and the raw event; gives the acknowledgement."""


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """Every client event goes to one `dispatch` and is acknowledged.

    python-socketio would take an event named `connect` or `disconnect` from a client for its own, run the events of a
    connection side by side, and drop those that have no handler.
    """

    dispatch: Dispatch

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if not self.manager.is_connected(sid, namespace or "/"):
            return
        answer = await self.dispatch(sid, data if isinstance(data, list) else [])
        if id is not None:
            ack = self.packet_class(packet.ACK, namespace=namespace or "/", id=id, data=[answer])
            await self._send_packet(eio_sid, ack)


def make_server(settings: Settings) -> Server:
    """A server without handlers yet."""
    return Server(
        async_mode="asgi",
        async_handlers=False,
        cors_allowed_origins=lambda origin, environ: origin_allowed(origin, environ, settings.allowed_origins),
        transports=["websocket", "polling"] if settings.polling else ["websocket"],
        max_http_buffer_size=settings.frame_bytes,
        http_compression=False,
        ping_interval=20,
        ping_timeout=15,
        logger=False,
        engineio_logger=False,
    )


def origin_allowed(origin: str | None, environ: dict[str, Any], extra: list[str]) -> bool:
    """Whether a page of `origin` may speak to us: the server's own host, or one of `extra`. No origin: no browser."""
    if origin is None:
        return True
    parts = urlsplit(origin)
    return origin in extra or (parts.scheme in ("http", "https") and parts.netloc == environ.get("HTTP_HOST"))
