"""The judge's side of the two streams. Every method may raise what `platform.redis` lists as LOST, or RedisError."""

import time
from typing import Any

from python_duel.platform.redis import Redis, ResponseError, reply
from python_duel.protocol.jobs import (
    FINISH,
    JOBS,
    JOBS_GROUP,
    WORKERS,
    JobResult,
    WorkerReport,
    challenge_key,
    worker_key,
)

LEASE_MS = 10_000
"""A job whose worker has not been heard of for so long goes to another one."""
HEARTBEAT_TTL_MS = 5_000

Entry = tuple[str, dict[str, str]]
"""Id and fields of a stream's entry."""


class Queue:
    """Jobs in, results out, as the worker `name`."""

    def __init__(self, redis: Redis, name: str) -> None:
        self._redis, self._name = redis, name

    async def open(self) -> None:
        """Makes the consumer group if there is none."""
        try:
            await self._redis.xgroup_create(JOBS, JOBS_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def take(self, count: int, wait_ms: int) -> list[Entry]:
        """Up to `count` new jobs; waits for the first."""
        found: Any = await self._redis.xreadgroup(JOBS_GROUP, self._name, {JOBS: ">"}, count=count, block=wait_ms)
        return [entry for _, entries in found or [] for entry in entries]

    async def stale(self, count: int) -> list[Entry]:
        """Up to `count` jobs that another worker took and let go of."""
        found: Any = await self._redis.xautoclaim(JOBS, JOBS_GROUP, self._name, LEASE_MS, count=count)
        return [(entry_id, fields) for entry_id, fields in found[1] if fields]

    async def deliveries(self, entry_id: str) -> int:
        """How often a job was handed out, this time included."""
        pending = await self._redis.xpending_range(JOBS, JOBS_GROUP, min=entry_id, max=entry_id, count=1)
        return int(pending[0]["times_delivered"]) if pending else 1

    async def package(self, digest: str) -> str | None:
        """A challenge package as JSON."""
        found: str | None = await reply(self._redis.get(challenge_key(digest)))
        return found

    async def finish(self, entry: Entry, result: JobResult) -> bool:
        """The result is written, the job gone and its player's next one on the stream: all of it or nothing.

        False when somebody else finished the job before.
        """
        return await self._finish(entry, result)

    async def bury(self, entry: Entry, reason: str, result: JobResult | None) -> bool:
        """The same, and the job is put with the dead letters; without a `result` nobody is told."""
        return await self._finish(entry, result, reason)

    async def _finish(self, entry: Entry, result: JobResult | None, reason: str = "") -> bool:
        entry_id, fields = entry
        written = result.model_dump_json(exclude_none=True) if result else ""
        args = entry_id, fields.get("player", ""), written, reason, fields.get("job", "")
        return bool(await reply(self._redis.fcall(FINISH, 1, JOBS, *args)))

    async def hand_back(self, entry_ids: list[str]) -> None:
        """Makes jobs look long left, so that the next worker takes them at once."""
        ids: Any = entry_ids
        if ids:
            await self._redis.xclaim(JOBS, JOBS_GROUP, self._name, 0, ids, idle=LEASE_MS * 2, justid=True)

    async def heartbeat(self, report: WorkerReport, entry_ids: list[str]) -> None:
        """This worker lives, says this of itself, and still works on these jobs."""
        now = int(time.time() * 1000)
        ids: Any = entry_ids
        if ids:
            await self._redis.xclaim(JOBS, JOBS_GROUP, self._name, 0, ids, justid=True)
        await self._redis.set(worker_key(self._name), report.model_dump_json(), px=HEARTBEAT_TTL_MS)
        await self._redis.zadd(WORKERS, {self._name: now})

    async def leave(self) -> None:
        """This worker is gone."""
        await self._redis.zrem(WORKERS, self._name)
        await self._redis.delete(worker_key(self._name))
