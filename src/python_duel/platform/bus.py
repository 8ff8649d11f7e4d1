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

import structlog

from python_duel.platform.ids import new_id
from python_duel.platform.redis import LOST, PubSub, Redis, RedisError

Handler = Callable[[str, str, dict[str, Any], str], Awaitable[None]]
"""Called with topic, event, data and the origin process."""

log = structlog.get_logger(__name__)
PREFIX = "bus:"


def channel(topic: str) -> str:
    """The Redis channel of a topic."""
    return PREFIX + topic


def encode(event: str, data: dict[str, Any], origin: str) -> str:
    """One message as it is published."""
    return json.dumps({"event": event, "data": data, "origin": origin}, separators=(",", ":"))


class Bus:
    """One subscriber connection a process; `publish` from anywhere."""

    def __init__(self, redis: Redis) -> None:
        self.process = new_id()
        self._own = f"process:{self.process}"
        self._redis = redis
        self._pubsub: PubSub = redis.pubsub()
        self._topics: dict[str, int] = {}
        self._confirmed: dict[str, asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self.handler: Handler | None = None
        self.on_gap: Callable[[], Awaitable[None]] | None = None

    async def publish(self, topic: str, event: str, data: dict[str, Any]) -> None:
        """Tell every process that listens to `topic`, this one included."""
        await self._redis.publish(channel(topic), encode(event, data, self.process))

    async def subscribe(self, topic: str) -> None:
        """Hear `topic` from now on: returns when the store has confirmed. Counted: as many `unsubscribe` end it."""
        self._topics[topic] = self._topics.get(topic, 0) + 1
        if topic not in self._confirmed:
            self._confirmed[topic] = asyncio.get_running_loop().create_future()
            await self._pubsub.subscribe(channel(topic))
        await asyncio.wait_for(asyncio.shield(self._confirmed[topic]), 10)

    async def unsubscribe(self, topic: str) -> None:
        """Undo one `subscribe`."""
        left = self._topics.get(topic, 0) - 1
        if left > 0:
            self._topics[topic] = left
            return
        self._topics.pop(topic, None)
        self._confirmed.pop(topic, None)
        await self._pubsub.unsubscribe(channel(topic))

    async def start(self) -> None:
        """Begin to listen; the process's own topic keeps the connection alive."""
        self._confirmed[self._own] = asyncio.get_running_loop().create_future()
        self._topics[self._own] = 1
        await self._pubsub.subscribe(channel(self._own))
        self._task = asyncio.create_task(self._listen(), name="bus")

    async def stop(self) -> None:
        """Stop listening."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _listen(self) -> None:
        while True:
            try:
                message = await self._pubsub.get_message(timeout=5)
                if message is not None:
                    await self._take(message)
            except (*LOST, RedisError) as error:
                log.warning("bus lost its connection", error=str(error))
                await asyncio.sleep(0.2)

    async def _take(self, message: dict[str, Any]) -> None:
        topic = str(message["channel"]).removeprefix(PREFIX)
        if message["type"] == "subscribe":
            await self._confirm(topic)
        elif message["type"] == "message" and self.handler:
            body = json.loads(message["data"])
            try:
                await self.handler(topic, body["event"], body["data"], body["origin"])
            except Exception:
                log.exception("a bus message failed", topic=topic, message_event=body["event"])

    async def _confirm(self, topic: str) -> None:
        """The client subscribes again by itself after a lost connection: a second confirmation is the sign of a gap."""
        confirmed = self._confirmed.get(topic)
        if confirmed and not confirmed.done():
            confirmed.set_result(None)
        elif topic == self._own and self.on_gap:
            await self.on_gap()
