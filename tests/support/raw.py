"""A Socket.IO connection spoken by hand, for frames that no stock client would send."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

WAIT_S = 10
ENGINE_CLOSE = "1"
"""Engine.IO's packet that asks the client to close."""


class RawSocket:
    """One WebSocket that has joined the default namespace."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._acks: dict[int, Any] = {}
        self._id = 0

    async def text(self, frame: str) -> None:
        """Send a frame as it is."""
        await self._socket.send_str(frame)

    async def binary(self, frame: bytes) -> None:
        """Send a binary frame as it is."""
        await self._socket.send_bytes(frame)

    async def emit(self, body: str, attachments: list[bytes] | None = None) -> int:
        """Send an event whose array is written out in `body`; the id of its acknowledgement."""
        self._id += 1
        kind = f"45{len(attachments)}-" if attachments else "42"
        await self.text(f"{kind}{self._id}{body}")
        for attachment in attachments or []:
            await self.binary(attachment)
        return self._id

    async def answer(self, id: int) -> Any:
        """The acknowledgement of an id, or None when the server closed the socket instead."""
        async with asyncio.timeout(WAIT_S):
            while id not in self._acks:
                message = await self._socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT or message.data == ENGINE_CLOSE:
                    return None
                self._take(message.data)
        return self._acks[id]

    async def ask(self, body: str, attachments: list[bytes] | None = None) -> Any:
        """Emit and wait for the acknowledgement; None when the server closed the socket instead."""
        return await self.answer(await self.emit(body, attachments))

    def _take(self, frame: str) -> None:
        if frame.startswith("43"):
            start = frame.index("[")
            [self._acks[int(frame[2:start])]] = json.loads(frame[start:])


@asynccontextmanager
async def raw_socket(url: str, token: str) -> AsyncIterator[RawSocket]:
    """A connected socket of the session `token`."""
    address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        opened = await socket.receive_str(timeout=WAIT_S)
        assert opened.startswith("0{"), opened
        await socket.send_str("40" + json.dumps({"token": token}))
        joined = await socket.receive_str(timeout=WAIT_S)
        assert joined.startswith("40{"), joined
        yield RawSocket(socket)
