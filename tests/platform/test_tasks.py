"""Ending tasks, also those of which a library has swallowed the cancellation."""

import asyncio
from contextlib import suppress

from python_duel.platform.tasks import end


async def deaf(times: int) -> None:
    """Does not hear so many cancellations."""
    for _ in range(times):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


async def broken() -> None:
    raise ValueError("it was so before")


async def test_a_task_ends_that_has_not_heard_it_the_first_time() -> None:
    tasks = [asyncio.create_task(work) for work in (deaf(0), deaf(1), broken())]
    await asyncio.sleep(0)
    await asyncio.wait_for(end(tasks), 10)
    assert [task.cancelled() for task in tasks] == [True, True, False]


async def test_nothing_to_end() -> None:
    await end([])
