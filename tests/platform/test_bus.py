"""The bus on a real Valkey: whatever happens to its connection, a process is never deaf for longer than a moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from python_duel.platform.bus import Bus
from python_duel.platform.pipelined import Pipelined
from python_duel.platform.redis import Redis, connect, reply
from tests.judge.conftest import until


class Ears:
    """A started bus, what it heard, and how many gaps it told of."""

    def __init__(self, redis: Redis, linger_s: float = 0.01) -> None:
        self.bus, self.heard, self.gaps = Bus(redis, Pipelined(redis), linger_s), [], 0
        self.bus.handler, self.bus.on_gap = self._take, self._gap

    heard: list[tuple[str, str]]

    async def _take(self, topic: str, event: str, data: dict[str, Any], origin: str) -> None:
        self.heard.append((topic, event))

    async def _gap(self) -> None:
        self.gaps += 1

    async def hears(self, topic: str, event: str) -> bool:
        """Publishes until it is heard: what is published into a gap is lost, and that is in the contract."""
        await self.bus.publish(topic, event, {})
        return (topic, event) in self.heard


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def ears(redis: Redis) -> AsyncIterator[Ears]:
    ears = Ears(redis)
    await ears.bus.start()
    yield ears
    await ears.bus.stop()


async def kill_subscribers(redis: Redis) -> None:
    await reply(redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub"))


async def test_a_topic_is_heard_until_its_last_listener_leaves(ears: Ears, redis: Redis) -> None:
    await asyncio.gather(*(ears.bus.subscribe("duel:1") for _ in range(5)))
    for _ in range(4):
        await ears.bus.unsubscribe("duel:1")
    await until(lambda: ears.hears("duel:1", "one"))
    await ears.bus.unsubscribe("duel:1")

    async def forgotten() -> bool:
        return "bus:duel:1" not in await reply(redis.pubsub_channels())

    await until(forgotten)


async def test_it_hears_again_after_its_connection_was_killed_under_load(ears: Ears, redis: Redis) -> None:
    """Listeners that come and go meet the lost connection in the same moment as the one who reads it."""
    await ears.bus.subscribe("duel:stays")
    done = asyncio.Event()

    async def comes_and_goes(name: str) -> None:
        while not done.is_set():
            with suppress(TimeoutError):
                await ears.bus.subscribe(name)
            await ears.bus.unsubscribe(name)
            await asyncio.sleep(0)

    guests = [asyncio.create_task(comes_and_goes(f"player:{n}")) for n in range(20)]
    for turn in range(10):
        gaps = ears.gaps
        await kill_subscribers(redis)

        async def recovered(gaps: int = gaps) -> bool:
            return ears.gaps > gaps

        await until(recovered, 10)
        await until(lambda event=f"turn {turn}": ears.hears("duel:stays", event))  # type: ignore[misc]
    done.set()
    await asyncio.gather(*guests)
    expected = {"bus:duel:stays", f"bus:process:{ears.bus.process}"}

    async def only_what_is_wanted() -> bool:
        return set(await reply(redis.pubsub_channels())) == expected

    await until(only_what_is_wanted)


async def test_a_listener_who_comes_while_the_store_is_away_hears_when_it_is_back(ears: Ears, redis: Redis) -> None:
    """The store refuses everybody for a moment, and the listeners who asked meanwhile are all served."""
    user = redis.connection_pool.connection_kwargs["username"]
    await reply(redis.execute_command("ACL", "SETUSER", user, "-subscribe"))
    await kill_subscribers(redis)
    waiting = [asyncio.create_task(ears.bus.subscribe("duel:2")) for _ in range(3)]
    done, _ = await asyncio.wait(waiting, timeout=0.5)
    assert not done
    await reply(redis.execute_command("ACL", "SETUSER", user, "+subscribe"))
    await asyncio.gather(*waiting)
    await until(lambda: ears.hears("duel:2", "after"))


async def test_who_comes_back_soon_finds_the_topic_as_it_was(redis: Redis) -> None:
    ears = Ears(redis, linger_s=60)
    await ears.bus.start()
    try:
        await ears.bus.subscribe("duel:1")
        await ears.bus.unsubscribe("duel:1")
        assert "bus:duel:1" in await reply(redis.pubsub_channels())
        await ears.bus.subscribe("duel:1")
        await until(lambda: ears.hears("duel:1", "again"))
        await kill_subscribers(redis)
        await until(lambda: ears.hears("duel:1", "after a loss"))
    finally:
        await ears.bus.stop()


async def test_leaving_never_fails(ears: Ears, redis: Redis) -> None:
    await ears.bus.subscribe("duel:3")
    await kill_subscribers(redis)
    await ears.bus.unsubscribe("duel:3")
    await ears.bus.unsubscribe("duel:never")
