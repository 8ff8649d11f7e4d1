"""The judge process: when it refuses to start, and how it ends."""

import os
import signal
import subprocess
import sys

import pytest

from python_duel.errors import StartError
from python_duel.judge import process
from python_duel.protocol.jobs import WORKERS
from python_duel.sandbox import Level
from tests.judge.conftest import Web, until


@pytest.mark.parametrize(("possible", "least"), [(None, "seccomp"), ("seccomp", "no-userns"), ("no-userns", "full")])
def test_below_the_minimum_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, possible: Level | None, least: Level
) -> None:
    monkeypatch.setattr(process, "best_level", lambda: possible)
    with pytest.raises(StartError, match="doctor") as error:
        process.required_level(least)
    assert error.value.exit_code == 3


def test_at_the_minimum_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "best_level", lambda: "no-userns")
    assert process.required_level("no-userns") == "no-userns"


async def test_it_stands_back_and_ends_on_sigterm(web: Web, judge_redis_url: str) -> None:
    environ = {**os.environ, "REDIS_URL": judge_redis_url, "DUEL_JUDGE_SLOTS": "1"}
    judge = subprocess.Popen([sys.executable, "-P", "-m", "python_duel", "judge"], env=environ)  # noqa: ASYNC220

    async def announced() -> bool:
        return bool(await web.redis.zcard(WORKERS))

    async def ended() -> bool:
        return judge.poll() is not None

    try:
        await until(announced, 20)
        assert os.getsid(judge.pid) == judge.pid
        judge.send_signal(signal.SIGTERM)
        await until(ended, 60)
        assert judge.returncode == 0
        assert not await announced()
    finally:
        judge.kill()
        judge.wait()
