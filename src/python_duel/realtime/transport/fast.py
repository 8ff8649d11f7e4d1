"""WebSockets on picows inside uvicorn: one C frame parser, no queue and no task a socket.

picows is pinned: the signature of its protocol's constructor is nobody's promise (tests/realtime/test_picows.py).
"""

import asyncio
from collections import deque
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog
from engineio.async_socket import AsyncSocket
from engineio.packet import CLOSE, NOOP, Packet
from picows import (
    WSAutoPingStrategy,
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSProtocolError,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]
from uvicorn import Config
from uvicorn.server import ServerState

from python_duel.realtime.transport.engine import PATIENCE_S, PING_S, Engine
from python_duel.realtime.transport.link import Link, bound, close, cut_off, drop, full

TEXT = WSMsgType.TEXT
HANDSHAKE_S = 5
READ_BUFFER = 2048
"""Bytes a quiet socket's reader takes; grows with its frames."""
COPIED, HEADER = 8192, 14
"""picows' `send` copies no more than that: of a larger packet it leaves uvloop a header in memory that the next packet
overwrites. Its other way to send takes a packet with room before it, and copies what must wait.
"""
MAIL = 64
"""Packets that may wait for the ones before them; then nothing more is read."""
LEAVE_S = 5.0
"""How long a socket that was closed may take to go."""
log = structlog.get_logger(__name__)


class Socket(AsyncSocket):  # type: ignore[misc]
    """engineio's socket, its packets straight on a WebSocket."""

    def __init__(self, engine: Engine, sid: str, transport: WSTransport) -> None:
        # Not the base's: that makes a queue.
        self.server, self.sid = engine, sid
        self.session: dict[str, Any] = {}
        self.connected = self.upgraded = True
        self.upgrading = self.closing = self.closed = False
        self.last_ping = None
        self.link = Link(self.push, self.cut)
        self.silent = False
        """Nothing was heard since the last ping."""
        self._transport = transport
        self._waiting = transport.underlying_transport.get_write_buffer_size
        self._mail: deque[bytes | None] = deque()
        self._reader: asyncio.Task[None] | None = None
        self._paused = False

    def push(self, packet: bytes) -> None:
        """Send a packet; a client that does not read is cut off."""
        size = len(packet)
        if not full(self._waiting(), size):
            if size <= COPIED:
                self._transport.send(TEXT, packet)
            else:
                self._transport.send_reuse_external_bytearray(TEXT, bytearray(HEADER) + packet, HEADER)
            return
        cut_off(self.link)

    def cut(self, reason: str) -> None:
        """Close it."""
        if self.link.send is not drop:
            self.link.send = drop
            close(self._transport.underlying_transport, reason)

    def take(self, packet: bytes) -> None:
        """A packet came in. Packets are handled in order, the hot ones at once."""
        self.silent = False
        if self._mail or self._reader or not self.link.take(packet):
            self._post(packet)

    def refuse(self) -> None:
        """A binary frame came in: no packet here is one."""
        self._post(b"")

    def lost(self) -> None:
        """The connection is gone: that is handled after what came before."""
        self.link.send = drop
        self._post(None)

    def _post(self, item: bytes | None) -> None:
        self._mail.append(item)
        if self._reader is None:
            self._reader = asyncio.get_running_loop().create_task(self._read())
        if len(self._mail) > MAIL and not self._paused:
            self._paused = True
            self._transport.underlying_transport.pause_reading()

    async def _read(self) -> None:
        while self._mail:
            item = self._mail.popleft()
            if item is None:
                await self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
                self.server.sockets.pop(self.sid, None)
            elif not self.closed:
                await self._handle(item)
        self._reader = None
        if self._paused:
            self._paused = False
            self._transport.underlying_transport.resume_reading()

    async def _handle(self, packet: bytes) -> None:
        kind = packet[:1]
        if kind == b"4":
            await self.server.handlers["message"](self.sid, _text(packet[1:]))
        elif kind == b"1":
            await self.close(abort=True, reason=self.server.reason.CLIENT_DISCONNECT)
        elif kind != b"3":
            # Through the one place that closes a socket for a broken frame.
            await self.server.handlers["message"](self.sid, packet)

    # ---- what engineio asks of a socket

    async def send(self, pkt: Packet) -> None:
        """Send one of the library's own packets."""
        packet = pkt.encode()
        self.link.send(packet.encode() if isinstance(packet, str) else packet)

    async def check_ping_timeout(self) -> bool:
        """`beat` does."""
        return True

    def schedule_ping(self) -> None:
        """`beat` does."""

    async def beat(self) -> None:
        """Ping; a client that has said nothing since the last one is gone."""
        if self.silent:
            self._transport.disconnect(False)
        self.silent = True
        self.link.send(b"2")

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """Tell the application, then the client unless `abort`, and close the connection."""
        if self.closed or self.closing:
            return
        self.closing = True
        await self.server._trigger_event("disconnect", self.sid, reason or self.server.reason.SERVER_DISCONNECT)
        if not abort:
            await self.send(Packet(CLOSE))
        self.closed = True
        self.link.send = drop
        self._transport.send_close(WSCloseCode.OK)
        self._transport.disconnect()
        asyncio.get_running_loop().call_later(LEAVE_S, self._transport.disconnect, False)


