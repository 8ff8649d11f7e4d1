"""A WebSocket spoken frame by frame (RFC 6455, 5.2), for what no client library would send."""

import asyncio
import base64
import os
import socket
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA
WAIT_S = 10


@dataclass
class Frames:
    """An open WebSocket. `headers`: the server's answer to the request."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    headers: str

    async def send(self, payload: bytes, opcode: int = TEXT, *, fin: bool = True, reserved: int = 0) -> None:
        """One masked frame."""
        size, mask = len(payload), b"\x01\x02\x03\x04"
        if size < 126:
            length = bytes([0x80 | size])
        else:
            length = struct.pack("!BH", 0xFE, size) if size <= 0xFFFF else struct.pack("!BQ", 0xFF, size)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
        self.writer.write(bytes([fin << 7 | reserved << 4 | opcode]) + length + mask + masked)
        await self.writer.drain()

    async def receive(self) -> tuple[int, bytes]:
        """The next frame: opcode and payload. Raises IncompleteReadError at the end."""
        async with asyncio.timeout(WAIT_S):
            first, second = await self.reader.readexactly(2)
            size = second & 0x7F
            if size > 125:
                kind, more = ("!H", 2) if size == 126 else ("!Q", 8)
                [size] = struct.unpack(kind, await self.reader.readexactly(more))
            return first & 0xF, await self.reader.readexactly(size)

    async def until(self, prefix: bytes) -> bytes:
        """The next text that begins so."""
        while True:
            opcode, payload = await self.receive()
            assert opcode != CLOSE, payload
            if opcode == TEXT and payload.startswith(prefix):
                return payload

    async def end(self) -> bytes | None:
        """Read to the end, or to Engine.IO's word for it; the payload of the close frame, if there was one.

        Raises TimeoutError if it goes on.
        """
        told = None
        async with asyncio.timeout(WAIT_S):
            try:
                while True:
                    opcode, payload = await self.receive()
                    told = payload if opcode == CLOSE else told
                    if (opcode, payload) == (TEXT, b"1"):
                        return None
            except (asyncio.IncompleteReadError, ConnectionError):
                return told

    def close(self) -> None:
        self.writer.close()


async def frames(url: str, token: str, headers: str = "", receive_buffer: int | None = None) -> Frames:
    """A WebSocket that has joined the default namespace with the session `token`."""
    parts = urlsplit(url)
    plain = socket.socket()
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (parts.hostname, parts.port))
    # A small limit: what the test does not read stays in the kernel, and then with the server.
    reader, writer = await asyncio.open_connection(sock=plain, limit=1024)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n".encode()
    )
    answer = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_S)).decode()
    assert answer.startswith("HTTP/1.1 101"), answer
    made = Frames(reader, writer, answer)
    await made.until(b"0{")
    await made.send(b'40{"token":"%b"}' % token.encode())
    await made.until(b"40{")
    return made
