"""The hot connection on a real Valkey: each call is answered once, in order, whatever happens to the connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_duel.platform import lane
from python_duel.platform.pipelined import HotScript, Pipelined, Prepared
from python_duel.platform.redis import LOST, Redis, ResponseError, connect, reply

PUSH = HotScript("return redis.call('RPUSH', KEYS[1], ARGV[1])")
WRONG = HotScript("return redis.call('LPUSH', KEYS[1])")


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


class Calls:
    """Calls under way, and every answer to each."""

    def __init__(self, hot: Pipelined) -> None:
        self._hot = hot
        self.answers: list[list[Any]] = []
        self._left = 0
        self._all = asyncio.Event()

    def push(self, key: str, value: int) -> None:
        mine: list[Any] = []
        self.answers.append(mine)
        self._left += 1

        def done(answer: Any) -> None:
            mine.append(answer)
            self._left -= 1
            if not self._left:
                self._all.set()

        self._hot.run(PUSH, [key], [value], done)

    async def finished(self) -> None:
        async with asyncio.timeout(10):
            while self._left:
                self._all.clear()
                await self._all.wait()


@given(st.integers(min_value=0), st.binary(max_size=40))
def test_a_prepared_call_is_what_the_library_packs(number: int, data: bytes) -> None:
    prepared = Prepared(PUSH, ["key", "än"], ["fixed", 7])
    whole: Any = ("EVALSHA", PUSH.sha, 2, "key", "än", "fixed", 7, str(number), data)
    assert prepared.packed(number, data) == hiredis.pack_command(whole)


async def test_calls_wait_for_a_server_that_changes_roles(hot: Pipelined, client: Redis) -> None:
    await reply(client.execute_command("REPLICAOF", "127.0.0.1", "1"))
    calls, refused = Calls(hot), asyncio.Event()
    for n in range(10):
        calls.push("list", n)
    hot.command("PING", done=lambda answer: refused.set())
    await refused.wait()
    assert not any(calls.answers)
    await reply(client.execute_command("REPLICAOF", "NO", "ONE"))
    await calls.finished()
    assert calls.answers == [[n + 1] for n in range(10)]
    assert await reply(client.lrange("list", 0, -1)) == [str(n) for n in range(10)]


async def kill(client: Redis) -> None:
    """Every connection but this one."""
    await reply(client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))


async def test_calls_are_done_and_answered_in_order(hot: Pipelined, client: Redis) -> None:
    calls = Calls(hot)
    for n in range(1000):
        calls.push("list", n)
    await calls.finished()
    assert calls.answers == [[n + 1] for n in range(1000)]
    assert await reply(client.lrange("list", 0, -1)) == [str(n) for n in range(1000)]


async def test_what_is_queued_in_one_turn_leaves_in_one_write(hot: Pipelined, client: Redis) -> None:
    await hot.call(PUSH, ["list"], [0])
    writes = []
    transport: Any = hot._lane._transport

    class Counted:
        def __getattr__(self, name: str) -> Any:
            return getattr(transport, name)

        def write(self, data: bytes) -> None:
            writes.append(data)
            transport.write(data)

    hot._lane._transport = Counted()  # type: ignore[assignment]
    calls = Calls(hot)
    for n in range(50):
        calls.push("list", n)
    await calls.finished()
    assert len(writes) == 1


async def test_answers_are_bytes_and_errors_are_exceptions(hot: Pipelined) -> None:
    assert await hot.call(HotScript("return {ARGV[1], 7, false}"), [], [b"\xff\x00"]) == [b"\xff\x00", 7, None]
    with pytest.raises(ResponseError, match="number of args"):
        await hot.call(WRONG, ["list"], [])
    assert await hot.call(PUSH, ["list"], [1]) == 1


async def test_a_killed_connection_answers_each_call_once_and_comes_back(hot: Pipelined, client: Redis) -> None:
    await hot.call(PUSH, ["list"], ["first"])
    calls = Calls(hot)
    for n in range(20):
        for m in range(100):
            calls.push("list", 100 * n + m)
        if n % 5 == 2:
            await kill(client)
        await asyncio.sleep(0)
    await calls.finished()
    assert all(len(answers) == 1 for answers in calls.answers)
    outcomes = [answers[0] for answers in calls.answers]
    assert all(isinstance(outcome, (int, *LOST)) for outcome in outcomes)
    stored = [int(value) for value in (await reply(client.lrange("list", 0, -1)))[1:]]
    # What was answered is there, once; nothing overtook anything.
    assert stored == sorted(set(stored))
    assert {n for n, outcome in enumerate(outcomes) if isinstance(outcome, int)} <= set(stored)
    assert await hot.call(PUSH, ["list"], ["last"]) == len(stored) + 2


async def test_a_script_that_the_server_lost_is_loaded_again(hot: Pipelined, client: Redis) -> None:
    await hot.call(PUSH, ["list"], [0])
    await client.script_flush()
    calls = Calls(hot)
    for n in range(100):
        calls.push("list", n)
    await calls.finished()
    assert [answers[0] for answers in calls.answers] == list(range(2, 102))


async def test_calls_wait_a_moment_for_a_store_that_is_away_then_hear_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "HOLD_S", 0.05)
    away = Pipelined(connect("unix:///nonexistent/valkey.sock"))
    await away.start()
    for _ in range(2):
        with pytest.raises(LOST):
            await away.call(PUSH, ["list"], [1])
    await away.close()


async def test_after_the_end_every_call_hears_of_the_loss(hot: Pipelined) -> None:
    calls = Calls(hot)
    calls.push("list", 1)
    await hot.close()
    calls.push("list", 2)
    await calls.finished()
    assert [len(answers) for answers in calls.answers] == [1, 1]
    assert isinstance(calls.answers[1][0], LOST)


async def test_a_server_that_answers_nothing_bounds_what_waits(
    hot: Pipelined, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "MOST", 10)
    await hot.call(PUSH, ["list"], ["first"])
    await reply(client.execute_command("CLIENT", "PAUSE", "300", "ALL"))
    calls = Calls(hot)
    for n in range(15):
        calls.push("list", n)
    await calls.finished()
    assert [isinstance(answers[0], LOST) for answers in calls.answers] == [False] * 10 + [True] * 5
