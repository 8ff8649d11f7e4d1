"""The hot path to Redis: one connection, on which calls are under way side by side.

A pool would open a connection for each of them, and pay a round trip on each.
"""

import asyncio
import binascii
import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar

import hiredis

from python_duel.platform.lane import Call, Done, Lane
from python_duel.platform.redis import Redis, RedisError, ResponseError, connection

Part = str | bytes | int
Address = tuple[str, int]
SLOTS = 16_384
NOT_NOW = ("READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN")
"""It was not done: the server starts, or another one is taking its place."""
WAIT_S = 0.2
"""Until such a call is sent again."""
TRIES = 25
"""Of a call that a server has not done."""


class HotScript:
    """A Lua script. Every process loads all there are when it connects."""

    every: ClassVar[list["HotScript"]] = []

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
        self.every.append(self)


class Prepared:
    """Calls of a script that differ in their last two arguments only, a number and bytes: packed in one step."""

    __slots__ = ("_head", "key")

    def __init__(self, script: HotScript, keys: Sequence[str], args: Sequence[Part]) -> None:
        self.key = keys[0]
        open_end = _packed("EVALSHA", script.sha, len(keys), *keys, *args, b"", b"")
        self._head = open_end.removesuffix(2 * b"$0\r\n\r\n")

    def packed(self, number: int, data: bytes) -> bytes:
        """The whole call."""
        digits = b"%d" % number
        return b"%b$%d\r\n%b\r\n$%d\r\n%b\r\n" % (self._head, len(digits), digits, len(data), data)


class Pipelined:
    """Calls are queued, never waited for; each is answered once, with an answer or an exception.

    The exceptions are those of `platform.redis`: `LOST` when nobody knows whether it was done, `RedisError` when the
    server refused it. Answers are undecoded. In a cluster there is a connection to each server that is asked for
    something, and a map of who holds which keys, learnt from what the servers say.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._lane = Lane(connection(redis), _load_all, self._refused)
        self._others: dict[Address, Lane] = {}
        self._slots: dict[int, Lane] = {}

    async def start(self) -> None:
        """Begin to connect; calls may come before it has."""
        self._lane.start()

    async def close(self) -> None:
        """Answer what is under way with its loss, and end."""
        for lane in (self._lane, *self._others.values()):
            await lane.close()

    def command(self, *parts: Part, done: Done | None = None) -> None:
        """Queue a command that has no key. Without `done` its answer is not looked at."""
        self._lane.send(Call(_packed(*parts), done))

    def run(self, script: HotScript, keys: Sequence[str], args: Sequence[Part], done: Done) -> None:
        """Queue a call of a script; it is loaded if the server has lost it."""
        packed = _packed("EVALSHA", script.sha, len(keys), *keys, *args)
        self.send([Call(packed, done, script=script.source, key=keys[0] if keys else "")])

    def send(self, calls: Sequence[Call]) -> None:
        """Queue calls that were packed before, one right after the other."""
        if not self._slots:
            self._lane.send(*calls)
            return
        for call in calls:
            self._at(call.key).send(call)

    async def call(self, script: HotScript, keys: Sequence[str], args: Sequence[Part]) -> Any:
        """As `run`; gives the answer or raises the exception."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def done(answer: Any) -> None:
            if future.done():
                return  # whoever asked was cancelled
            if isinstance(answer, RedisError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

        self.run(script, keys, args, done)
        return await future

    def _refused(self, lane: Lane, call: Call, error: hiredis.ReplyError) -> None:
        """The server did not do it. A script that it does not know is loaded; another server that has the keys is
        asked; a server that changes roles is waited for.
        """
        why, *rest = str(error).split(" ")
        call.tries += 1
        if call.tries > TRIES:
            call.answer(ResponseError(str(error)))
        elif why == "NOSCRIPT" and call.script is not None:
            lane.send(Call(_packed("SCRIPT", "LOAD", call.script)), call)
        elif why == "MOVED":
            self._slots[int(rest[0])] = self._to(rest[1])
            self._to(rest[1]).send(call)
        elif why == "ASK":
            self._to(rest[1]).send(Call(_packed("ASKING")), call)
        elif why in NOT_NOW:
            asyncio.get_running_loop().call_later(WAIT_S, lambda: self.send([call]))
        else:
            call.answer(ResponseError(str(error)))

    def _at(self, key: str) -> Lane:
        return self._slots.get(slot(key), self._lane)

    def _to(self, address: str) -> Lane:
        host, _, port = address.rpartition(":")
        at = host, int(port)
        if at not in self._others:
            lane = Lane(connection(self._redis, at), _load_all, self._refused, self._forget)
            self._others[at] = lane
            lane.start()
        return self._others[at]

    def _forget(self, lane: Lane) -> None:
        """Its server is gone: who has its keys now, the others will say."""
        self._others = {at: other for at, other in self._others.items() if other is not lane}
        self._slots = {number: other for number, other in self._slots.items() if other is not lane}


def slot(key: str) -> int:
    """Where a cluster keeps a key, by its tag in braces if it has one (the cluster specification's `HASH_SLOT`)."""
    tagged = key.partition("{")[2].partition("}")
    return binascii.crc_hqx((tagged[0] if tagged[1] and tagged[0] else key).encode(), 0) % SLOTS


def _load_all() -> list[Call]:
    return [Call(_packed("SCRIPT", "LOAD", script.source)) for script in HotScript.every]


def _packed(*parts: Part) -> bytes:
    packed: bytes = hiredis.pack_command(parts)  # type: ignore[arg-type]
    return packed
