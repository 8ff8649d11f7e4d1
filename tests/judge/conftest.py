"""A worker in this process on a real Valkey, as the judge's own user; and what the web would do with its streams."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from python_duel.challenges.loader import load
from python_duel.challenges.package import Package
from python_duel.duels.jobs import Jobs
from python_duel.judge.gate import CHECK
from python_duel.judge.queue import Queue
from python_duel.judge.slots import Slots
from python_duel.judge.worker import Worker, worker_name
from python_duel.platform.bundled import bundled
from python_duel.platform.redis import Redis, connect
from python_duel.protocol.jobs import RESULTS, Job, JobResult
from python_duel.sandbox import Slot

Judge = subprocess.Popen[bytes]


class Web:
    """The other end of the streams."""

    def __init__(self, redis: Redis) -> None:
        self.redis: Any = redis
        self.jobs = Jobs(redis, 1000)

    async def put(self, job: Job, package: Package) -> None:
        """Hands a job over, its challenge beside it."""
        await self.jobs.put(job, package)

    async def results(self, count: int = 1, seconds: float = 20) -> list[JobResult]:
        """The first `count` results, waiting for them."""
        async with asyncio.timeout(seconds):
            found: list[JobResult] = []
            last = "0"
            while len(found) < count:
                for _, entries in await self.redis.xread({RESULTS: last}, block=200) or []:
                    found += [JobResult.model_validate_json(fields["result"]) for _, fields in entries]
                    last = entries[-1][0]
            return found


@pytest.fixture
async def web(redis_url: str) -> AsyncIterator[Web]:
    redis = connect(redis_url)
    web = Web(redis)
    await web.jobs.load()
    yield web
    await redis.aclose()


@pytest.fixture
async def queue(judge_redis_url: str) -> AsyncIterator[Queue]:
    redis = connect(judge_redis_url)
    yield Queue(redis, worker_name())
    await redis.aclose()


@pytest.fixture(scope="session")
def slot() -> Iterator[Slot]:
    """One slot at the best level, with the gate."""
    with Slot("full", CHECK) as slot:
        yield slot


@pytest.fixture
def slots() -> Iterator[Slots]:
    slots = Slots(1, "full")
    yield slots
    slots.close()


@asynccontextmanager
async def running(queue: Queue, slots: Slots) -> AsyncIterator[Worker]:
    """A worker that is stopped at the end."""
    worker = Worker(queue, slots, "full", ["python"])
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await task


@pytest.fixture(scope="session")
def function_challenge() -> Package:
    return load(bundled("challenges") / "fair-shares")


@pytest.fixture(scope="session")
def stdio_challenge() -> Package:
    return load(bundled("challenges") / "honest-scale")


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 5) -> None:
    """Returns when `condition` holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


def reference(package: Package) -> str:
    """The challenge's own solution."""
    path: Path = bundled("challenges") / package.slug / "solutions" / "reference.py"
    return path.read_text()


def job(package: Package, code: str, kind: str = "submission", **more: object) -> Job:
    """A job of one player."""
    fields = {"kind": kind, "job_id": "j1", "duel_id": "d1", "player_id": "p1", "language": "python", "code": code}
    return Job.model_validate({**fields, "challenge": package.digest, **more})


@pytest.fixture
def start_judge(judge_redis_url: str) -> Iterator[Callable[..., Judge]]:
    """Starts judge processes with that many slots; those that are left at the end are killed."""
    started: list[Judge] = []

    def start(slots: int = 1) -> Judge:
        environ = {**os.environ, "REDIS_URL": judge_redis_url, "DUEL_JUDGE_SLOTS": str(slots)}
        started.append(subprocess.Popen([sys.executable, "-P", "-m", "python_duel", "judge"], env=environ))
        return started[-1]

    yield start
    for judge in started:
        judge.kill()
        judge.wait()


def descendants(pid: int) -> set[int]:
    """A process' children, and theirs."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    children = {int(child) for children in lists for child in children.read_text().split()}
    return children.union(*map(descendants, children))


def alive(pid: int) -> bool:
    """Whether a process runs: one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
