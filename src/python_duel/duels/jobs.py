"""Work for the judges: jobs onto their stream, results off it. Keys and shapes are in `protocol.jobs`."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files
from typing import Any

import structlog

from python_duel.challenges.package import Package
from python_duel.duels.judges import Judges
from python_duel.errors import Busy
from python_duel.platform.keys import failing
from python_duel.platform.postgres import AWAY, Trouble
from python_duel.platform.redis import Redis, ResponseError, reply
from python_duel.platform.stores import log_failure
from python_duel.protocol.jobs import (
    JOBS,
    LOST,
    PLACE,
    PUT,
    RESULTS,
    RESULTS_GROUP,
    ROOM,
    TAKEN,
    Job,
    JobKind,
    JobResult,
    challenge_key,
)

RECLAIM_MS = 10_000
BLOCK_MS = 500
"""How long this waits for a result before it looks whether it is to stop."""
OWN_LIMIT = 16
"""Jobs of one player that may wait."""
FAILING_MS = 86_400_000
"""How long it is known since when no judge can judge a submission."""
Back = Callable[[], Awaitable[None]]
"""Returns when the database answers."""
log = structlog.get_logger(__name__)


@cache
def _functions() -> str:
    return (files("python_duel.duels") / "judging.lua").read_text()


class Jobs:
    """The judges' queue as the web sees it: `limit` jobs, but everybody who has none may have one more."""

    def __init__(self, redis: Redis, limit: int) -> None:
        self._redis, self._limit = redis, limit
        self.judges = Judges(redis)

    async def languages(self) -> frozenset[str]:
        """What every judge that lives can run."""
        return await self.judges.languages()

    async def room(self, player_id: str, kind: JobKind) -> None:
        """Raises `Busy` when there is no room for one more job of the player."""
        total, players, own, before = await self._call(ROOM, player_id, kind)
        full = players >= self._limit or (own > 0 and total >= self._limit)
        if not full and own < OWN_LIMIT:
            return
        wait_ms = await self.judges.wait_ms(before)
        why = f"The judges are busy, {before} before you" if full else f"{own} of your programs wait for the judges"
        raise Busy(f"{why}: try again in {wait_ms / 1000:.0f} s.", retry_after_ms=wait_ms, queue_position=before)

    async def put(self, job: Job, package: Package) -> None:
        """Hand a job over, with the challenge beside it if the store does not have it. Once more does no harm."""
        await self._redis.set(challenge_key(package.digest), package.model_dump_json(), nx=True)
        await self._call(PUT, job.player_id, job.job_id, job.kind, job.model_dump_json(exclude_none=True))

    async def place(self, job_id: str, player_id: str) -> int:
        """How many jobs come before this one; 0 too when it is judged."""
        return int(await self._call(PLACE, player_id, job_id))

    async def failing_since(self, submission_id: str, now: int) -> int:
        """When no judge could judge it for the first time: `now` (ms), unless it was before. Lost with the store."""
        key = failing(submission_id)
        before = await reply(self._redis.set(key, now, px=FAILING_MS, nx=True, get=True))
        return int(before or now)

    async def lost(self, job_id: str, player_id: str) -> bool:
        """Whether no judge will meet the job any more: it is neither on the stream nor in its player's line."""
        return bool(await self._call(LOST, player_id, job_id))

    async def _call(self, function: str, *args: str) -> Any:
        try:
            return await reply(self._redis.fcall(function, 1, JOBS, *args))
        except ResponseError as error:
            if "Function not found" not in str(error):
                raise
            await self.load()
            return await reply(self._redis.fcall(function, 1, JOBS, *args))

    async def load(self) -> None:
        """Give the store the functions of the queue, for the judges too."""
        await self._redis.function_load(_functions(), replace=True)

    async def consume(
        self, process: str, apply: Callable[[JobResult], Awaitable[None]], back: Back, stopping: asyncio.Event
    ) -> None:
        """Give every result to `apply`, until `stopping`; what was taken is applied then. One that fails is tried
        again, here or in another process.
        """
        while not stopping.is_set():
            try:
                await self._ensure_group()
                await self.load()
                while not stopping.is_set():
                    await self._once(process, apply, back)
            except Exception as error:  # noqa: BLE001 - whatever it is: without this loop there are no verdicts
                log.warning("results are out of reach", error=repr(error))
                await asyncio.sleep(0.5)

    async def _ensure_group(self) -> None:
        try:
            await self._redis.xgroup_create(RESULTS, RESULTS_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _once(self, process: str, apply: Callable[[JobResult], Awaitable[None]], back: Back) -> None:
        claimed = await reply(self._redis.xautoclaim(RESULTS, RESULTS_GROUP, process, RECLAIM_MS, count=16))
        fresh = await reply(self._redis.xreadgroup(RESULTS_GROUP, process, {RESULTS: ">"}, count=16, block=BLOCK_MS))
        entries = [*claimed[1], *(entry for _, stream in fresh or [] for entry in stream)]
        done = await asyncio.gather(*(self._apply(entry_id, fields, apply) for entry_id, fields in entries))
        left: Any = [entry_id for (entry_id, _), applied in zip(entries, done, strict=True) if not applied]
        if left:
            # As if long left: who can reach the database takes them at once, and this process none before it can.
            await self._redis.xclaim(RESULTS, RESULTS_GROUP, process, 0, left, idle=RECLAIM_MS, justid=True)
            await back()

    async def _apply(
        self, entry_id: str, fields: dict[str, str], apply: Callable[[JobResult], Awaitable[None]]
    ) -> bool:
        """False when the database is away; one that is in trouble may be no better for others."""
        try:
            await apply(JobResult.model_validate_json(fields["result"]))
        except AWAY as error:
            log.warning("a result waits for the database", entry=entry_id, error=repr(error))
            return isinstance(error, Trouble)
        except Exception as error:  # noqa: BLE001 - whatever it is
            # Not acknowledged: it is claimed again after RECLAIM_MS.
            log_failure(log, "a result could not be applied", error, entry=entry_id)
            return True
        await self._call(TAKEN, entry_id)
        return True
