"""What a judge's answer means: the verdict written once, the rules asked, the duel told. IE is judged again."""

import structlog

from python_duel.duels import repository, rules
from python_duel.duels.models import Submission
from python_duel.duels.service import Change, Duels
from python_duel.platform import metrics
from python_duel.platform.postgres import Transaction
from python_duel.protocol.jobs import JobResult
from python_duel.protocol.server import DuelRan, DuelVerdict
from python_duel.protocol.verdict import CaseResult, Verdict

ATTEMPTS = 3
"""One right after the other, when a judge fails."""
PATIENCE_MS = 180_000
"""So long after the first IE that followed these, a submission is left to the sweep, which asks the judges again."""
log = structlog.get_logger(__name__)


class Results:
    """Applies results; the same one twice has no second effect."""

    def __init__(self, duels: Duels) -> None:
        self._duels = duels

    async def apply(self, result: JobResult) -> None:
        """Take one result off the stream."""
        metrics.JUDGED_SECONDS.observe(result.judged_ms / 1000)
        if result.verdict is Verdict.IE and result.job.attempt < ATTEMPTS:
            log.warning("a judge failed; judging again", job=result.job.job_id, message=result.message)
            await self._again(result)
        elif result.job.kind == "run":
            await self._ran(result)
        else:
            await self._judged(result)

    async def _again(self, result: JobResult) -> None:
        package = await self._duels.challenges.by_digest(result.job.challenge)
        await self._duels.jobs.put(result.job.model_copy(update={"attempt": result.job.attempt + 1}), package)

    async def _ran(self, result: JobResult) -> None:
        job = result.job
        metrics.VERDICTS.labels("run", result.verdict).inc()
        await self._duels.ran(job, result.verdict)
        message = DuelRan(
            duel_id=job.duel_id,
            run_id=job.job_id.partition(":")[2],
            verdict=result.verdict,
            cases=result.cases,
            message=result.message,
            line=result.line,
            column=result.column,
        )
        await self._duels.bus.publish(
            f"player:{job.player_id}", "duel:ran", message.model_dump(mode="json", exclude_none=True)
        )

    async def _judged(self, result: JobResult) -> None:
        job = result.job
        if result.verdict is Verdict.IE and await self._patient(job.job_id):
            return

        async def write(session: Transaction) -> tuple[Submission | None, Change | None]:
            await repository.lock(session, job.duel_id)
            row = await session.get(Submission, job.job_id)
            if row is None or row.verdict is not None:
                return row, None
            return row, await self._write(session, row, result)

        row, change = await self._duels.database.unit(write)
        if row is None:
            return
        if change is None:
            # Who wrote the verdict may have died before anybody heard of it.
            await self._duels.tell(job.duel_id)
            return
        metrics.VERDICTS.labels("submission", result.verdict).inc()
        metrics.VERDICT_SECONDS.observe(max(0, change.now - row.received_at) / 1000)
        await self._announce(row, change, result)

    async def _patient(self, submission_id: str) -> bool:
        """Whether it is too early to give up. Not by its receipt: it may have waited for long before anybody tried."""
        await self._duels.set_clock()  # behind by the whole sleep of a machine that slept
        now = self._duels.clock.now()
        return now < await self._duels.jobs.failing_since(submission_id, now) + PATIENCE_MS

    async def _write(self, session: Transaction, row: Submission, result: JobResult) -> Change:
        """The rules see the submission without its verdict, and say what the verdict means."""
        judge = rules.Judge(row.id, result.verdict, result.passed)
        change = await self._duels.decide(session, row.duel_id, judge)
        row.verdict, row.passed, row.total = result.verdict, result.passed, result.total
        row.time_ms, row.memory_kb, row.message = result.time_ms, result.memory_kb, _storable(result.message)
        row.judged_at = change.now
        return change

    async def _announce(self, row: Submission, change: Change, result: JobResult) -> None:
        state = repository.state(change.duel)
        submission = next(s for s in state.submissions if s.id == row.id)
        message = DuelVerdict(
            duel_id=row.duel_id,
            player_id=row.player_id,
            submission_id=row.submission_id,
            receipt=row.receipt,
            verdict=result.verdict,
            passed=result.passed,
            total=result.total,
            time_ms=result.time_ms,
            memory_kb=result.memory_kb,
            held=state.status != "finished" and rules.held(state, submission),
            message=result.message,
            line=result.line,
            column=result.column,
            failed_sample=_failed_sample(result),
        )
        await self._duels.bus.publish(
            f"duel:{row.duel_id}", "duel:verdict", message.model_dump(mode="json", exclude_none=True)
        )
        await self._duels.announce(change)


def _failed_sample(result: JobResult) -> CaseResult | None:
    return next((case for case in result.cases if case.verdict is not Verdict.AC), None)


def _storable(message: str | None) -> str | None:
    """PostgreSQL refuses NUL and lone surrogates; a verdict must be stored whatever the program printed."""
    if message is None:
        return None
    return message.replace("\x00", "�").encode("utf-8", "replace").decode()
