"""The judges' reports as Prometheus reads them."""

from prometheus_client.parser import text_string_to_metric_families

from python_duel.judge.tally import Tally
from python_duel.platform import metrics
from python_duel.protocol.jobs import JOBS, Job, JobResult, WorkerReport
from python_duel.protocol.verdict import Verdict


def judged(verdict: Verdict, milliseconds: int, language: str = "python") -> JobResult:
    fields = {"kind": "run", "job_id": "j", "duel_id": "d", "player_id": "p", "code": "", "challenge": JOBS}
    job = Job.model_validate({**fields, "language": language})
    return JobResult(
        job=job, verdict=verdict, passed=0, total=1, time_ms=1, memory_kb=1, judged_ms=milliseconds
    )  # fmt: skip


def samples(report: WorkerReport) -> dict[tuple[str, ...], float]:
    text = metrics.exposition({"one": report}, queued=7).decode()
    return {
        (sample.name, *(value for key, value in sorted(sample.labels.items()) if key != "judge")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("duel_judge")
    }


def test_what_a_judge_reports_is_told_by_its_name() -> None:
    tally = Tally()
    for result in (
        judged(Verdict.AC, 3),
        judged(Verdict.AC, 5),
        judged(Verdict.WA, 30, "cpp"),
        judged(Verdict.AC, 10**6),
    ):
        tally.count(result)
    report = WorkerReport(
        level="full",
        slots=2,
        active=1,
        restarts=3,
        judged=tally.judged,
        seconds=tally.seconds,
        seconds_sum=tally.seconds_sum,
    )
    found = samples(report)
    assert found["duel_judge_queue",] == 7
    assert found["duel_judge_level", "full"] == 1
    assert (found["duel_judge_slots",], found["duel_judge_active",], found["duel_judge_restarts_total",]) == (2, 1, 3)
    assert found["duel_judge_judged_total", "python", "AC"] == 3
    assert found["duel_judge_judged_total", "cpp", "WA"] == 1
    assert found["duel_judge_seconds_bucket", "0.005"] == 2
    assert found["duel_judge_seconds_bucket", "0.05"] == 3
    assert found["duel_judge_seconds_bucket", "16.0"] == 3
    assert found["duel_judge_seconds_bucket", "+Inf"] == found["duel_judge_seconds_count",] == 4
    assert found["duel_judge_seconds_sum",] == 1000.038


def test_no_judge_is_no_number() -> None:
    assert b"duel_judge_queue 0.0" in metrics.exposition({}, 0)
