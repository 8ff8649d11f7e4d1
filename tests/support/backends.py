"""What stands between the web processes and PostgreSQL, and cuts a connection off at a chosen moment.

It reads the messages of the protocol (PostgreSQL's manual, "Message Formats"), so a moment is one of a transaction:
`begin`, when it has begun; `write`, when something is written; `commit`, before the server hears of its end; `reply`,
when the server has committed and nobody hears of it. At the first three the backend is terminated as by an operator.
"""

import asyncio
import os
import signal
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

NAME = ".s.PGSQL.5432"
CLIENT, SERVER = "client", "server"


@dataclass
class Backend:
    """One connection: its process, and whether its transaction has written."""

    pid: int = 0
    wrote: bool = False


class Cutter:
    """`url` is the database's by way of this; `arm` says when the next connection is cut off."""

    def __init__(self, database_url: str, folder: Path) -> None:
        [real] = parse_qs(urlsplit(database_url).query)["host"]
        self._real, self._own = str(Path(real, NAME)), str(folder / NAME)
        self.url = database_url.replace(quote(real), quote(str(folder)))
        self._moment, self._left = "", 0
        self.struck = threading.Event()

    def arm(self, moment: str) -> None:
        """`commit 2`: the second commit from now on, of all connections, that would write something."""
        self.struck.clear()
        moment, _, count = moment.partition(" ")
        self._left, self._moment = int(count), moment

    def disarm(self) -> None:
        """Nothing is cut off any more."""
        self._moment = ""

    async def serve(self, ready: threading.Event) -> None:
        """For ever."""
        async with await asyncio.start_unix_server(self._accept, self._own) as server:
            ready.set()
            await server.serve_forever()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream, downstream = await asyncio.open_unix_connection(self._real)
        except OSError:  # the server is away
            writer.close()
            return
        backend = Backend()
        pumps = [
            asyncio.create_task(self._pump(_messages(reader, start=True), downstream, backend, CLIENT)),
            asyncio.create_task(self._pump(_messages(upstream), writer, backend, SERVER)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, downstream):
            end.close()
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, source: AsyncIterator[bytes], to: asyncio.StreamWriter, backend: Backend, who: str) -> None:
        with suppress(OSError):
            async for message in source:
                moment = _moment(message, backend, who)
                if moment and moment == self._moment:
                    self._left -= 1
                    if self._left == 0:
                        self._moment = ""
                        self.struck.set()
                        if moment == "reply":
                            return
                        os.kill(backend.pid, signal.SIGTERM)
                        if moment == "commit":
                            continue
                to.write(message)
                await to.drain()


def _moment(message: bytes, backend: Backend, who: str) -> str:
    kind, body = message[:1], message[5:]
    if who == CLIENT:
        return "commit" if kind == b"Q" and body.startswith(b"COMMIT") and backend.wrote else ""
    if kind == b"K":
        backend.pid = int.from_bytes(body[:4])
    if kind != b"C":
        return ""
    if body.startswith((b"INSERT", b"UPDATE", b"DELETE")):
        backend.wrote = True
        return "write"
    wrote, backend.wrote = backend.wrote, False
    if body.startswith(b"COMMIT"):
        return "reply" if wrote else ""
    backend.wrote = wrote and body.startswith(b"SELECT")
    return "begin" if body.startswith(b"BEGIN") else ""


async def _messages(reader: asyncio.StreamReader, start: bool = False) -> AsyncIterator[bytes]:
    """Whole messages; the first one of a client has no type."""
    with suppress(asyncio.IncompleteReadError):
        while True:
            head = await reader.readexactly(4 if start else 5)
            length = int.from_bytes(head[-4:])
            yield head + await reader.readexactly(length - 4)
            start = False


@contextmanager
def cutter(database_url: str) -> Iterator[Cutter]:
    """One that listens, in a thread of its own, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="cut-") as name:
        made, ready, loop = Cutter(database_url, Path(name)), threading.Event(), asyncio.new_event_loop()

        def run() -> None:
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(made.serve(ready))

        thread = threading.Thread(target=run, name="cutter")
        thread.start()
        assert ready.wait(10)
        try:
            yield made
        finally:
            loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
            thread.join()
            loop.close()
