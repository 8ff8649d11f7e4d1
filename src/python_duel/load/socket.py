"""One Socket.IO client socket on picows: its packets by hand, as docs/protocol.md and the Socket.IO protocol say."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from python_duel.errors import StartError

TEXT = WSMsgType.TEXT
WAIT_S = 60.0
Edited = Callable[[bytes], None]
"""Told each `duel:edit` as it came, the packet whole."""
Shown = Callable[[dict[str, Any]], None]
"""Told each snapshot that was sent unasked."""


class Refused(StartError):
    """The server refused what a load cannot go on without."""


class Socket(WSListener):
    """Acknowledgements by id, events by name; edits go to `on_edit` unparsed, snapshots to `on_state`."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token
        self._next_id = 0
        self._acks: dict[int, Callable[[Any], None]] = {}
        self._events: dict[str, list[asyncio.Future[Any]]] = {}
        self.on_edit: Edited = _nothing
        self.on_state: Shown = _nothing
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: str | None = None
        """Why, once it is."""
        self.transport: WSTransport

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The packets go on from here."""
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One packet."""
        if frame.msg_type != TEXT:
            if frame.msg_type == WSMsgType.CLOSE:
                self.closed = self.closed or str(frame.get_close_reason() or "closed by the server")
                transport.disconnect()
            return
        packet = frame.get_payload_as_bytes()
        if packet.startswith(b'42["duel:edit"'):
            self.on_edit(packet)
        elif packet == b"2":
            transport.send(TEXT, b"3")
        else:
            self._take(packet)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Whoever waits has waited in vain."""
        self.closed = self.closed or "the connection was lost"
        for future in [self.joined, *(future for waiting in self._events.values() for future in waiting)]:
            if not future.done():
                future.set_exception(Refused(self.closed))
                future.exception()

    def pause_writing(self) -> None:
        """What we send is small."""

    def resume_writing(self) -> None:
        """What we send is small."""

    def _take(self, packet: bytes) -> None:
        kind = packet[:2]
        if packet[:1] == b"0":
            self.transport.send(TEXT, b"40" + msgspec.json.encode({"token": self._token}))
        elif kind == b"40":
            if not self.joined.done():  # nobody may wait for it any more
                self.joined.set_result(None)
        elif kind == b"44":
            self.joined.set_exception(Refused(packet[2:].decode()))
        elif kind == b"43":
            bracket = packet.index(b"[")
            self._acks.pop(int(packet[2:bracket]))(packet[bracket:])
        elif kind == b"42":
            self._hear(*msgspec.json.decode(packet[2:]))

    def _hear(self, name: str, payload: Any) -> None:
        if name == "session:closed":
            self.closed = payload["reason"]
        if name == "duel:state":
            self.on_state(payload["snapshot"])
        for future in self._events.pop(name, []):
            if not future.done():
                future.set_result(payload)

    def emit(self, event: bytes, payload: bytes, done: Callable[[Any], None] | None = None) -> None:
        """Send an event; `done` is told the acknowledgement, a JSON list."""
        if done is None:
            self.transport.send(TEXT, b'42["%b",%b]' % (event, payload))
            return
        self._next_id += 1
        self._acks[self._next_id] = done
        self.transport.send(TEXT, b'42%d["%b",%b]' % (self._next_id, event, payload))

    async def ask(self, event: str, payload: object) -> dict[str, Any]:
        """Send an event and give its acknowledgement, whatever it says."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def done(ack: bytes) -> None:
            if not answer.done():
                answer.set_result(ack)

        self.emit(event.encode(), msgspec.json.encode(payload), done)
        [said] = msgspec.json.decode(await asyncio.wait_for(answer, WAIT_S))
        told: dict[str, Any] = said
        return told

    async def do(self, event: str, payload: object) -> dict[str, Any]:
        """As `ask`; raises `Refused`."""
        answer = await self.ask(event, payload)
        if not answer["ok"]:
            raise Refused(f"{event} was refused: {answer['error']['message']}")
        return answer

    def hears(self, event: str) -> asyncio.Future[Any]:
        """The next payload of an event."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._events.setdefault(event, []).append(future)
        return future

    def abort(self) -> None:
        """As a network does."""
        self.transport.disconnect(False)


def _nothing(_: object) -> None:
    pass


async def connect(url: str, token: str) -> Socket:
    """A socket that has joined. A path in `url` comes before /socket.io/. Raises `Refused`."""
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    address = f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/socket.io/?EIO=4&transport=websocket"
    try:
        _, socket = await ws_connect(lambda: Socket(token), address, read_buffer_init_size=2048)
    except (OSError, WSError) as error:
        raise Refused(f"{address} does not take a WebSocket: {error}") from None
    assert isinstance(socket, Socket)
    await asyncio.wait_for(socket.joined, WAIT_S)
    return socket
