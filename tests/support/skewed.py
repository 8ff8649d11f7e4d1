"""`python -m tests.support.skewed judge`: the command with a wall clock that is off by what a file says, in seconds.

libfaketime cannot do it for a judge: it knows no clocks of processes, by which a judge measures CPU time.
"""

import os
import time
from pathlib import Path

from python_duel.cli import main

PLAN = Path(os.environ["FAKETIME_TIMESTAMP_FILE"])
true_time = time.time


def skewed_time() -> float:
    return true_time() + float(PLAN.read_text())


if __name__ == "__main__":
    time.time = skewed_time
    main()
