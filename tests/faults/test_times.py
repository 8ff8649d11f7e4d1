"""How long faults last is measured, added up over runs, and told as medians."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.lasted import read, table

ROOT = Path(__file__).parents[2]
RUN = """
from tests.support.lasted import lasted, note
note("fault: a", {seconds})
with lasted("fault: b"):
    pass
"""


def test_runs_add_up(tmp_path: Path) -> None:
    file = tmp_path / "new" / "times.jsonl"
    for seconds in (1.04, 25, 0.5):
        run(["-c", RUN.format(seconds=seconds)], FAULT_TIMES=str(file))
    assert [what for what, _ in read(file)] == 3 * ["fault: a", "fault: b"]
    told = run(["-m", "tests.faults.times", str(file), str(file)]).splitlines()
    assert told[0].split() == "| fault | runs | how long: median (least to most) |".split()
    assert told[2] == "| fault: a |    6 | 1.0 s (0.50 to 25) |"
    assert told[3].startswith("| fault: b |    6 | 0.00 s (0.00 to 0.")


def test_a_single_run_has_no_range() -> None:
    assert table({"fault": [12.3]})[2] == "| fault |    1 | 12 s |"


def run(arguments: list[str], **environ: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.check_output(command, env=os.environ | environ, cwd=ROOT, text=True)
