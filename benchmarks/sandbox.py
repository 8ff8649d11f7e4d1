"""How long a verdict takes, against the start of a bare interpreter, interleaved in one run: `sandbox.py [ROUNDS]`.

Each round does every subject once, so that a busy machine is busy for all of them.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median, quantiles

from python_duel.judge.gate import CHECK
from python_duel.sandbox import Ending, Slot
from python_duel.sandbox.launch import interpreter

SOURCE = "def solve(a, b):\n    return a + b\n"
BARE = "python3 -I -S -c pass"


def bare() -> None:
    """The floor that everything is compared with."""
    subprocess.run([interpreter(), "-I", "-S", "-c", "pass"], check=True)


def calls(slot: Slot, count: int) -> Callable[[], None]:
    """A function task with `count` cases: gate, run, answers parsed."""
    cases = [f"[{n}, 1]" for n in range(count)]

    def subject() -> None:
        outcome = slot.call(SOURCE, "solve", cases)
        assert outcome.ending is Ending.ANSWERED

    return subject


def script(slot: Slot) -> Callable[[], None]:
    """A program with one test case: a fresh process."""

    def subject() -> None:
        assert slot.script("print(input())", b"1\n").stdout == b"1\n"

    return subject


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds of every round, by subject."""
    with Slot(check=CHECK) as slot:
        subjects = {
            BARE: bare,
            "function, 10 cases": calls(slot, 10),
            "function, 30 cases": calls(slot, 30),
            "program, 1 case": script(slot),
        }
        seconds: dict[str, list[float]] = {name: [] for name in subjects}
        for _ in range(rounds):
            for name, subject in subjects.items():
                begin = time.perf_counter()
                subject()
                seconds[name].append(time.perf_counter() - begin)
    return seconds


def main() -> None:
    """Prints a table: median and p99 in milliseconds, and as ratios to the bare interpreter's median."""
    seconds = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    floor = median(seconds[BARE])
    print(f"{'subject':24} {'median ms':>10} {'p99 ms':>8} {'ratio':>7} {'p99 ratio':>10}")
    for name, values in seconds.items():
        middle, slow = median(values), quantiles(values, n=100)[98]
        print(f"{name:24} {middle * 1e3:10.2f} {slow * 1e3:8.2f} {middle / floor:7.2f} {slow / floor:10.2f}")


if __name__ == "__main__":
    main()
