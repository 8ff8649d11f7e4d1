"""The judges as the web sees them: what they say of themselves with each heartbeat."""

import time
from collections.abc import Iterable
from contextlib import suppress
from functools import reduce

import structlog
from pydantic import ValidationError

from python_duel.platform.redis import LOST, Redis, RedisError, reply
from python_duel.protocol.jobs import WORKERS, WorkerReport, worker_key

FRESH_S = 2.0
FALLBACK = frozenset({"python"})
"""Offered until a judge was seen: what is submitted waits for one."""
SHORTEST_WAIT_MS, LONGEST_WAIT_MS = 1_000, 60_000
GUESS_S = 0.2
"""How long judging takes, before anybody has judged."""
log = structlog.get_logger(__name__)


class Judges:
    """Those that live, read at most every `FRESH_S` seconds."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._read_at = float("-inf")
        self._known: dict[str, WorkerReport] = {}
        self._offered = FALLBACK

    async def reports(self) -> dict[str, WorkerReport]:
        """The last report of each judge that lives, by its name."""
        if time.monotonic() - self._read_at > FRESH_S:
            self._known = await self.read()
            self._read_at = time.monotonic()
        return self._known

    async def read(self) -> dict[str, WorkerReport]:
        """The same, as it is at this moment."""
        names: list[str] = await reply(self._redis.zrange(WORKERS, 0, -1))
        texts = await self._redis.mget([worker_key(name) for name in names]) if names else []
        await self._forget([name for name, text in zip(names, texts, strict=True) if not text])
        found = {name: _parsed(name, text) for name, text in zip(names, texts, strict=True) if text}
        return {name: report for name, report in found.items() if report}

    async def _forget(self, names: list[str]) -> None:
        """Those whose last report has run out. The store's clock says so: a judge's own may be wrong."""
        if names:
            with suppress(*LOST, RedisError):
                await self._redis.zrem(WORKERS, *names)

    async def languages(self) -> frozenset[str]:
        """What every one of them can run. While none lives, what the last could: it is being started again, and nobody
        shall lose their language over that.
        """
        if reports := await self.reports():
            self._offered = offered(reports.values())
        return self._offered

    async def wait_ms(self, jobs: int) -> int:
        """About how long so many jobs take."""
        reports = (await self.reports()).values()
        judged, seconds = sum(sum(r.seconds) for r in reports), sum(r.seconds_sum for r in reports)
        each = seconds / judged if judged else GUESS_S
        wait = 1000 * jobs * each / max(1, sum(r.slots for r in reports))
        return round(min(max(wait, SHORTEST_WAIT_MS), LONGEST_WAIT_MS))


def offered(reports: Iterable[WorkerReport]) -> frozenset[str]:
    """What every judge can run, by its report; Python alone when there is none."""
    each = [frozenset(report.languages) for report in reports]
    return reduce(frozenset.__and__, each) if each else FALLBACK


def _parsed(name: str, text: str | bytes) -> WorkerReport | None:
    try:
        return WorkerReport.model_validate_json(text)
    except ValidationError as error:
        log.warning("a judge's report cannot be read", judge=name, error=str(error))
        return None
