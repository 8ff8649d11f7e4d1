"""Reads of one kind that are asked for together are one query."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
MOST = 200
"""Keys of one query."""
AT_ONCE = 2
"""Queries under way: while they are, what is asked for gathers for the next one."""


class Batch(Generic[K, V]):
    """`get` sees nothing older than its own call: a key is never added to a query that has begun."""

    def __init__(self, load: Callable[[list[K]], Awaitable[Mapping[K, V]]]) -> None:
        """`load` gives the values of the keys that have one."""
        self._load = load
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V | None:
        """The value, None if there is none. Raises what `load` raises."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            if len(self._tasks) < AT_ONCE:
                task = asyncio.get_running_loop().create_task(self._run())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(future)

    async def _run(self) -> None:
        while self._waiting:
            keys = list(self._waiting)[:MOST]
            futures = {key: self._waiting.pop(key) for key in keys}
            try:
                found = await self._load(keys)
            except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
                for future in futures.values():
                    future.set_exception(error)
                    future.exception()  # whoever asked may be gone
            else:
                for key, future in futures.items():
                    future.set_result(found.get(key))
