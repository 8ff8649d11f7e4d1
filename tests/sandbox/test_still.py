"""A judge that stands still while a program runs, alone or with its sandbox, as when its machine does: nobody pays."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.test_room import PERL
from tests.support.processes import tree, until

CALLS = """
source, arguments, most = given
with Slot() as slot:
    slot.settle()
    print("ready", flush=True)
    outcome = slot.call(source, "f", arguments, Limits(**most))
    assert outcome.wall_ms - outcome.starved_ms < 2000, outcome
    told = [outcome.ending, len(outcome.answers)]
"""
BUILDS = """
limits.BUILD_WALL_MS = 1400
with Slot(room=room(BUILD, "build")) as slot:
    print("ready", flush=True)
    told = slot.build(0, {"source.pl": given}, ()).diagnostics
"""
ASKS = """
with Slot(room=room(SERVE, "session")) as slot, slot.session(0, 256 * MIB) as session:
    print("ready", flush=True)
    told = session.ask(given.encode(), 1000, 1400).decode()
"""
BEGIN = """
import json, sys
from python_duel.sandbox import Limits, Slot, limits
from python_duel.sandbox.limits import MIB
from tests.sandbox.test_room import BUILD, SERVE, room
given = json.loads(sys.argv[1])
"""
BURN = "import time\ndef burn(end):\n    while time.process_time() < end: pass\n"
PERL_BURNS = "1 while (times)[0] < 0.1; select(undef, undef, undef, 0.3);"
STILL_S = 1.5


class Judge:
    """A process that does what `program` says."""

    def __init__(self, program: str, given: Any) -> None:
        command = [sys.executable, "-c", f"{BEGIN}{program}print(json.dumps(told))", json.dumps(given)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout
        assert self._process.stdout.readline() == b"ready\n"

    def has_used(self, ms: float) -> None:
        """Returns when a program in its sandbox has, as CPU time."""
        until(lambda: any(_cpu_ms(pid) >= ms for pid in tree(self._process.pid) if len(tree(pid)) == 1))

    def send(self, number: signal.Signals, everybody: bool) -> None:
        """To the judge; `everybody`: to its sandbox, too."""
        for pid in tree(self._process.pid) if everybody else {self._process.pid}:
            os.kill(pid, number)

    def stand_still(self, everybody: bool) -> None:
        """From when its program has used 50 ms."""
        self.has_used(50)
        self.send(signal.SIGSTOP, everybody)
        time.sleep(STILL_S)  # the fault itself
        self.send(signal.SIGCONT, everybody)

    def told(self) -> Any:
        """What it says in the end."""
        return json.loads(self._process.communicate(timeout=30)[0])


def calls(f: str, count: int, **most: int) -> Judge:
    """One that calls `f` with the numbers below `count`, within these limits."""
    return Judge(CALLS, [BURN + f, [f"[{n}]" for n in range(count)], most])


def _cpu_ms(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
    except (OSError, IndexError):
        return 0


@pytest.mark.parametrize("everybody", [False, True], ids=["alone", "with its sandbox"])
@pytest.mark.parametrize(
    ("then", "told"),
    [("time.sleep(0.4)", ["answered", 3]), ("time.sleep(60)", ["wall", 0]), ("burn(60)", ["cpu", 0])],
    ids=["right", "sleeper", "loop"],
)
def test_a_judge_that_stands_still_charges_what_the_program_used(everybody: bool, then: str, told: list[Any]) -> None:
    judge = calls(f"def f(n):\n    burn(0.06)\n    {then}", 3, cpu_ms=200, total_ms=2000)
    judge.stand_still(everybody)
    assert judge.told() == told


def test_a_case_does_not_pay_for_the_next_one_that_ran_while_the_judge_stood_still() -> None:
    """The second and the third are in the process together: 0.5 and 0.4 s of 0.7 s."""
    judge = calls("def f(n):\n    burn((0, 0.5, 0.9)[n])\n    time.sleep(0.4 * (n == 2))", 3, cpu_ms=700)
    judge.has_used(50)
    judge.send(signal.SIGSTOP, everybody=False)
    judge.has_used(890)
    judge.send(signal.SIGCONT, everybody=False)
    assert judge.told() == ["answered", 3]


@pytest.mark.skipif(not Path(PERL).exists(), reason="there is no perl here to stand for a toolchain")
@pytest.mark.parametrize(("program", "everybody"), [(BUILDS, False), (BUILDS, True), (ASKS, True)])
def test_a_judge_that_stands_still_lets_a_compiler_end(program: str, everybody: bool) -> None:
    judge = Judge(program, f"{PERL_BURNS} {'print' if program == BUILDS else ''} 'made'")
    judge.stand_still(everybody)
    assert judge.told() == "made"
