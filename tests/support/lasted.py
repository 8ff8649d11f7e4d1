"""How long a fault lasts for a player: measured by the tests, printed after them. No test fails by a time."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

FILE = Path(os.environ["FAULT_TIMES"]).absolute() if os.environ.get("FAULT_TIMES") else None
"""Each measurement is one more line of it, so that runs add up: `python -m tests.faults.times` reads them."""
Times = dict[str, list[float]]
"""Seconds, by `fault: from what to what`."""
measured: Times = {}
"""By this run."""


@contextmanager
def lasted(what: str) -> Iterator[None]:
    """Note how long the block takes, unless it fails."""
    begin = time.monotonic()
    yield
    note(what, time.monotonic() - begin)


def note(what: str, seconds: float) -> None:
    """A player was affected for so long."""
    measured.setdefault(what, []).append(seconds)
    if FILE:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        with FILE.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"what": what, "seconds": round(seconds, 3), "test": test}) + "\n")


def read(file: Path) -> Iterator[tuple[str, float]]:
    """What was noted in a file, in that order. Raises OSError, ValueError, KeyError."""
    for line in file.read_text(encoding="utf-8").splitlines():
        noted = json.loads(line)
        yield noted["what"], noted["seconds"]


def table(times: Times) -> list[str]:
    """As Markdown: the last column is what docs/faults.md says."""
    rows = [(what, len(them), f"{_said(median(them))} s{_range(them)}") for what, them in times.items()]
    width = max(map(len, ["fault", *times]))
    head = [f"| {'fault':{width}} | runs | how long: median (least to most) |", f"| {'-' * width} | ---: | --- |"]
    return [*head, *(f"| {what:{width}} | {runs:4} | {long} |" for what, runs, long in rows)]


def _range(times: list[float]) -> str:
    return f" ({_said(min(times))} to {_said(max(times))})" if len(times) > 1 else ""


def _said(seconds: float) -> str:
    """Two digits are all that such a time is worth."""
    return f"{seconds:.2f}" if seconds < 1 else f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"
