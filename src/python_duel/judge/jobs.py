"""One job from beginning to end, in the thread of a slot."""

import time
from collections.abc import Callable

from python_duel.challenges.package import Package
from python_duel.errors import Invalid
from python_duel.judge import results
from python_duel.judge.grading import Solution, grade
from python_duel.languages import LANGUAGES, Runner
from python_duel.protocol.jobs import Job, JobResult
from python_duel.protocol.verdict import Verdict
from python_duel.sandbox import SandboxError, SlotLost

Runners = Callable[[str], Runner]
"""The runner of a language, by its name. Raises SandboxError."""


def judge(runners: Runners, job: Job, package: Package) -> JobResult:
    """The result; a slot that fails once is started again and costs no verdict, failing twice gives IE."""
    begin = time.monotonic()
    try:
        result = _once(runners, job, package)
    except SlotLost:
        try:
            result = _once(runners, job, package)
        except SandboxError as error:
            result = results.failed(job, Verdict.IE, f"The sandbox failed: {error}.")
    return result.model_copy(update={"judged_ms": round((time.monotonic() - begin) * 1000)})


def _once(runners: Runners, job: Job, package: Package) -> JobResult:
    runner, solution = runners(job.language), Solution(job.code, LANGUAGES[job.language])
    if job.kind == "submission":
        return results.of_submission(job, package, grade(runner, package, solution, package.cases))
    if job.input is None:
        return results.of_samples(job, package, grade(runner, package, solution, package.samples))
    try:
        case = results.own_case(package, job.input)
    except Invalid as error:
        return results.failed(job, Verdict.RE, error.message)
    return results.of_own_input(job, package, grade(runner, package, solution, [case]))
