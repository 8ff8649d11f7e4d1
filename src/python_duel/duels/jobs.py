"""Work for the judges: jobs onto their stream, results off it. Keys and shapes are in `protocol.jobs`."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from python_duel.challenges.package import Package
from python_duel.errors import Busy
from python_duel.platform.redis import Redis, ResponseError, reply
from python_duel.protocol.jobs import JOBS, RESULTS, RESULTS_GROUP, Job, JobResult, challenge_key

RECLAIM_MS = 10_000
KEEP_S = 86_400
log = structlog.get_logger(__name__)


def _entry_key(job_id: str) -> str:
    """The key that says where on the stream a job was put."""
    return f"job:{job_id}"


class Jobs:
    """The judges' queue as the web sees it."""

    def __init__(self, redis: Redis, limit: int) -> None:
        self._redis, self._limit = redis, limit

    async def position(self) -> int:
        """Jobs waiting or being judged; raises `Busy` when the queue is full."""
        waiting = await self._redis.xlen(JOBS)
        if waiting >= self._limit:
            raise Busy(f"The judges are busy, {waiting} before you: try again in 5 s.", retry_after_ms=5000)
        return int(waiting)

    async def put(self, job: Job, package: Package) -> None:
        """Hand a job over, with the challenge beside it if the store does not have it."""
        await self._redis.set(challenge_key(package.digest), package.model_dump_json(), nx=True)
        entry_id = await self._redis.xadd(JOBS, {"job": job.model_dump_json(exclude_none=True)})
        await self._redis.set(_entry_key(job.job_id), entry_id, ex=KEEP_S)

    async def lost(self, job_id: str) -> bool:
        """Whether no judge will meet the job any more: it is not on the stream."""
        entry_id = await self._redis.get(_entry_key(job_id))
        return entry_id is None or not await reply(self._redis.xrange(JOBS, entry_id, entry_id))

    async def consume(self, process: str, apply: Callable[[JobResult], Awaitable[None]]) -> None:
        """Give every result to `apply`, for ever. One that fails is tried again, here or in another process."""
        while True:
            try:
                await self._ensure_group()
                while True:
                    await self._once(process, apply)
            except Exception as error:  # noqa: BLE001 - whatever it is: without this loop there are no verdicts
                log.warning("results are out of reach", error=repr(error))
                await asyncio.sleep(0.5)

    async def _ensure_group(self) -> None:
        try:
            await self._redis.xgroup_create(RESULTS, RESULTS_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _once(self, process: str, apply: Callable[[JobResult], Awaitable[None]]) -> None:
        claimed = await reply(self._redis.xautoclaim(RESULTS, RESULTS_GROUP, process, RECLAIM_MS, count=16))
        fresh = await reply(self._redis.xreadgroup(RESULTS_GROUP, process, {RESULTS: ">"}, count=16, block=2000))
        entries = [*claimed[1], *(entry for _, stream in fresh or [] for entry in stream)]
        await asyncio.gather(*(self._apply(entry_id, fields, apply) for entry_id, fields in entries))

    async def _apply(
        self, entry_id: str, fields: dict[str, str], apply: Callable[[JobResult], Awaitable[None]]
    ) -> None:
        try:
            await apply(JobResult.model_validate_json(fields["result"]))
        except Exception:
            # Not acknowledged: it is claimed again after RECLAIM_MS.
            log.exception("a result could not be applied", entry=entry_id)
            return
        pipe = self._redis.pipeline(transaction=True)
        pipe.xack(RESULTS, RESULTS_GROUP, entry_id)
        pipe.xdel(RESULTS, entry_id)
        await pipe.execute()
