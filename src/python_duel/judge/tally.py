"""What a worker has judged since its start, for its heartbeats."""

from bisect import bisect_left

from python_duel.protocol.jobs import JUDGING_SECONDS, JobResult


class Tally:
    """Counts of results. The shapes are those of `WorkerReport`."""

    def __init__(self) -> None:
        self.judged: dict[str, dict[str, int]] = {}
        self.seconds = [0] * (len(JUDGING_SECONDS) + 1)
        self.seconds_sum = 0.0

    def count(self, result: JobResult) -> None:
        """One more result."""
        of_verdict = self.judged.setdefault(result.verdict, {})
        of_verdict[result.job.language] = of_verdict.get(result.job.language, 0) + 1
        seconds = result.judged_ms / 1000
        self.seconds[bisect_left(JUDGING_SECONDS, seconds)] += 1
        self.seconds_sum += seconds
