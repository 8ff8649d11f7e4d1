"""engineio, with bounds and heartbeats of our own."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import engineio
from engineio.packet import MESSAGE, Packet

from python_duel.realtime.transport.link import Link, close, cut_off, drop, full

PING_S, PATIENCE_S = 20, 15
"""A client is pinged at least so often, and given up when it says nothing for so much longer."""
ROUND_S, STEPS = 14, 280
"""A socket that came just after its turn waits for two rounds: less than its client's patience with both."""
TCP = "python_duel.tcp"
"""The ASGI extension in which the WebSocket's own transport is found."""


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    """Every socket it has, stock or fast, has a `link`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(ping_interval=PING_S, ping_timeout=PATIENCE_S, monitor_clients=False, **options)

    @property
    def ping_interval(self) -> float:
        """Another one each time: sockets that came together are not pinged together."""
        return random.uniform(PING_S / 2, PING_S)

    @ping_interval.setter
    def ping_interval(self, seconds: float) -> None:
        """What the library sets; `PING_S` stands."""

    def create_queue(self, *args: Any, **options: Any) -> "Packets":
        """For each socket that has one."""
        return Packets()

    def link(self, sid: str) -> Link:
        """The link of an open socket; raises KeyError when it is closed."""
        socket = self._get_socket(sid)
        if not hasattr(socket, "link"):
            socket.link = _stock_link(socket, lambda: self._tcp(sid))
        link: Link = socket.link
        return link

    requests: dict[str, dict[str, Any]]
    """What opened each socket, as WSGI has it; the Socket.IO server's own."""

    def origin_allowed(self, request: dict[str, Any]) -> bool:
        """Whether the page that asks may open a socket."""
        origin = request.get("HTTP_ORIGIN")
        return origin is None or self.cors_allowed_origins(origin, request)

    async def beat(self) -> None:
        """Look after every socket once a round, spread over it, for ever."""
        while True:
            sockets = list(self.sockets.values())
            for n in range(STEPS):
                for socket in sockets[n::STEPS]:
                    await self._beat(socket)
                await asyncio.sleep(ROUND_S / STEPS)

    async def _beat(self, socket: Any) -> None:
        if socket.closed:
            self.sockets.pop(socket.sid, None)
        elif isinstance(socket, Beating):
            await socket.beat()
        elif not socket.closing:
            await socket.check_ping_timeout()

    def _tcp(self, sid: str) -> asyncio.WriteTransport | None:
        scope = self.requests[sid].get("asgi.scope", {})
        tcp: asyncio.WriteTransport | None = scope.get("extensions", {}).get(TCP)
        return tcp


@runtime_checkable
class Beating(Protocol):
    """A socket that is pinged by the round, not by itself."""

    async def beat(self) -> None:
        """Its turn in the round."""


class Packets(asyncio.Queue[Packet | None]):
    """What waits for one socket; `size` in bytes, about."""

    size = 0

    def _put(self, item: Packet | None) -> None:
        self.size += _size(item)
        super()._put(item)

    def _get(self) -> Packet | None:
        item = super()._get()
        self.size -= _size(item)
        return item


def _size(item: Packet | None) -> int:
    return len(item.data) if item is not None and isinstance(item.data, str | bytes) else 0


def _stock_link(socket: Any, tcp: Callable[[], asyncio.WriteTransport | None]) -> Link:
    """Onto the queue of a stock socket."""
    closing: list[asyncio.Future[None]] = []

    def send(packet: bytes) -> None:
        if full(socket.queue.size, len(packet)):
            cut_off(link)
        else:
            socket.queue.put_nowait(Packet(MESSAGE, data=packet[1:].decode()))

    def cut(reason: str) -> None:
        if link.send is drop:
            return
        link.send = drop
        transport = tcp() if socket.upgraded else None
        if transport:
            close(transport, reason)
        else:
            # Long-polling: there is nobody to write to. Its next request is told to connect again.
            closing.append(asyncio.ensure_future(socket.close(wait=False, abort=True)))

    link = Link(send, cut)
    return link
