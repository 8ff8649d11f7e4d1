"""One job from beginning to end, in the thread of a slot."""

import time
from collections.abc import Callable

import structlog

from python_duel.challenges.package import Checker, Package, TestCase
from python_duel.errors import Invalid
from python_duel.judge import results
from python_duel.judge.grading import Grade, Solution, grade
from python_duel.languages import LANGUAGES, Runner
from python_duel.protocol.jobs import Job, JobResult
from python_duel.protocol.verdict import Verdict
from python_duel.sandbox import SandboxError, SlotLost

log = structlog.get_logger(__name__)
Runners = Callable[[str], Runner]
"""The runner of a language, by its name. Raises SandboxError."""


def judge(runners: Runners, job: Job, package: Package, lost: Callable[[], None] = lambda: None) -> JobResult:
    """The result; a slot that fails once is started again and costs no verdict, failing twice gives IE.

    `lost` is called each time one fails.
    """
    begin = time.monotonic()
    try:
        result = _once(runners, job, package)
    except SlotLost as error:
        lost()
        log.warning("a slot failed and is started again", job=job.job_id, error=str(error))
        result = _again(runners, job, package, lost)
    if result.verdict is Verdict.IE:
        log.error("no verdict", job=job.job_id, challenge=package.slug, message=result.message)
    return result.model_copy(update={"judged_ms": round((time.monotonic() - begin) * 1000)})


def _again(runners: Runners, job: Job, package: Package, lost: Callable[[], None]) -> JobResult:
    try:
        return _once(runners, job, package)
    except SandboxError as error:
        lost()
        return results.failed(job, Verdict.IE, f"The sandbox failed: {error}.")


def _once(runners: Runners, job: Job, package: Package) -> JobResult:
    solution = Solution(job.code, LANGUAGES[job.language])

    def graded(package: Package, cases: list[TestCase]) -> Grade:
        return grade(runners(job.language), package, solution, cases, runners("python"))

    if job.kind == "submission":
        return results.of_submission(job, package, graded(package, package.cases))
    if job.input is None:
        return results.of_samples(job, package, graded(package, package.samples))
    try:
        case = results.own_case(package, job.input)
    except Invalid as error:
        return results.failed(job, Verdict.RE, error.message)
    uncompared = package.model_copy(update={"checker": Checker(kind="exact")})
    return results.of_own_input(job, package, graded(uncompared, [case]))
