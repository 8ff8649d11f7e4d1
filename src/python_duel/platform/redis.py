"""Redis or Valkey: the client type, how it is made, and the errors of its absence. The only module that imports the client."""

import inspect
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

import redis.asyncio
from redis.asyncio.client import Pipeline, PubSub
from redis.backoff import ExponentialBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

Redis = redis.asyncio.Redis
Script = AsyncScript
LOST = (RedisConnectionError, RedisTimeoutError, OSError)
"""What a call raises when the store is away."""

__all__ = ["LOST", "Pipeline", "PubSub", "Redis", "RedisError", "ResponseError", "Script", "connect", "reply"]

T = TypeVar("T")


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


async def reply(answer: Awaitable[T] | T) -> T:
    """The answer of a command: the client's types say "perhaps awaitable", here it always is."""
    return await answer if inspect.isawaitable(answer) else cast("Any", answer)
