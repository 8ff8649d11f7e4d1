"""Who may see what of a grade: hidden cases leave the judge as a verdict and a number, never as text."""

from python_duel.challenges.package import Package, TestCase
from python_duel.errors import Invalid
from python_duel.judge.grading import Grade, Judged
from python_duel.languages.types import parse_type
from python_duel.protocol.jobs import Job, JobResult
from python_duel.protocol.verdict import CaseResult, Verdict
from python_duel.sandbox import limits
from python_duel.sandbox.wire import BadFrame, loads

OWN_INPUT = "your input"


def own_case(package: Package, text: str) -> TestCase:
    """A case of the player's own input. Raises Invalid with a sentence when it does not fit the signature."""
    if package.signature is None:
        return TestCase(name=OWN_INPUT, stdin=text, expected="")
    try:
        args = loads(text.encode("utf-8", "surrogatepass"))
    except BadFrame as error:
        raise Invalid(f"The input is no JSON: {error}. Write a list of the arguments, as in [1, 2].") from None
    parameters = package.signature.parameters
    if not isinstance(args, list) or len(args) != len(parameters):
        wanted = ", ".join(f"{p.name}: {p.type}" for p in parameters)
        raise Invalid(f"Write the input as a JSON list of {len(parameters)} arguments: [{wanted}].")
    for parameter, value in zip(parameters, args, strict=True):
        if problem := parse_type(parameter.type).problem(value, parameter.name):
            raise Invalid(f"{problem}.")
    return TestCase(name=OWN_INPUT, args=args, expected=None)


def of_submission(job: Job, package: Package, grade: Grade) -> JobResult:
    """All cases counted; the first failing one is shown if it is a sample."""
    shown, failed = [], grade.first_failure
    message = _summary(package, grade)
    if failed is not None and grade.fault is None and _is_sample(package, failed.case):
        shown = [case_result(package, failed)]
    return _result(job, grade, message, shown)


def of_samples(job: Job, package: Package, grade: Grade) -> JobResult:
    """Every sample with its input, output and expectation."""
    return _result(job, grade, _no_verdict(grade), [case_result(package, one) for one in grade.judged])


def of_own_input(job: Job, package: Package, grade: Grade) -> JobResult:
    """What the program did; nothing is expected, so a plain end is AC."""
    shown = [case_result(package, _uncompared(one)).model_copy(update={"expected": None}) for one in grade.judged]
    verdict = shown[0].verdict if shown else grade.verdict
    result = _result(job, grade, _no_verdict(grade), shown)
    return result.model_copy(update={"verdict": verdict, "passed": 0, "total": 0})


def failed(job: Job, verdict: Verdict, message: str) -> JobResult:
    """A result without a run."""
    return JobResult(job=job, verdict=verdict, passed=0, total=0, time_ms=0, memory_kb=0, judged_ms=0, message=message)


def case_result(package: Package, one: Judged) -> CaseResult:
    """A case as its author may see it; call this for samples and own input only."""
    return CaseResult(
        name=one.case.name,
        verdict=one.verdict,
        input=_cut(package.input_text(one.case)),
        output=None if one.output is None else _cut(one.output),
        expected=_cut(package.expected_text(one.case)),
        stdout=_cut(one.stdout),
        stderr=_cut(one.stderr or (one.why or "" if one.verdict is not Verdict.AC else "")),
        time_ms=one.time_ms,
    )


def _uncompared(one: Judged) -> Judged:
    """A comparison with nothing is no fault of the program."""
    wrong = one.verdict is Verdict.WA and one.why is None
    return Judged(
        one.case, Verdict.AC if wrong else one.verdict, one.output, one.stdout, one.stderr, one.time_ms, one.why
    )


def _summary(package: Package, grade: Grade) -> str | None:
    one = grade.first_failure
    if grade.refusal is not None or grade.fault is not None:
        return _no_verdict(grade)
    if one is None:
        return "All cases together took too long." if grade.verdict is Verdict.TLE else None
    if _is_sample(package, one.case):
        return f"Sample {one.case.name}: {one.why or 'a wrong answer.'}"
    number = next(i for i, case in enumerate(package.hidden, 1) if case is one.case)
    return f"Hidden case {number}: {one.why or 'a wrong answer.'}"


def _is_sample(package: Package, case: TestCase) -> bool:
    return any(case is sample for sample in package.samples)


def _no_verdict(grade: Grade) -> str | None:
    """Why the cases do not count: the challenge failed, or the program is none."""
    if grade.fault is not None:
        return grade.fault
    return grade.refusal.refusal.message if grade.refusal and grade.refusal.refusal else None


def _result(job: Job, grade: Grade, message: str | None, cases: list[CaseResult]) -> JobResult:
    refusal = grade.refusal.refusal if grade.refusal else None
    return JobResult(
        job=job,
        verdict=grade.verdict,
        passed=grade.passed,
        total=grade.total,
        time_ms=grade.time_ms,
        memory_kb=grade.memory_kb,
        judged_ms=0,
        message=message,
        line=refusal.line if refusal else None,
        column=refusal.column if refusal else None,
        cases=cases,
    )


def _cut(text: str) -> str:
    most = limits.DISPLAY_CHARS
    return text if len(text) <= most else f"{text[:most]}\n... {len(text) - most} more characters"
