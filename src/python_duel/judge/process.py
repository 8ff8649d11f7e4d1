"""Composition of the judge process: from settings to a running worker."""

import asyncio
import os
from contextlib import suppress
from math import ceil
from pathlib import Path

import structlog

from python_duel.errors import StartError
from python_duel.judge.queue import Queue
from python_duel.judge.slots import Slots
from python_duel.judge.weight import stand_back
from python_duel.judge.worker import Worker, worker_name
from python_duel.languages import available
from python_duel.platform.redis import connect
from python_duel.sandbox import LEVELS, Level, SandboxError, SlotLost, best_level
from python_duel.settings import Settings

log = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Judges until SIGTERM or SIGINT. Raises StartError when this machine or the settings do not allow it, or with the
    exit code 1 when they may the next time.
    """
    if settings.redis_url is None:
        raise StartError("A judge takes its jobs from Redis: set REDIS_URL, or start everything with 'serve'.")
    stand_back()
    level = required_level(settings.min_level)
    try:
        asyncio.run(_serve(settings, settings.redis_url, level))
    except SandboxError as error:
        # A machine with too much to do is no machine that cannot.
        exit_code = 1 if isinstance(error, SlotLost) else 3
        raise StartError(f"The sandbox does not start: {error}.", exit_code) from error


def required_level(least: Level) -> Level:
    """The best level here. Raises StartError when it is below `least`."""
    level = best_level()
    if level is None or LEVELS.index(level) > LEVELS.index(least):
        raise StartError(
            f"The isolation possible here is {level or 'none'}, DUEL_MIN_LEVEL asks for {least}: "
            "run 'python-duel doctor' to see what is missing.",
            exit_code=3,
        )
    return level


def slot_count(wanted: int, cores: int) -> int:
    """Never more than cores: programs that share one would be charged for each other's waits."""
    if wanted > cores:
        log.warning("fewer cores than DUEL_JUDGE_SLOTS: one slot a core", wanted=wanted, cores=cores)
    return min(wanted or cores, cores)


def cores(cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores this process may use: those it may run on, fewer when its container gets a share of their time only."""
    mine = len(os.sched_getaffinity(0))
    return min(mine, max(1, ceil(_share(cgroups) or mine)))


def _share(cgroups: Path) -> float | None:
    """In cores; None: no limit. docs.kernel.org: cgroup-v2 `cpu.max`, v1 sched-bwc `cpu.cfs_*`."""
    for files in (["cpu.max"], ["cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"]):
        with suppress(OSError, ValueError):
            quota, period = " ".join((cgroups / file).read_text() for file in files).split()
            if quota not in ("max", "-1"):
                return int(quota) / int(period)
    return None


async def _serve(settings: Settings, redis_url: str, level: Level) -> None:
    redis = connect(redis_url)
    slots = Slots(slot_count(settings.judge_slots, cores()), level)
    name, languages = worker_name(), [language.name for language in available(level)]
    worker = Worker(Queue(redis, name), slots, level, languages)
    worker.stop_on_signals()
    slots.warm_up(languages)
    log.info("judging", worker=name, level=level, slots=slots.count, languages=languages)
    try:
        await worker.run()
    finally:
        slots.close()
        await redis.aclose()
