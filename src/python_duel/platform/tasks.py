"""Ending tasks."""

import asyncio
from collections.abc import Iterable

AGAIN_S = 1.0


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel them, and again until they have ended.

    Once is not always enough: `asyncio.wait_for` of Python 3.11, and with it the Redis client, swallows a cancellation
    that comes in the moment in which what it waits for ends.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=AGAIN_S)
        await asyncio.gather(*ended, return_exceptions=True)
