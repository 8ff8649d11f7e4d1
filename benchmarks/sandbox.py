"""What the sandbox costs, beside the start of a bare interpreter and beside its peers: `[ROUNDS] [--json]`.

A verdict is everything from the source to compared answers: gate, run, limits, answers parsed and compared.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from benchmarks.interleaved import figures, measure, show
from python_duel.judge.gate import CHECK
from python_duel.sandbox import Ending, Limits, Slot
from python_duel.sandbox.launch import interpreter

SOURCE = "def solve(a, b):\n    return a + b\n"
BARE = "python3 -I -S -c pass"
BACK_TO_BACK = 5
CYCLE = "10 cases, full cycle, back to back"
KILL_AT_MS = 200
COMMAND = [interpreter(), "-I", "-S", "-c", "pass"]


def bare() -> None:
    """The floor that everything is compared with."""
    subprocess.run(COMMAND, check=True)


def peers() -> dict[str, Callable[[], object]]:
    """The same bare interpreter, inside of what others use; those that this machine has."""
    prefix = str(Path(interpreter()).parents[1])
    seen = [option for path in ("/usr", "/lib", "/lib64", "/bin", prefix) for option in ("--ro-bind", path, path)]
    commands = {
        "bubblewrap": ["bwrap", "--unshare-all", *seen, "--proc", "/proc", "--dev", "/dev"],
        "nsjail": ["nsjail", "-Mo", "-q", "--chroot", "/", "--"],
        "isolate": ["isolate", "--run", "--dir=/root=/root:maybe", "--"],
    }
    found = {}
    for name, command in commands.items():
        if shutil.which(command[0]) is None:
            print(f"{name} is not on this machine", file=sys.stderr)
        elif subprocess.run([*command, *COMMAND], capture_output=True, check=False).returncode:
            print(f"{name} does not work on this machine", file=sys.stderr)
        else:
            found[f"{name}, bare python"] = _starter([*command, *COMMAND])
    return found


def _starter(command: list[str]) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, capture_output=False)


def calls(slot: Slot, count: int, times: int = 1) -> Callable[[], None]:
    """Verdicts on a function with `count` cases."""
    cases = [f"[{n}, 1]" for n in range(count)]
    expected = [n + 1 for n in range(count)]

    def subject() -> None:
        for _ in range(times):
            outcome = slot.call(SOURCE, "solve", cases)
            assert outcome.ending is Ending.ANSWERED
            assert [answer.value for answer in outcome.answers] == expected

    return subject


def script(slot: Slot) -> Callable[[], None]:
    """A verdict on a program with one case: a fresh process."""

    def subject() -> None:
        assert slot.script("print(input())", b"1\n").stdout == b"1\n"

    return subject


def latencies(rounds: int) -> dict[str, dict[str, float]]:
    """One at a time, with a pause for the next child to be made; but for the full cycle, which makes none."""
    with Slot(check=CHECK) as slot:
        subjects: dict[str, Callable[[], object]] = {
            BARE: bare,
            **peers(),
            "(pause)   ": lambda: time.sleep(0.01),
            "10 cases, submit to verdict": calls(slot, 10),
            "(pause) ": lambda: time.sleep(0.01),
            "30 cases, submit to verdict": calls(slot, 30),
            "(pause)": lambda: time.sleep(0.01),
            "program, 1 case": script(slot),
            CYCLE: calls(slot, 10, BACK_TO_BACK),
            "(pause)  ": lambda: time.sleep(0.01),
        }
        seconds = measure(subjects, rounds)
    kept = {name: values for name, values in seconds.items() if not name.startswith("(pause)")}
    return figures(kept, BARE, {CYCLE: BACK_TO_BACK})


def throughput(seconds: float, workers: int) -> dict[str, float]:
    """Verdicts and bare starts a second with so many of each at once, and their ratio; in turns, thrice."""
    rates: dict[str, list[float]] = {"verdicts": [], "bare starts": []}
    slots = [Slot(check=CHECK) for _ in range(workers)]
    with ThreadPoolExecutor(workers) as threads:
        for _ in range(3):
            rates["verdicts"].append(_rate(threads, [calls(slot, 10) for slot in slots], seconds))
            rates["bare starts"].append(_rate(threads, [bare] * workers, seconds))
    for slot in slots:
        slot.close()
    cores = len(os.sched_getaffinity(0))
    verdicts, starts = median(rates["verdicts"]), median(rates["bare starts"])
    return {
        "verdicts a second": verdicts,
        "a core": verdicts / min(cores, workers),
        "bare starts a second": starts,
        "ratio": verdicts / starts,
    }


def _rate(threads: ThreadPoolExecutor, subjects: list[Callable[[], None]], seconds: float) -> float:
    end = time.monotonic() + seconds

    def work(subject: Callable[[], None]) -> int:
        done = 0
        while time.monotonic() < end:
            subject()
            done += 1
        return done

    begin = time.monotonic()
    return sum(threads.map(work, subjects)) / (time.monotonic() - begin)


def kill_delay_ms(rounds: int) -> list[float]:
    """How long after its limit of CPU time an endless loop is gone and told of, by its own CPU clock."""
    limits = Limits(cpu_ms=KILL_AT_MS)
    delays = []
    with Slot(check=CHECK) as slot:
        for _ in range(rounds):
            begin = time.perf_counter()
            outcome = slot.script("while True: pass", limits=limits)
            assert outcome.ending is Ending.CPU
            delays.append((time.perf_counter() - begin) * 1e3 - KILL_AT_MS - outcome.starved_ms)
    return sorted(delays)


def idle_pss_mb() -> float:
    """Memory of an idle slot: the zygote and the child made ahead, shared pages counted by share."""
    with Slot(check=CHECK) as slot:
        slot.script("pass")
        slot.script("pass")
        time.sleep(0.5)
        texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in _family(slot.pid)]
    return sum(int(re.findall(r"^Pss:\s+(\d+)", text, re.MULTILINE)[0]) for text in texts) / 1024


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def main() -> None:
    """Prints it all."""
    as_json = "--json" in sys.argv
    rounds = next((int(argument) for argument in sys.argv[1:] if argument.isdigit()), 200)
    show("Time to a verdict", latencies(rounds), as_json)
    cores = len(os.sched_getaffinity(0))
    others = {f"throughput, {n} at once": throughput(1.5, n) for n in dict.fromkeys((1, cores))}
    delays = kill_delay_ms(max(10, rounds // 10))
    others["kill after the limit, ms"] = {"median": median(delays), "worst": delays[-1]}
    others["idle slot, MB of PSS"] = {"pss": idle_pss_mb()}
    for name, found in others.items():
        rounded = {key: round(value, 2) for key, value in found.items()}
        print(
            json.dumps({name: rounded}) if as_json else f"{name}: " + ", ".join(f"{k} {v}" for k, v in rounded.items())
        )


if __name__ == "__main__":
    main()
