"""A TCP proxy that does to what passes what bad networks do. It lives in a thread of its own, and is told from any."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Literal

Target = tuple[str, int] | str
"""A host and a port, or the path of a unix socket."""
Way = Literal["up", "down"]
"""From whoever connected to the target, and back."""
BOTH: tuple[Way, Way] = ("up", "down")
CHUNK = 65_536
SLICES, SLICE_S = 48, 0.0002
"""A pause after each, or the receiver's kernel would put them together again."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: a close is a reset."""


class Proxy:
    """What is set may be changed at any time, and holds for connections that are there, too."""

    def __init__(self, target: Target, seed: int = 1) -> None:
        self.latency, self.jitter = 0.0, 0.0
        """Seconds that a byte takes one way, at least, and how many more at most. What was sent first arrives first."""
        self.sliced = False
        """Whether bytes are sent one by one, the first `SLICES` of what comes together."""
        self._target, self._random = target, random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._flowing = {way: asyncio.Event() for way in BOTH}
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True).start()
        self.flow()
        self.listen()

    @property
    def connections(self) -> int:
        """Those that are open."""
        return len(self._pairs)

    def listen(self) -> None:
        """Take connections, on the same port each time."""
        self._do(self._listen())

    def refuse(self) -> None:
        """Take no new connections."""
        self._do(self._refuse())

    def reset(self) -> None:
        """Every connection that is there ends with a reset on both sides."""
        self._do(self._reset())

    def cut(self) -> None:
        """Reset and refuse."""
        self.refuse()
        self.reset()

    def stall(self, *ways: Way) -> None:
        """Nothing arrives any more on these ways, no end of a connection either: a black hole. It is kept meanwhile."""
        self._set(ways, clear=True)

    def flow(self, *ways: Way) -> None:
        """Undo it; without an argument both ways."""
        self._set(ways or BOTH, clear=False)

    def forget(self) -> None:
        """Connections that are there stay in a black hole for ever, as by a firewall that knows them no more."""
        self.stall(*BOTH)
        self._flowing = {way: asyncio.Event() for way in BOTH}
        self.flow()

    def close(self) -> None:
        """End, with everything."""
        self.flow()
        self.cut()
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    def _set(self, ways: tuple[Way, ...], *, clear: bool) -> None:
        async def change() -> None:
            for way in ways:
                (self._flowing[way].clear if clear else self._flowing[way].set)()

        self._do(change())

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server:
            self._server.close()
            self._server = None

    async def _reset(self) -> None:
        for pair in list(self._pairs):
            for writer in pair:
                sock = writer.get_extra_info("socket")
                if sock.family != socket.AF_UNIX:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                writer.transport.abort()

    async def _end(self) -> None:
        # asyncio of Python 3.11 calls it an error when one that serves a connection is cancelled.
        self._loop.set_exception_handler(lambda loop, context: None)
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            dial = asyncio.open_unix_connection if isinstance(self._target, str) else asyncio.open_connection
            there = [self._target] if isinstance(self._target, str) else self._target
            far_reader, far_writer = await dial(*there)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far_writer)
        self._pairs.add(pair)
        try:
            ways = [self._pump("up", reader, far_writer), self._pump("down", far_reader, writer)]
            await asyncio.gather(*ways)
        finally:
            self._pairs.discard(pair)
            for end in pair:
                end.transport.abort()

    async def _pump(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one side has ended: its end arrives as late as its bytes."""
        flowing = self._flowing[way]
        passing: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        taking = asyncio.create_task(self._take(reader, passing))
        try:
            while True:
                due, data = await passing.get()
                await asyncio.sleep(due - self._loop.time())
                await flowing.wait()
                if not data:
                    writer.write_eof()
                    return
                if self.sliced:
                    for n in range(min(len(data), SLICES)):
                        writer.write(data[n : n + 1])
                        await asyncio.sleep(SLICE_S)
                    data = data[SLICES:]
                writer.write(data)
                await writer.drain()
        except (OSError, RuntimeError):  # the other side has ended
            pass
        finally:
            taking.cancel()

    async def _take(self, reader: asyncio.StreamReader, passing: "asyncio.Queue[tuple[float, bytes]]") -> None:
        due, data = 0.0, b"-"
        while data:
            try:
                data = await reader.read(CHUNK)
            except OSError:
                data = b""
            due = max(due, self._loop.time() + self.latency + self.jitter * self._random.random())
            passing.put_nowait((due, data))


@contextmanager
def proxied(target: Target, seed: int = 1) -> Iterator[Proxy]:
    """A proxy before `target`, until the block ends."""
    proxy = Proxy(target, seed)
    try:
        yield proxy
    finally:
        proxy.close()
