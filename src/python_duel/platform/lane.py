"""One connection to one Redis server on which many calls are under way: sent in order, answered in order."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis
import msgspec
import structlog

from python_duel.platform.redis import CONNECT_S, LOST, Connection, RedisConnectionError, RedisError
from python_duel.platform.tasks import end

Done = Callable[[Any], None]
"""Told the answer, undecoded, or the exception that came instead of one."""

HOLD_S = 1.0
"""How long calls wait for a lost connection to come back; then they are answered at once with its loss."""
PAUSE_S = 0.05
PATIENCE_S, LOOKS = 4.0, 4
"""A server that has not answered its oldest call for so long is taken for lost; looks at it meanwhile."""
MOST = 50_000
"""Calls under way and waiting."""
log = structlog.get_logger(__name__)


class Call(msgspec.Struct):
    """One command, as it goes out."""

    packed: bytes
    done: Done | None = None
    """Absent: nobody wants the answer."""
    script: str | None = None
    """What the server must know, if it is a call of a script."""
    key: str = ""
    """One of its keys: they are all on one server of a cluster."""
    tries: int = 0
    """How often a server has sent it back."""

    def answer(self, answer: Any) -> None:
        """End it."""
        try:
            self.take(answer)
        except Exception:
            log.exception("an answer of the store could not be taken")

    def take(self, answer: Any) -> None:
        """What is done with the answer."""
        if self.done is not None:
            self.done(answer)
        elif isinstance(answer, RedisError):
            log.warning("the store has not done what it was told", error=str(answer))


Refused = Callable[["Lane", Call, hiredis.ReplyError], None]


class Lane(asyncio.Protocol):
    """Made again, with the calls of `greeting` first, whenever it is lost.

    What was under way then is answered with the loss: nobody knows whether it was done. What the server refuses goes
    to `refused`. A lane with `lost` is not made again: that is called, and it is over.
    """

    def __init__(
        self,
        connection: Connection,
        greeting: Callable[[], list[Call]],
        refused: Refused,
        lost: Callable[["Lane"], None] | None = None,
    ) -> None:
        self._connection, self._greeting, self._refused, self._lost = connection, greeting, refused, lost
        self._transport: asyncio.WriteTransport | None = None
        self._reader = hiredis.Reader()
        self._under_way: deque[Call] = deque()
        self._unsent: list[Call] = []
        """Waiting for the end of this turn of the loop, or for the connection."""
        self._gone = asyncio.Event()
        self._hopeless = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect."""
        self._task = asyncio.get_running_loop().create_task(self._keep(), name="lane")

    async def close(self) -> None:
        """End; what was not answered is answered with the loss."""
        if self._task:
            await end([self._task])
        self._give_up()
        self.renew()

    def send(self, *calls: Call) -> None:
        """Queue calls, one right after the other. What is queued in one turn of the loop leaves in one write."""
        if self._hopeless or len(self._under_way) + len(self._unsent) >= MOST:
            for call in calls:
                asyncio.get_running_loop().call_soon(call.answer, loss())
            return
        if not self._unsent and self._transport:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.extend(calls)

    def _withdraw(self) -> list[Call]:
        calls, self._unsent = self._unsent, []
        return calls

    def renew(self) -> None:
        """Lose the connection now, and make another."""
        if self._transport:
            self._transport.abort()
            # Not when the loop gets to it: a transport that is closed already says nothing any more.
            self.connection_lost(None)

    def _flush(self) -> None:
        if self._transport and self._unsent:
            calls = self._withdraw()
            self._under_way.extend(calls)
            self._transport.write(b"".join([call.packed for call in calls]))

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            giving_up = loop.call_later(HOLD_S, self._give_up)
            while not await self._connect() and not self._lost:  # noqa: ASYNC110 - the store tells nobody when it is back
                await asyncio.sleep(PAUSE_S)
            giving_up.cancel()
            await self._watch()
            if self._lost:
                self._give_up()
                self._lost(self)
                return

    async def _connect(self) -> bool:
        try:
            async with asyncio.timeout(CONNECT_S):
                transport = await take_over(self._connection, self)
        except (*LOST, RedisError) as error:
            log.warning("the store is out of reach", error=repr(error))
            return False
        self._gone.clear()
        self._transport, self._hopeless = transport, False
        self._unsent[:0] = self._greeting()
        self._flush()
        return True

    async def _watch(self) -> None:
        """Until the connection is gone, or the server has had its time to answer."""
        oldest: Call | None = None
        looks = 0
        while self._transport and not self._gone.is_set():
            try:
                async with asyncio.timeout(PATIENCE_S / LOOKS):
                    await self._gone.wait()
            except TimeoutError:
                now = self._under_way[0] if self._under_way else None
                oldest, looks = now, looks + 1 if now is oldest else 0
                if oldest and looks >= LOOKS:
                    log.warning("the store does not answer", seconds=PATIENCE_S)
                    self.renew()

    def _give_up(self) -> None:
        self._hopeless = True
        for call in self._withdraw():
            call.answer(loss())

    # ---- what asyncio calls

    def data_received(self, data: bytes) -> None:
        """Answers."""
        self._reader.feed(data)
        while (answer := self._reader.gets()) is not False:
            call = self._under_way.popleft()
            if type(answer) is hiredis.ReplyError:
                self._refused(self, call, answer)
            else:
                call.answer(answer)

    def connection_lost(self, error: Exception | None) -> None:
        """Answer what was under way with the loss; what was not sent waits for the next connection."""
        if self._transport is None:
            return
        self._transport, self._reader = None, hiredis.Reader()
        calls, self._under_way = self._under_way, deque()
        self._gone.set()
        for call in calls:
            call.answer(loss())


def loss() -> RedisConnectionError:
    """What a call is answered with when nobody knows whether it was done."""
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
    if transport.is_closing():
        raise loss()
    return cast("asyncio.WriteTransport", transport)
