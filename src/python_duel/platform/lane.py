"""One connection to one Redis server on which many calls are under way: sent in order, answered in order."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import hiredis
import structlog

from python_duel.platform.redis import LOST, Connection, RedisConnectionError, RedisError

Done = Callable[[Any], None]
"""Told the answer, undecoded, or the exception that came instead of one."""

HOLD_S = 1.0
"""How long calls wait for a lost connection to come back; then they are answered at once with its loss."""
PAUSE_S = 0.05
MOST = 50_000
"""Calls under way and waiting."""
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Call:
    """One command, as it goes out."""

    packed: bytes
    done: Done | None
    """Absent: nobody wants the answer."""


class Lane(asyncio.Protocol):
    """Made again, with `greeting` first, whenever it is lost.

    What was under way then is answered with the loss: nobody knows whether it was done.
    """

    def __init__(self, connection: Connection, greeting: Callable[[], Iterable[bytes]]) -> None:
        self._connection, self._greeting = connection, greeting
        self._transport: asyncio.WriteTransport | None = None
        self._reader = hiredis.Reader()
        self._under_way: deque[Call] = deque()
        self._unsent: list[Call] = []
        """Waiting for the end of this turn of the loop, or for the connection."""
        self._lost = asyncio.Event()
        self._hopeless = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect."""
        self._task = asyncio.get_running_loop().create_task(self._keep(), name="lane")

    async def close(self) -> None:
        """End; what was not answered is answered with the loss."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._hopeless = True
        self._drop()

    def send(self, call: Call) -> None:
        """Queue a call. What is queued in one turn of the loop leaves in one write."""
        if self._hopeless or len(self._under_way) + len(self._unsent) >= MOST:
            asyncio.get_running_loop().call_soon(_answer, call, _loss())
            return
        if not self._unsent and self._transport:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(call)

    def _flush(self) -> None:
        if self._transport and self._unsent:
            calls, self._unsent = self._unsent, []
            self._under_way.extend(calls)
            self._transport.write(b"".join([call.packed for call in calls]))

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            giving_up = loop.call_later(HOLD_S, self._give_up)
            while not await self._connect():  # noqa: ASYNC110 - the store tells nobody when it is back
                await asyncio.sleep(PAUSE_S)
            giving_up.cancel()
            await self._lost.wait()

    async def _connect(self) -> bool:
        try:
            self._transport = await take_over(self._connection, self)
        except (*LOST, RedisError) as error:
            log.warning("the store is out of reach", error=repr(error))
            return False
        self._lost.clear()
        self._hopeless = False
        greeting = [Call(packed, None) for packed in self._greeting()]
        self._unsent[:0] = greeting
        self._flush()
        return True

    def _give_up(self) -> None:
        self._hopeless = True
        self._drop()

    def _drop(self) -> None:
        """Answer everything with the loss."""
        calls = [*self._under_way, *self._unsent]
        self._under_way.clear()
        self._unsent.clear()
        if self._transport:
            self._transport.abort()
            self._transport = None
        for call in calls:
            _answer(call, _loss())

    # ---- what asyncio calls

    def data_received(self, data: bytes) -> None:
        """Answers."""
        self._reader.feed(data)
        answer = self._reader.gets()
        while answer is not False:
            _answer(self._under_way.popleft(), answer)
            answer = self._reader.gets()

    def connection_lost(self, error: Exception | None) -> None:
        """Answer what was under way with the loss; what was not sent waits for the next connection."""
        self._transport, self._reader = None, hiredis.Reader()
        calls, self._under_way = self._under_way, deque()
        for call in calls:
            _answer(call, _loss())
        self._lost.set()


def _answer(call: Call, answer: Any) -> None:
    if call.done is None:
        return
    try:
        call.done(answer)
    except Exception:
        log.exception("an answer of the store could not be taken")


def _loss() -> RedisConnectionError:
    return RedisConnectionError("the connection to the store was lost")


async def take_over(connection: Connection, protocol: asyncio.Protocol) -> asyncio.WriteTransport:
    """Connect as the library does (address, TLS, password, database), then read and write without it.

    Its writer is private: tests/platform/test_pipelined.py holds it to that.
    """
    await connection.disconnect(nowait=True)
    await connection.connect()  # type: ignore[no-untyped-call]
    assert connection._writer is not None
    transport: Any = connection._writer.transport
    transport.set_protocol(protocol)
    return cast("asyncio.WriteTransport", transport)
