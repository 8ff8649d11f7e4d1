"""The judge process: takes jobs as slots get free, keeps its leases, and stops without losing any."""

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import structlog
from pydantic import ValidationError

from python_duel.judge import results
from python_duel.judge.packages import BadPackage, MissingPackage, Packages
from python_duel.judge.queue import Entry, Queue
from python_duel.judge.slots import Slots
from python_duel.judge.tally import Tally
from python_duel.platform.redis import LOST, RedisError
from python_duel.platform.tasks import end
from python_duel.protocol.jobs import Job, JobResult, WorkerReport
from python_duel.protocol.verdict import Verdict
from python_duel.sandbox import Level

T = TypeVar("T")
log = structlog.get_logger(__name__)

POLL_MS = 500
HEARTBEAT_S = 1.0
RECLAIM_S = 2.0
MOST_DELIVERIES = 3
DRAIN_S = 10.0
"""How long running jobs may go on after a stop was asked for; then they are handed back."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
AWAY = (*LOST, RedisError)


def worker_name() -> str:
    """Tells this process from every other, on any host, at any time."""
    return f"{socket.gethostname()[:30]}-{os.getpid()}-{secrets.token_hex(4)}"


class Worker:
    """One judge process. `run` returns after `stop`."""

    def __init__(self, queue: Queue, slots: Slots, level: Level, languages: list[str]) -> None:
        self._queue, self._slots, self._level, self._languages = queue, slots, level, languages
        self._packages = Packages(queue)
        self._tally = Tally()
        self._active: dict[str, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()

    @property
    def active(self) -> int:
        """Jobs under way."""
        return len(self._active)

    def stop(self) -> None:
        """Takes no more jobs; what runs is finished, or handed back."""
        self._stop.set()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT ask for a stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)

    async def run(self) -> None:
        """Until `stop`. The store may go away and come back meanwhile."""
        heartbeats, reclaims = asyncio.create_task(self._heartbeats()), asyncio.create_task(self._reclaims())
        try:
            await self._take_jobs()
            # It may be taking a job over: that one is drained, too.
            await reclaims
            await self._drain()
        finally:
            await end([heartbeats, reclaims])
            with suppress(*AWAY, TimeoutError):
                await asyncio.wait_for(self._queue.leave(), 2)

    async def _take_jobs(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._stop.is_set():
            try:
                await self._queue.open()
                while await self._has_room():
                    for entry in await self._queue.take(1, POLL_MS):
                        self._begin(entry)
                    pause = FIRST_PAUSE_S
            except AWAY as error:
                log.warning("the job queue is out of reach", error=str(error), again_in_s=round(pause, 1))
                pause = await self._pause(pause)

    async def _has_room(self) -> bool:
        """Waits for a slot that is free; False when it is time to stop."""
        stop = asyncio.create_task(self._stop.wait())
        try:
            while len(self._active) >= self._slots.count and not self._stop.is_set():
                await asyncio.wait([stop, *self._active.values()], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
        return not self._stop.is_set()

    async def _pause(self, seconds: float) -> float:
        """Waits, or returns at once when it is time to stop. Gives the next pause."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        return min(seconds * 2, LONGEST_PAUSE_S)

    async def _heartbeats(self) -> None:
        while True:
            with suppress(*AWAY):
                await self._queue.heartbeat(self._report(), list(self._active))
            await asyncio.sleep(HEARTBEAT_S)

    def _report(self) -> WorkerReport:
        return WorkerReport(
            level=self._level,
            languages=self._languages,
            slots=self._slots.count,
            active=len(self._active),
            restarts=self._slots.losses,
            judged=self._tally.judged,
            seconds=self._tally.seconds,
            seconds_sum=self._tally.seconds_sum,
        )

    async def _reclaims(self) -> None:
        while not self._stop.is_set():
            await self._pause(RECLAIM_S)
            room = self._slots.count - len(self._active)
            if room <= 0 or self._stop.is_set():
                continue
            with suppress(*AWAY):
                for entry in await self._queue.stale(room):
                    self._begin(entry, await self._queue.deliveries(entry[0]))

    def _begin(self, entry: Entry, deliveries: int = 1) -> None:
        if entry[0] in self._active:
            return
        task = asyncio.create_task(self._serve(entry, deliveries))
        self._active[entry[0]] = task
        task.add_done_callback(lambda _: self._active.pop(entry[0], None))

    async def _serve(self, entry: Entry, deliveries: int) -> None:
        """One job, from its entry to its end. Whatever goes wrong, exactly one result is written."""
        entry_id, fields = entry
        try:
            job = Job.model_validate_json(fields.get("job", ""))
        except ValidationError as error:
            log.warning("a job cannot be read", entry=entry_id, error=str(error))
            await self._persist(lambda: self._queue.bury(entry, "malformed", None))
            return
        if deliveries > MOST_DELIVERIES:
            log.error("a job was delivered too often", entry=entry_id, job=job.job_id)
            told = results.failed(job, Verdict.IE, "This job failed too often.")
            await self._persist(lambda: self._queue.bury(entry, "delivered too often", told))
            return
        result = await self._result(job)
        if await self._persist(lambda: self._queue.finish(entry, result)):
            self._tally.count(result)
        else:
            log.info("a job was finished elsewhere", entry=entry_id, job=job.job_id)

    async def _result(self, job: Job) -> JobResult:
        try:
            package = await self._persist(lambda: self._packages.get(job.challenge))
            return await self._slots.judge(job, package)
        except MissingPackage:
            return results.failed(job, Verdict.IE, "challenge missing")
        except BadPackage as error:
            return results.failed(job, Verdict.IE, f"challenge unreadable: {error}")
        except Exception as error:
            log.exception("a job could not be judged", job=job.job_id)
            return results.failed(job, Verdict.IE, f"The judge failed: {type(error).__name__}.")

    async def _persist(self, act: Callable[[], Awaitable[T]]) -> T:
        """Does it, as often as the store is away."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                return await act()
            except AWAY as error:
                log.warning("a job waits for the store", error=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _drain(self) -> None:
        if self._active:
            await asyncio.wait(self._active.values(), timeout=DRAIN_S)
        left = dict(self._active)
        await end(left.values())
        with suppress(*AWAY):
            await self._queue.hand_back(list(left))