class Listener(WSListener):
    """Frames of one WebSocket."""

    __slots__ = ("_engine", "_environ", "_limit", "_parts", "_polling", "_socket")

    def __init__(self, engine: Engine, environ: dict[str, Any], polling: AsyncSocket | None, limit: int) -> None:
        super().__init__()
        self._engine, self._environ, self._polling, self._limit = engine, environ, polling, limit
        self._socket: Socket | None = None
        self._parts: list[bytes] = []

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Open a socket, or wait for the probe of one that has polled so far."""
        if self._polling is None:
            self._socket = open_socket(self._engine, self._environ, transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand a whole packet on."""
        kind = frame.msg_type
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "no extension was agreed on")
        if kind == TEXT and frame.fin and not self._parts:
            self._packet(transport, frame.get_payload_as_bytes())
        elif kind == WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        elif kind == WSMsgType.BINARY and self._socket:
            self._socket.refuse()
        elif kind in (TEXT, WSMsgType.CONTINUATION):
            self._part(transport, frame)

    def _part(self, transport: WSTransport, frame: WSFrame) -> None:
        """Join the frames of a fragmented message."""
        if (frame.msg_type == TEXT) == bool(self._parts):
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "a fragment out of place")
        self._parts.append(frame.get_payload_as_bytes())
        if sum(map(len, self._parts)) > self._limit:
            raise WSProtocolError(WSCloseCode.MESSAGE_TOO_BIG, f"a message has at most {self._limit} bytes")
        if frame.fin:
            packet, self._parts = b"".join(self._parts), []
            self._packet(transport, packet)

    def _packet(self, transport: WSTransport, packet: bytes) -> None:
        if self._socket:
            self._socket.take(packet)
        elif packet == b"2probe" and self._polling and not self._polling.upgrading:
            self._polling.upgrading = True
            transport.send(TEXT, b"3probe")
            # Ends the poll that waits.
            self._polling.queue.put_nowait(Packet(NOOP))
        elif packet == b"5" and self._polling and self._polling.upgrading and not self._polling.closed:
            self._socket = take_over(self._engine, self._polling, transport)
        else:
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "no upgrade")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is gone."""
        if self._socket:
            self._socket.lost()
        elif self._polling:
            self._polling.upgrading = False

    def pause_writing(self) -> None:
        """`Socket.push` watches what waits."""

    def resume_writing(self) -> None:
        """`Socket.push` watches what waits."""


def _text(body: bytes) -> str | bytes:
    """Bytes where it is no text: refused as binary is."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


