"""The soak in its short form, and that its report says what it should."""

import json
import signal
import subprocess
import sys

import pytest

from tests.faults.breaker import Breaker
from tests.faults.conftest import Hall
from tests.faults.soak import Soak

SHORT = ["web_killed", "judge_stopped", "pubsub_killed", "backends_ended", "redis_emptied"]


async def test_bots_duel_while_things_break(hall: Hall) -> None:
    report = await Soak(hall, seed=1, kinds=SHORT).run(20)
    print(report)
    assert report["breaches"] == []
    assert report["settled"]
    assert report["duels seen to their end"] > 0
    assert set(report["faults"]) <= set(SHORT)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_every_kind_of_fault(hall: Hall) -> None:
    report = await Soak(hall, seed=2, kinds=Breaker.kinds()).run(240)
    assert report["breaches"] == []
    assert report["settled"]
    assert set(report["faults"]) == set(Breaker.kinds())


async def test_a_fault_that_there_is_not(hall: Hall) -> None:
    with pytest.raises(ValueError, match=r"no fault moon_gone: choose of .*web_killed"):
        Soak(hall, seed=1, kinds=["moon_gone"])


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_soak_reports(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.faults.soak", "3600"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        assert "seed" in json.loads(process.stderr.readline())
        process.send_signal(number)
        out, _ = process.communicate(timeout=200)
    finally:
        process.kill()
    assert process.returncode == 0
    assert {"seed", "seconds", "faults", "stored", "settled", "breaches"} <= set(json.loads(out))
