"""Composition of the judge process: from settings to a running worker."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import structlog

from python_duel.errors import StartError
from python_duel.judge.queue import Queue
from python_duel.judge.slots import Slots
from python_duel.judge.worker import Worker, worker_name
from python_duel.platform.redis import connect
from python_duel.sandbox import LEVELS, Level, SandboxError, best_level
from python_duel.settings import Settings

log = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Judges until SIGTERM or SIGINT. Raises StartError when this machine or the settings do not allow it."""
    if settings.redis_url is None:
        raise StartError("A judge takes its jobs from Redis: set REDIS_URL, or start everything with 'serve'.")
    level = required_level(settings.min_level)
    _stand_back()
    try:
        asyncio.run(_serve(settings, settings.redis_url, level))
    except SandboxError as error:
        raise StartError(f"The sandbox does not start: {error}.", exit_code=3) from error


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


def _stand_back() -> None:
    """Programs of players must not slow down the relay: a session of our own at the lowest priority of its group."""
    with suppress(OSError):
        os.setsid()
    try:
        Path("/proc/self/autogroup").write_text("19")
    except OSError:
        os.nice(10)


async def _serve(settings: Settings, redis_url: str, level: Level) -> None:
    redis = connect(redis_url)
    slots = Slots(settings.judge_slots or len(os.sched_getaffinity(0)), level)
    name = worker_name()
    worker = Worker(Queue(redis, name), slots, level, ["python"])
    worker.stop_on_signals()
    log.info("judging", worker=name, level=level, slots=slots.count)
    try:
        await worker.run()
    finally:
        slots.close()
        await redis.aclose()
