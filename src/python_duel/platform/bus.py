"""Messages between web processes: topics over Redis publish/subscribe.

A topic is `duel:<id>` or `player:<id>`; only processes that subscribed to it hear it. A message is
`{"event", "data", "origin"}`.
Delivery is at most once: after a lost connection every topic is subscribed again and `on_gap` is called, so that the
listeners can read the truth from the stores.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from python_duel.platform.ids import new_id
from python_duel.platform.pipelined import Pipelined
from python_duel.platform.redis import PubSub, Redis, connected, for_subscriber
from python_duel.platform.tasks import end

Handler = Callable[[str, str, Any, str], Awaitable[None]]
"""Called with topic, event, data and the origin process."""

log = structlog.get_logger(__name__)
PREFIX = "bus:"
LINGER_S = 30.0
CONFIRM_S, PAUSE_S = 5, 0.2
"""How long a subscriber waits for the store, and how long the listener waits before it connects again."""
SILENCE_S = 2.5
"""When nothing was heard for so long, the store is asked for a sign of life; it has as long again to give it."""
BEAT = "beat"
"""A topic that is subscribed again and again: the confirmation is that sign."""


def channel(topic: str) -> str:
    """The Redis channel of a topic."""
    return PREFIX + topic


def encode(event: str, data: dict[str, Any], origin: str) -> str:
    """One message as it is published."""
    return json.dumps({"event": event, "data": data, "origin": origin}, separators=(",", ":"))


def _own(process: str) -> str:
    """The topic that a process alone listens to."""
    return f"process:{process}"


class Bus:
    """One subscriber connection a process, kept up by one task; `publish` from anywhere."""

    def __init__(self, redis: Redis, hot: Pipelined, linger_s: float = LINGER_S) -> None:
        self._linger_s = linger_s
        self.process = new_id()
        self._own = _own(self.process)
        self._redis, self._hot = redis, hot
        self._subscriber = for_subscriber(redis)
        self._topics: dict[str, int] = {}
        self._confirmed: dict[str, asyncio.Future[None]] = {}
        self._news: set[str] = set()
        """Topics to begin with, and to end with, in the next request."""
        self._old: set[str] = set()
        self._teller: asyncio.Task[None] | None = None
        self._pubsub: PubSub | None = None
        """The connection while there is one: a new one begins with every topic."""
        self._task: asyncio.Task[None] | None = None
        self.handler: Handler | None = None
        self.on_gap: Callable[[], Awaitable[None]] | None = None

    async def publish(self, topic: str, event: str, data: dict[str, Any]) -> None:
        """Tell every process that listens to `topic`, this one included."""
        await self._redis.publish(channel(topic), encode(event, data, self.process))

    def post(self, process: str, event: str, data: object) -> None:
        """Tell one process, on the hot path: queued now, never waited for."""
        message = msgspec.json.encode({"event": event, "data": data, "origin": self.process})
        self._hot.command("PUBLISH", channel(_own(process)), message)

    async def subscribe(self, topic: str) -> None:
        """Hear `topic` from now on: returns when the store has confirmed; raises TimeoutError when it does not.

        Counted: as many `unsubscribe` end it, also after an error.
        """
        self._topics[topic] = self._topics.get(topic, 0) + 1
        if topic not in self._confirmed:
            self._confirmed[topic] = asyncio.get_running_loop().create_future()
            self._news.add(topic)
            self._tell()
        confirmed = self._confirmed[topic]
        if not confirmed.done():
            await asyncio.wait_for(asyncio.shield(confirmed), CONFIRM_S)

    async def unsubscribe(self, topic: str, *, linger: bool = True) -> None:
        """Undo one `subscribe`. Unless not to `linger`, it is heard for a while: who lost a connection comes back to
        the same topics.
        """
        if topic not in self._topics:
            return
        self._topics[topic] -= 1
        if not self._topics[topic]:
            asyncio.get_running_loop().call_later(self._linger_s if linger else 0, self._forget, topic)

    def _forget(self, topic: str) -> None:
        if self._topics.get(topic) == 0:
            del self._topics[topic]
            self._confirmed.pop(topic, None)
            self._news.discard(topic)
            self._old.add(topic)
            self._tell()

    def _tell(self) -> None:
        """Say what is new and what is over: all of one turn of the loop, and what comes meanwhile, in one request."""
        if self._teller is None or self._teller.done():
            self._teller = asyncio.get_running_loop().create_task(self._request(), name="bus topics")

    async def _request(self) -> None:
        while (self._news or self._old) and (pubsub := self._pubsub) and connected(pubsub):
            news, self._news, old, self._old = self._news, set(), self._old, set()
            try:
                if old:
                    await pubsub.unsubscribe(*map(channel, old))
                if news:
                    await pubsub.subscribe(*map(channel, news))
            except Exception:  # noqa: BLE001 - the library raises all sorts of things on a connection that is being lost
                # The listener meets the same, and makes a new one: that begins with every topic there is.
                self._pubsub = None

    async def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._listen(), name="bus")
        await self.subscribe(self._own)

    async def stop(self) -> None:
        """Stop listening."""
        if self._task:
            await end([self._task])
        if self._teller:
            self._teller.cancel()
        await self._subscriber.aclose()

    async def _listen(self) -> None:
        while True:
            try:
                async with self._subscriber.pubsub() as pubsub:
                    await self._hear(pubsub)
            except Exception as error:  # noqa: BLE001 - whatever it is, this process must not go deaf
                log.warning("bus lost its connection", error=f"{type(error).__name__}: {error}")
            finally:
                self._pubsub = None
            await asyncio.sleep(PAUSE_S)

    async def _hear(self, pubsub: PubSub) -> None:
        """Subscribe to every topic on a new connection, then hear it until it is lost."""
        await pubsub.connect()  # type: ignore[no-untyped-call]
        self._pubsub = pubsub
        self._news.clear()
        self._old.clear()
        # The own topic last: its confirmation says that nothing is missed any more.
        topics = sorted(self._topics, key=self._own.__eq__)
        await pubsub.subscribe(*map(channel, topics))
        asked = True
        while True:
            message = await pubsub.get_message(timeout=SILENCE_S)
            if message is not None:
                asked = False
                await self._take(message)
            elif asked:
                raise TimeoutError(f"nothing was heard for {2 * SILENCE_S:g} s")
            else:
                asked = True
                await pubsub.subscribe(channel(BEAT))

    async def _take(self, message: dict[str, Any]) -> None:
        topic = str(message["channel"]).removeprefix(PREFIX)
        if message["type"] == "subscribe":
            await self._confirm(topic)
        elif message["type"] == "message" and self.handler:
            # What is posted is many and well-formed; what is published may hold anything that a program printed.
            body = (msgspec.json.decode if topic == self._own else json.loads)(message["data"])
            try:
                await self.handler(topic, body["event"], body["data"], body["origin"])
            except Exception:
                log.exception("a bus message failed", topic=topic, message_event=body["event"])

    async def _confirm(self, topic: str) -> None:
        """A second confirmation of the own topic is the sign of a gap."""
        confirmed = self._confirmed.get(topic)
        if confirmed and not confirmed.done():
            confirmed.set_result(None)
        elif topic == self._own and self.on_gap:
            await self.on_gap()
