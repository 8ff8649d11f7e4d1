"""Reads that are gathered: right for each, few, and never older than the question."""

import asyncio
from collections.abc import Mapping

import pytest

from python_duel.platform.batch import AT_ONCE, MOST, Batch


class Store:
    """Values that change; reads take until they are let go."""

    def __init__(self) -> None:
        self.values: dict[int, str] = {}
        self.queries: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None

    async def load(self, keys: list[int]) -> Mapping[int, str]:
        self.queries.append(keys)
        found = {key: self.values[key] for key in keys if key in self.values}
        await self.open.wait()
        if self.failure:
            raise self.failure
        return found


async def test_what_is_asked_together_is_one_query() -> None:
    store = Store()
    store.values = {1: "a", 2: "b"}
    batch = Batch(store.load)
    assert await asyncio.gather(*(batch.get(key) for key in (1, 2, 3, 1))) == ["a", "b", None, "a"]
    assert sum(map(len, store.queries)) == 3
    assert len(store.queries) <= AT_ONCE


async def test_a_query_has_at_most_so_many_keys() -> None:
    store = Store()
    store.values = {key: str(key) for key in range(3 * MOST)}
    batch = Batch(store.load)
    assert await asyncio.gather(*map(batch.get, store.values)) == list(store.values.values())
    assert max(map(len, store.queries)) <= MOST


async def test_an_answer_is_never_older_than_its_question() -> None:
    store = Store()
    store.values[1] = "old"
    store.open.clear()
    batch = Batch(store.load)
    first = asyncio.create_task(batch.get(1))
    while not store.queries:
        await asyncio.sleep(0)
    store.values[1] = "new"
    second = asyncio.create_task(batch.get(1))
    await asyncio.sleep(0)
    store.open.set()
    assert (await first, await second) == ("old", "new")


async def test_a_failure_is_raised_for_all_who_asked_and_the_next_query_is_a_new_one() -> None:
    store = Store()
    store.failure = OSError("away")
    batch = Batch(store.load)
    results = await asyncio.gather(batch.get(1), batch.get(2), return_exceptions=True)
    assert [type(result) for result in results] == [OSError, OSError]
    store.failure = None
    store.values[1] = "a"
    assert await batch.get(1) == "a"


async def test_who_gives_up_takes_nothing_from_the_others() -> None:
    store = Store()
    store.values[1] = "a"
    store.open.clear()
    batch = Batch(store.load)
    one, two = asyncio.create_task(batch.get(1)), asyncio.create_task(batch.get(1))
    while not store.queries:
        await asyncio.sleep(0)
    one.cancel()
    store.open.set()
    with pytest.raises(asyncio.CancelledError):
        await one
    assert await two == "a"
