"""Prometheus metrics of a process, summed over processes when `PROMETHEUS_MULTIPROC_DIR` is set."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import ClassVar

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from python_duel.protocol.jobs import JUDGING_SECONDS, WorkerReport

DUELS_STARTED = Counter("duel_duels_started_total", "Duels created.", ["mode"])
DUELS_FINISHED = Counter("duel_duels_finished_total", "Duels finished.", ["outcome", "reason"])
EDITS = Counter("duel_edits_total", "Edits received, by what became of them.", ["result"])
SUBMISSIONS = Counter("duel_submissions_total", "Submissions received.", ["language"])
RUNS = Counter("duel_runs_total", "Runs received.", ["language"])
VERDICTS = Counter("duel_verdicts_total", "Verdicts given.", ["kind", "verdict"])
VERDICT_SECONDS = Histogram(
    "duel_verdict_seconds",
    "From the receipt of a submission to its verdict.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32),
)
JUDGED_SECONDS = Histogram(
    "duel_judged_seconds",
    "From taking a job to its verdict, in the judge.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16),
)
CONNECTIONS = Gauge("duel_connections", "Open sockets.", multiprocess_mode="livesum")
SOCKETS_CUT = Counter("duel_sockets_cut_total", "Sockets closed because their client did not read.")
EVENT_ERRORS = Counter("duel_event_errors_total", "Client events answered with an error.", ["code"])


class Tally:
    """A counter for the hot path: a plain number that goes into the metric once a second."""

    every: ClassVar[list["Tally"]] = []

    def __init__(self, counter: Counter) -> None:
        self._counter, self._count = counter, 0
        self.every.append(self)

    def inc(self) -> None:
        """One more. Within a running loop only."""
        if not self._count:
            asyncio.get_running_loop().call_later(1, self.flush)
        self._count += 1

    def flush(self) -> None:
        """Into the metric with it."""
        self._counter.inc(self._count)
        self._count = 0


EDITS_ACCEPTED, EDITS_REPEATED = Tally(EDITS.labels("accepted")), Tally(EDITS.labels("repeated"))


def exposition(judges: Mapping[str, WorkerReport], queued: int) -> bytes:
    """All metrics in Prometheus' text format; those of the judges are what they reported last, by their names."""
    for tally in Tally.every:
        tally.flush()
    registry = CollectorRegistry()
    registry.register(_Judges(judges, queued))
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY) + generate_latest(registry)
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


class _Judges(Collector):
    """Judges have no port of their own: the web tells what they say of themselves."""

    def __init__(self, reports: Mapping[str, WorkerReport], queued: int) -> None:
        self._reports, self._queued = reports, queued

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("duel_judge_queue", "Jobs waiting or being judged.", self._queued)
        yield self._levels()
        yield self._gauge("duel_judge_slots", "Programs a judge runs at once.", "slots")
        yield self._gauge("duel_judge_active", "Jobs a judge has under way.", "active")
        restarts = CounterMetricFamily("duel_judge_restarts", "Slots that failed and were started again.", None, _JUDGE)
        for name, report in self._reports.items():
            restarts.add_metric([name], report.restarts)
        yield restarts
        yield self._judged()
        yield self._seconds()

    def _levels(self) -> Metric:
        family = GaugeMetricFamily("duel_judge_level", "1 for the isolation a judge has.", labels=[*_JUDGE, "level"])
        for name, report in self._reports.items():
            family.add_metric([name, report.level], 1)
        return family

    def _gauge(self, name: str, told: str, field: str) -> Metric:
        family = GaugeMetricFamily(name, told, labels=_JUDGE)
        for judge, report in self._reports.items():
            family.add_metric([judge], getattr(report, field))
        return family

    def _judged(self) -> Metric:
        labels = [*_JUDGE, "verdict", "language"]
        family = CounterMetricFamily("duel_judge_judged", "Programs judged.", labels=labels)
        for name, report in self._reports.items():
            for verdict, languages in report.judged.items():
                for language, count in languages.items():
                    family.add_metric([name, verdict, language], count)
        return family

    def _seconds(self) -> Metric:
        family = HistogramMetricFamily("duel_judge_seconds", "From taking a job to its verdict.", labels=_JUDGE)
        for name, report in self._reports.items():
            counts = map(float, accumulate(report.seconds))
            family.add_metric([name], list(zip(_BOUNDS, counts, strict=True)), report.seconds_sum)
        return family


_JUDGE = ["judge"]
_BOUNDS = [*map(str, JUDGING_SECONDS), "+Inf"]
