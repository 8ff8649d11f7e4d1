"""Redis or Valkey: the client, how it is made, and the errors of its absence. Nobody else imports the library."""

from __future__ import annotations

import hashlib
from typing import Any

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.asyncio.connection import AbstractConnection
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import AskError, MovedError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

CONNECT_S = 2.0
PATIENCE_S = 5.0
"""For one answer, a blocking read's own wait included: a network that swallows packets says nothing for minutes."""
POOL_WAIT_S = PATIENCE_S
HOPS = 5
"""From server to server of a cluster, for one command."""
Connection = AbstractConnection
UNSTARVED = "#!lua flags=allow-oom\n"
"""Begins a script that goes on when the store has no memory left: what it writes is small, and duels end by it."""
LOST = (RedisConnectionError, RedisTimeoutError, OSError)
"""What a call raises when the store is away."""

__all__ = [
    "LOST",
    "UNSTARVED",
    "Connection",
    "PubSub",
    "Redis",
    "RedisConnectionError",
    "RedisError",
    "ResponseError",
    "connect",
    "connected",
    "connection",
    "for_subscriber",
    "reply",
]


class Redis(redis.asyncio.Redis):
    """A client of one server, which follows that server's word to the others of its cluster.

    The library's own client for clusters cannot subscribe, and asks every server for the map first; here a command that
    came to the wrong server takes one more round trip, and a server alone is none the wiser. The hot path
    (`platform.pipelined`) keeps a map.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._scripts: dict[str, str] = {}
        self._others: dict[tuple[str, int], redis.asyncio.Redis] = {}

    def register_script(self, script: Any) -> Any:
        """A script that any server of the cluster can be asked for."""
        self._scripts[hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()] = script
        return super().register_script(script)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Do it where the keys are."""
        at: Any = super()
        asking = False
        for hop in range(HOPS + 1):
            try:
                return await _asking(at, args, options) if asking else await at.execute_command(*args, **options)
            except AskError as error:  # MovedError is one
                if hop == HOPS:
                    raise
                at, asking = self._at(error.node_addr), not isinstance(error, MovedError)
            except NoScriptError:
                if at not in self._others.values() or args[1] not in self._scripts:
                    raise
                await at.script_load(self._scripts[args[1]])
        raise AssertionError("a command ends or raises")

    async def function_load(self, code: str, replace: bool | None = False) -> Any:
        """Onto every server of the cluster that is known."""
        for other in self._others.values():
            await reply(other.function_load(code, replace=replace))
        return await reply(super().function_load(code, replace=replace))

    async def aclose(self, *args: Any) -> None:
        """Close every connection."""
        for other in self._others.values():
            await other.aclose()
        await super().aclose(*args)

    def _at(self, address: tuple[str, int]) -> redis.asyncio.Redis:
        if address not in self._others:
            pool = self.connection_pool
            like = {"connection_class": pool.connection_class, "max_connections": pool.max_connections}
            options = {**pool.connection_kwargs, **_named(address), **like}
            made = redis.asyncio.BlockingConnectionPool(timeout=POOL_WAIT_S, **options)
            self._others[address] = redis.asyncio.Redis(connection_pool=made)
        return self._others[address]


async def _asking(at: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A command for keys that are being moved to this server."""
    pipe = at.pipeline(transaction=False)
    pipe.execute_command("ASKING")
    pipe.execute_command(*args, **options)
    return (await pipe.execute())[1]


def _named(address: tuple[str, int]) -> dict[str, Any]:
    """A server that does not know its own name means the one it was asked by."""
    host, port = address
    return {"host": host, "port": port} if host else {"port": port}


def connect(url: str, max_connections: int = 64) -> Redis:
    """A client with text answers over a bounded, blocking pool; no connection is made yet."""
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        decode_responses=True,
        max_connections=max_connections,
        timeout=POOL_WAIT_S,
        socket_connect_timeout=CONNECT_S,
        socket_timeout=PATIENCE_S,
        # Not after a time-out: it may have been done, and whoever asked has waited long enough.
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.02), 3, supported_errors=(RedisConnectionError,)),
        retry_on_error=[RedisConnectionError],
    )
    return Redis(connection_pool=pool)


def connection(client: Redis, address: tuple[str, int] | None = None) -> Connection:
    """A connection to the store of `client`, or another of its cluster, beside its pool; not connected yet, and not
    made again by itself.
    """
    pool = client.connection_pool
    kwargs = {**pool.connection_kwargs, "retry": Retry(NoBackoff(), 0, supported_errors=()), "retry_on_error": []}
    if address:
        kwargs |= _named(address)
    made: Connection = pool.connection_class(**kwargs)
    return made


def for_subscriber(client: Redis) -> redis.asyncio.Redis:
    """A client of the same store whose one connection fails when it is lost, and is not made again behind its user.

    The library lets a reader and a writer of one connection both make it again at once, and that leaves it deaf.
    """
    pool = client.connection_pool
    kwargs = {**pool.connection_kwargs, "retry": Retry(NoBackoff(), 0, supported_errors=()), "retry_on_error": []}
    return redis.asyncio.Redis(connection_pool=redis.asyncio.ConnectionPool(pool.connection_class, **kwargs))


def connected(pubsub: PubSub) -> bool:
    """Whether a subscriber has its connection."""
    connection: Any = pubsub.connection
    return connection is not None and bool(connection.is_connected)


async def reply(answer: Any) -> Any:
    """The answer of a command, for the caller to type: the client's types leave open whether it is text or bytes."""
    return await answer
