"""Redis or Valkey: the client, how it is made, and the errors of its absence. Nobody else imports the library."""

from typing import Any

import redis.asyncio
from redis.asyncio.client import Pipeline, PubSub
from redis.asyncio.connection import AbstractConnection
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

Redis = redis.asyncio.Redis
Connection = AbstractConnection
Script = AsyncScript
LOST = (RedisConnectionError, RedisTimeoutError, OSError)
"""What a call raises when the store is away."""

__all__ = [
    "LOST",
    "Connection",
    "Pipeline",
    "PubSub",
    "Redis",
    "RedisConnectionError",
    "RedisError",
    "ResponseError",
    "Script",
    "connect",
    "connected",
    "connection",
    "for_subscriber",
    "reply",
]


def connect(url: str, max_connections: int = 64) -> "Redis":
    """A client with text answers over a bounded, blocking pool; no connection is made yet."""
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        decode_responses=True,
        max_connections=max_connections,
        timeout=10,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.02), 3),
        retry_on_error=[RedisConnectionError],
    )
    return redis.asyncio.Redis(connection_pool=pool)


def connection(client: "Redis") -> Connection:
    """A connection to the store of `client`, beside its pool; not connected yet, and not made again by itself."""
    pool = client.connection_pool
    kwargs = {**pool.connection_kwargs, "retry": Retry(NoBackoff(), 0, supported_errors=()), "retry_on_error": []}
    made: Connection = pool.connection_class(**kwargs)
    return made


def for_subscriber(client: "Redis") -> "Redis":
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
