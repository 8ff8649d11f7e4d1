"""The judge process: when it refuses to start, and how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from python_duel.errors import StartError
from python_duel.judge import process
from python_duel.protocol.jobs import WORKERS
from python_duel.sandbox import Level, SandboxError, SlotLost
from python_duel.serve.keeper import HOPELESS
from python_duel.settings import Settings
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


@pytest.mark.parametrize(
    ("error", "exit_code"), [(SlotLost("the zygote did not start"), 1), (SandboxError("never"), 3)]
)
def test_what_may_succeed_the_next_time_is_not_hopeless(
    monkeypatch: pytest.MonkeyPatch, error: SandboxError, exit_code: int
) -> None:
    async def serve(*_: object) -> None:
        raise error

    monkeypatch.setattr(process, "_serve", serve)
    monkeypatch.setattr(process, "stand_back", lambda: None)
    with pytest.raises(StartError) as raised:
        process.run(Settings(redis_url="redis://127.0.0.1:1"))
    assert raised.value.exit_code == exit_code
    assert (exit_code in HOPELESS) == (exit_code == 3)


@pytest.mark.parametrize(("wanted", "cores", "slots"), [(0, 4, 4), (2, 4, 2), (9, 4, 4)])
def test_there_are_never_more_slots_than_cores(wanted: int, cores: int, slots: int) -> None:
    assert process.slot_count(wanted, cores) == slots


@pytest.mark.parametrize(
    ("files", "share"),
    [
        ({}, 99),
        ({"cpu.max": "max 100000"}, 99),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "10000 100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 99),
        ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2),
        ({"cpu.max": "nonsense"}, 99),
    ],
)
def test_a_containers_share_of_the_cores_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], share: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(99)))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    assert process.cores(tmp_path) == share


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
