"""Sockets for a duel's home: `/home/<name>/socket.io` is `/socket.io` on the web process of that name.

Processes that share one listening socket accept each other's connections: who accepts one that is for another hands it
over, with what was read of it, in one datagram. If that fails the home is lost, and the connection stays; so it does when
the home stands still, for the kernel would take the datagram all the same.
"""

import array
import asyncio
import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HOME = re.compile(rb"/home/([a-z0-9-]{1,32})(?=/socket\.io(?:/|\?|$))")
REQUEST = re.compile(rb"GET /home/([a-z0-9-]{1,32})/socket\.io[/?]")
MOST_BYTES = 64 * 1024
"""What may have been read of a connection that is handed over."""
AT_ONCE = 64
AGAIN_S, TRIES = 0.002, 50
"""While a home's door is crowded: the kernel lets few datagrams wait, as few as ten."""
BEAT_S, STILL_S = 1.0, 3.0
"""How often a process says at its door that it is at work; after how long without that it stands still."""
Receive = Callable[[socket.socket, bytes], None]
log = structlog.get_logger(__name__)


class House:
    """This process' door for connections that others have accepted. Only processes of the same user reach it."""

    def __init__(self, folder: Path | None, name: str) -> None:
        """`folder` is private to one user; without it nothing is handed over."""
        self.name, self._folder = name, folder
        self._door: socket.socket | None = None
        self._next_beat: asyncio.TimerHandle | None = None

    def open(self, receive: Receive) -> None:
        """Begin to take connections; each is `receive`d with what was read of it."""
        if self._folder is None or not self.name:
            return
        address = self._folder / self.name
        address.unlink(missing_ok=True)  # of one that was killed
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._door.setblocking(False)
        self._door.bind(str(address))
        asyncio.get_running_loop().add_reader(self._door, self._take, receive)
        self._beat(address)

    def _beat(self, address: Path) -> None:
        with suppress(OSError):  # then others keep what is for us
            os.utime(address)
        self._next_beat = asyncio.get_running_loop().call_later(BEAT_S, self._beat, address)

    def close(self) -> None:
        """Take no more: connections stay where they are accepted."""
        if self._next_beat:
            self._next_beat.cancel()
        if self._door and self._folder:
            (self._folder / self.name).unlink(missing_ok=True)
            asyncio.get_running_loop().remove_reader(self._door)
            self._door.close()
            self._door = None

    def hand_over(self, name: str, descriptor: int, read: bytes) -> bool:
        """Give a connection to the process of that name. False: it was not taken.

        Raises BlockingIOError when it may be taken in a moment.
        """
        if self._door is None or self._folder is None or name == self.name or len(read) > MOST_BYTES:
            return False
        if not _beats(self._folder / name):
            log.info("a home stands still", home=name)
            return False
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        try:
            self._door.sendmsg([read], rights, 0, str(self._folder / name))
        except BlockingIOError:
            raise
        except OSError as error:
            log.info("a home did not take a socket", home=name, error=str(error))
            return False
        return True

    def _take(self, receive: Receive) -> None:
        assert self._door is not None
        for _ in range(AT_ONCE):
            try:
                read, descriptors, _, _ = socket.recv_fds(self._door, MOST_BYTES, 1)
            except OSError:
                return
            for descriptor in descriptors:
                receive(socket.socket(fileno=descriptor), read)


def _beats(door: Path) -> bool:
    try:
        return time.time() - door.stat().st_mtime < STILL_S
    except OSError:
        return False


class HomeProtocol(HttpToolsProtocol):
    """uvicorn's, that looks at the first request before it parses it."""

    def __init__(self, house: House, *, read: bytes | None = None, **options: Any) -> None:
        """`read`: what another process read of the connection that it handed over."""
        super().__init__(**options)
        self._house, self._read = house, read
        self._ours = read is not None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Go on with what was read."""
        super().connection_made(transport)
        if self._read:
            self.data_received(self._read)
            self._read = None

    def data_received(self, data: bytes) -> None:
        """Parse it, or be rid of the connection."""
        if not self._ours:
            self._ours = True
            if wanted := REQUEST.match(data):
                self.transport.pause_reading()
                self._offer(wanted[1].decode(), data, TRIES)
                return
        super().data_received(data)

    def _offer(self, home: str, data: bytes, tries: int) -> None:
        """Hand the connection over, or go on here."""
        if self.transport.is_closing():
            return
        try:
            taken = self._house.hand_over(home, self.transport.get_extra_info("socket").fileno(), data)
        except BlockingIOError:
            if tries:
                self.loop.call_later(AGAIN_S, self._offer, home, data, tries - 1)
                return
            taken = False
        if taken:
            self.transport.abort()  # the other process has it open
        else:
            self.transport.resume_reading()
            super().data_received(data)

    def on_headers_complete(self) -> None:
        """For the application, a home's path is the plain one."""
        self.url = HOME.sub(b"", self.url, 1) if self.url.startswith(b"/home/") else self.url
        super().on_headers_complete()


class Arrivals:
    """Connections that were handed over, on their way to a protocol."""

    def __init__(self, protocol: Callable[[bytes], asyncio.Protocol]) -> None:
        self._protocol = protocol
        self._tasks: set[asyncio.Task[None]] = set()

    def receive(self, connection: socket.socket, read: bytes) -> None:
        """As if it had been accepted here."""
        task = asyncio.get_running_loop().create_task(self._settle(connection, read))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, connection: socket.socket, read: bytes) -> None:
        with suppress(OSError):  # gone meanwhile
            connection.setblocking(False)
            await asyncio.get_running_loop().connect_accepted_socket(lambda: self._protocol(read), connection)
