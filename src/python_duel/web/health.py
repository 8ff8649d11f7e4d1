"""Health and metrics for machines: `/healthz`, `/readyz`, `/metrics`."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from python_duel.duels.judges import Judges, offered
from python_duel.platform import metrics
from python_duel.platform.postgres import Database, at_head
from python_duel.platform.redis import LOST, Redis, RedisError, reply
from python_duel.protocol.http import Checks, JudgeHealth, Ready
from python_duel.protocol.jobs import QUEUED, WorkerReport

LEVELS = ("full", "no-userns", "seccomp")
READY_S = 1.5
"""For each check: whoever asks has little patience."""
T = TypeVar("T")


class Health:
    """What this process can reach. `draining` is set before it stops."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database, self._redis, self._judges = database, redis, Judges(redis)
        self.draining = False

    async def ready(self) -> Ready:
        """All checks, done now."""
        postgres, redis = await asyncio.gather(self._check(self._postgres()), self._check(self._ping_redis()))
        judge = JudgeHealth(workers=0, queue=0)
        if redis == "ok":
            try:
                judge = await _soon(self._judge())
            except (*LOST, RedisError) as error:
                redis = _away(error)
        fine = postgres == redis == "ok" and judge.workers > 0 and not self.draining
        return Ready(
            status="ready" if fine else "unavailable", checks=Checks(postgres=postgres, redis=redis, judge=judge)
        )

    async def _check(self, answer: Coroutine[Any, Any, str]) -> str:
        try:
            return await _soon(answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is away
            return _away(error)

    async def _postgres(self) -> str:
        return "ok" if await at_head(self._database) else "the schema is not of this version"

    async def _ping_redis(self) -> str:
        await self._redis.ping()
        return "ok"

    async def _judge(self) -> JudgeHealth:
        reports = list((await self._judges.read()).values())
        known = [LEVELS.index(report.level) for report in reports if report.level in LEVELS]
        return JudgeHealth(
            workers=len(reports),
            level=LEVELS[max(known)] if known else None,
            languages=sorted(offered(reports)) if reports else [],
            queue=await self._queued(),
        )

    async def metrics(self) -> bytes:
        """Those of this process, and of the judges while the store can be reached."""
        reports: dict[str, WorkerReport] = {}
        queued = 0
        with suppress(*LOST, RedisError):
            reports, queued = await self._judges.read(), await self._queued()
        return metrics.exposition(reports, queued)

    async def _queued(self) -> int:
        return int(await reply(self._redis.hlen(QUEUED)))


async def _soon(answer: Coroutine[Any, Any, T]) -> T:
    """The answer. Raises TimeoutError when it is late: giving it up may take a while, too, and is not waited for."""
    task = asyncio.create_task(answer)
    await asyncio.wait({task}, timeout=READY_S)
    if task.done():
        return task.result()
    task.cancel()
    raise TimeoutError


def _away(error: Exception) -> str:
    return f"away: {type(error).__name__}"


def router(health: Health) -> APIRouter:
    """The three endpoints."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    async def readyz() -> JSONResponse:
        ready = await health.ready()
        return JSONResponse(ready.model_dump(mode="json"), 200 if ready.status == "ready" else 503)

    @routes.get("/metrics")
    async def exposition() -> Response:
        return Response(await health.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return routes
