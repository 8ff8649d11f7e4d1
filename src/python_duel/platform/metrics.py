"""Prometheus metrics of a process, summed over processes when `PROMETHEUS_MULTIPROC_DIR` is set."""

import os

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

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
EVENT_ERRORS = Counter("duel_event_errors_total", "Client events answered with an error.", ["code"])


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
