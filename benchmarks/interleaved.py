"""Measuring side by side: each round does every subject once, so that a busy machine is busy for all of them."""

import json
import time
from collections.abc import Callable
from statistics import median, quantiles

Subject = Callable[[], object]
Seconds = dict[str, list[float]]


def measure(subjects: dict[str, Subject], rounds: int) -> Seconds:
    """Seconds of every round, by subject; one round before is not counted."""
    seconds: Seconds = {name: [] for name in subjects}
    for subject in subjects.values():
        subject()
    for _ in range(rounds):
        for name, subject in subjects.items():
            begin = time.perf_counter()
            subject()
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def figures(seconds: Seconds, floor: str, shares: dict[str, int] | None = None) -> dict[str, dict[str, float]]:
    """Median and p99 in milliseconds, and as ratios to the median of `floor`. `shares`: units that a subject does."""
    found = {}
    base = median(seconds[floor]) * 1e3
    for name, values in seconds.items():
        units = (shares or {}).get(name, 1)
        middle, slow = median(values) * 1e3 / units, quantiles(values, n=100)[98] * 1e3 / units
        found[name] = {"median_ms": middle, "p99_ms": slow, "ratio": middle / base, "p99_ratio": slow / base}
    return found


def show(title: str, found: dict[str, dict[str, float]], as_json: bool) -> None:
    """One table, or one line of JSON."""
    if as_json:
        print(json.dumps({title: {name: {k: round(v, 4) for k, v in one.items()} for name, one in found.items()}}))
        return
    print(f"\n{title}\n{'':44} {'median ms':>10} {'p99 ms':>9} {'ratio':>7} {'p99 ratio':>10}")
    for name, one in found.items():
        print(
            f"{name:44} {one['median_ms']:10.2f} {one['p99_ms']:9.2f} {one['ratio']:7.2f} {one['p99_ratio']:10.2f}",
            flush=True,
        )
