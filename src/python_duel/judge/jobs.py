"""One job from beginning to end, in the thread of a slot."""

import time

from python_duel.challenges.package import Package
from python_duel.errors import Invalid
from python_duel.judge import results
from python_duel.judge.grading import Solution, grade
from python_duel.judge.languages import LANGUAGES
from python_duel.protocol.jobs import Job, JobResult
from python_duel.protocol.verdict import Verdict
from python_duel.sandbox import Slot, SlotLost


def judge(slot: Slot, job: Job, package: Package) -> JobResult:
    """The result; a slot that fails once is started again and costs no verdict, failing twice gives IE."""
    begin = time.monotonic()
    try:
        result = _once(slot, job, package)
    except SlotLost:
        try:
            result = _once(slot, job, package)
        except SlotLost as error:
            result = results.failed(job, Verdict.IE, f"The sandbox failed: {error}.")
    return result.model_copy(update={"judged_ms": round((time.monotonic() - begin) * 1000)})


def _once(slot: Slot, job: Job, package: Package) -> JobResult:
    solution = Solution(job.code, LANGUAGES[job.language])
    if job.kind == "submission":
        return results.of_submission(job, package, grade(slot, package, solution, package.cases))
    if job.input is None:
        return results.of_samples(job, package, grade(slot, package, solution, package.samples))
    try:
        case = results.own_case(package, job.input)
    except Invalid as error:
        return results.failed(job, Verdict.RE, error.message)
    return results.of_own_input(job, package, grade(slot, package, solution, [case]))