def open_socket(engine: Engine, environ: dict[str, Any], transport: WSTransport) -> Socket:
    """A new socket, told of in the first packet."""
    socket = Socket(engine, engine.generate_id(), transport)
    engine.sockets[socket.sid] = socket
    socket.push(
        b'0{"sid":"%b","upgrades":[],"pingInterval":%d,"pingTimeout":%d,"maxPayload":%d}'
        % (socket.sid.encode(), PING_S * 1000, PATIENCE_S * 1000, engine.max_http_buffer_size)
    )
    engine.requests[socket.sid] = environ
    return socket


def take_over(engine: Engine, polling: AsyncSocket, transport: WSTransport) -> Socket:
    """The socket of a client that has polled so far; what waited for its next poll goes first."""
    socket = Socket(engine, polling.sid, transport)
    polling.closed = polling.upgraded = True
    engine.sockets[socket.sid] = socket
    while not polling.queue.empty():
        packet = polling.queue.get_nowait()
        if packet is not None and packet.packet_type != NOOP:
            socket.push(packet.encode().encode())
    if hasattr(polling, "link"):
        socket.link, polling.link.send = polling.link, socket.push
    return socket


class Quiet:
    """picows' logger: it would make one a connection."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - logging's name
        return False

    def debug(self, *args: object) -> None:
        pass

    info = debug

    def warning(self, message: str, *args: object) -> None:
        log.info("a websocket failed", what=message % args)

    error = exception = warning


class FastProtocol(WSProtocol):  # type: ignore[misc]
    """What uvicorn makes for a request to upgrade; `engine` first, then uvicorn's own arguments."""

    def __init__(
        self, engine: Engine, frame_bytes: int, config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        super().__init__(
            None,  # host_port
            None,  # ws_path
            False,  # is_client_side
            lambda request: admit(engine, frame_bytes, request),
            Quiet(),
            True,  # disconnect_on_exception
            HANDSHAKE_S,
            False,  # enable_auto_ping
            PING_S,
            PING_S,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            True,  # enable_auto_pong
            frame_bytes,
            None,  # extra_headers
            READ_BUFFER,
        )
        self._connections = server_state.connections

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Bound its buffer."""
        self._connections.add(self)
        bound(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Gone."""
        self._connections.discard(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """The request, from uvicorn; what follows comes by `get_buffer`."""
        while data:
            room = self.get_buffer(-1)
            part, data = data[: len(room)], data[len(room) :]
            room[: len(part)] = part
            self.buffer_updated(len(part))

    def shutdown(self) -> None:
        """The server stops."""
        self.transport.send_close(WSCloseCode.SERVICE_RESTART)
        self.transport.disconnect()


def admit(engine: Engine, limit: int, request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
    """Whom engineio would let in: by path, version, origin, and the socket to upgrade if one is named."""
    url = urlsplit(request.path.decode("latin-1"))
    query = parse_qs(url.query)
    headers = ((f"HTTP_{name.upper()}", request.headers.get(name)) for name in ("Host", "Origin", "Cookie"))
    environ = {name: value for name, value in headers if value is not None}
    sid = query.get("sid", [None])[0]
    polling = engine.sockets.get(sid) if sid else None
    if url.path.rstrip("/") != "/socket.io":
        return _refusal(HTTPStatus.NOT_FOUND, "Sockets are at /socket.io/.")
    if not engine.origin_allowed(environ):
        return _refusal(HTTPStatus.FORBIDDEN, "This page's origin may not open a socket here.")
    if query.get("transport") != ["websocket"] or (sid is None and query.get("EIO") != ["4"]):
        return _refusal(HTTPStatus.BAD_REQUEST, "Speak Engine.IO version 4: transport=websocket&EIO=4.")
    if sid and (polling is None or polling.upgraded or polling.closed):
        return _refusal(HTTPStatus.BAD_REQUEST, "There is no such socket to upgrade: connect again.")
    return WSUpgradeResponseWithListener(
        WSUpgradeResponse.create_101_response(), Listener(engine, environ, polling, limit)
    )


def _refusal(status: HTTPStatus, message: str) -> WSUpgradeResponseWithListener:
    return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(status, message.encode()), None)
