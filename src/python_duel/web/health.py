"""Health and metrics for machines: `/healthz`, `/readyz`, `/metrics`."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from python_duel.platform import metrics
from python_duel.platform.clock import Clock
from python_duel.platform.postgres import Database, at_head
from python_duel.platform.redis import Redis, reply
from python_duel.protocol.http import Checks, JudgeHealth, Ready
from python_duel.protocol.jobs import JOBS, WORKERS, level_key

HEARTBEAT_MS = 5000
LEVELS = ("full", "no-userns", "seccomp")


class Health:
    """What this process can reach. `draining` is set before it stops."""

    def __init__(self, database: Database, redis: Redis, clock: Clock) -> None:
        self._database, self._redis, self._clock = database, redis, clock
        self.draining = False

    async def ready(self) -> Ready:
        """All checks, done now."""
        postgres, redis = await self._postgres(), await self._ping_redis()
        judge = await self._judge() if redis == "ok" else JudgeHealth(workers=0, queue=0)
        fine = postgres == redis == "ok" and judge.workers > 0 and not self.draining
        return Ready(
            status="ready" if fine else "unavailable", checks=Checks(postgres=postgres, redis=redis, judge=judge)
        )

    async def _postgres(self) -> str:
        try:
            return "ok" if await at_head(self._database) else "the schema is not of this version"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is away
            return f"away: {type(error).__name__}"

    async def _ping_redis(self) -> str:
        try:
            await self._redis.ping()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is away
            return f"away: {type(error).__name__}"
        return "ok"

    async def _judge(self) -> JudgeHealth:
        since = self._clock.now() - HEARTBEAT_MS
        workers: list[str] = await reply(self._redis.zrangebyscore(WORKERS, since, "+inf"))
        levels = await self._redis.mget([level_key(worker) for worker in workers]) if workers else []
        known = [LEVELS.index(level) for level in levels if level in LEVELS]
        return JudgeHealth(
            workers=len(workers),
            level=LEVELS[max(known)] if known else None,
            queue=await self._redis.xlen(JOBS),
        )


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
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return routes
