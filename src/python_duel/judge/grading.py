"""One solution against the cases of a challenge. Expected outputs stay on this side; the sandbox sees inputs only."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from python_duel.challenges.package import Package, TestCase
from python_duel.judge import checkers, custom, verdicts
from python_duel.languages import LANGUAGES, Language, Prepared, Runner, named
from python_duel.languages.types import parse_type
from python_duel.protocol.verdict import Verdict
from python_duel.sandbox import Answer, Ending, Limits, Outcome, limits, wire


@dataclass(frozen=True, slots=True)
class Judged:
    """One case: all of it, what its author may see and what not."""

    case: TestCase
    verdict: Verdict
    output: str | None = None
    stdout: str = ""
    stderr: str = ""
    time_ms: int = 0
    why: str | None = None
    """A sentence that quotes nothing of the program's making, so that it may be told of a hidden case."""


@dataclass(slots=True)
class Grade:
    """All cases. `refusal` is set when the program never ran, `fault` when the challenge's own checker failed."""

    total: int
    judged: list[Judged] = field(default_factory=list)
    memory_kb: int = 0
    refusal: Outcome | None = None
    fault: str | None = None

    @property
    def passed(self) -> int:
        """Cases answered rightly."""
        return sum(one.verdict is Verdict.AC for one in self.judged)

    @property
    def first_failure(self) -> Judged | None:
        """The first case in order that did not pass."""
        return next((one for one in self.judged if one.verdict is not Verdict.AC), None)

    @property
    def verdict(self) -> Verdict:
        """That of the first failing case; TLE when the time for all was over before the last."""
        if self.fault is not None:
            return Verdict.IE
        if self.refusal is not None:
            return verdicts.of_outcome(self.refusal)
        if failed := self.first_failure:
            return failed.verdict
        return Verdict.AC if len(self.judged) == self.total else Verdict.TLE

    @property
    def time_ms(self) -> int:
        """CPU time of the slowest case."""
        return max((one.time_ms for one in self.judged), default=0)


@dataclass(frozen=True, slots=True)
class Solution:
    """A program to grade. `check`: whether the static gate looks at it."""

    source: str
    language: Language
    check: bool = True


class Budget:
    """How long one submission may keep a slot: a span of time, and a number of processes that had to be stopped."""

    def __init__(self, package: Package) -> None:
        memory = max(package.limits.memory_mb * limits.MIB, limits.LEAST_MEMORY_BYTES)
        self._most = Limits(package.limits.cpu_ms, memory, package.limits.output_bytes)
        self._stops = 0

    @property
    def limits(self) -> Limits:
        """Of the next process."""
        return self._most

    def charge(self, outcome: Outcome) -> None:
        """Takes off what a process used; what a busy host kept from it is not charged."""
        left = self._most.total_ms - (outcome.wall_ms - outcome.starved_ms)
        self._most = replace(self._most, total_ms=left)
        self._stops += outcome.ending in verdicts.STOPS

    @property
    def spent(self) -> bool:
        """No further process."""
        return self._stops >= limits.MAX_RESTARTS or self._most.total_ms <= 0


def grade(
    runner: Runner,
    package: Package,
    solution: Solution,
    cases: Sequence[TestCase],
    python: Runner | None = None,
) -> Grade:
    """Prepares the program, then judges every case in order, as far as the budget goes. A challenge's own checker is
    run by `python`; without one a runner is opened for it. Raises SlotLost when the sandbox failed.
    """
    result = _graded(runner, package, solution, cases)
    if package.checker.source is not None and result.refusal is None:
        with ExitStack() as stack:
            python = python or stack.enter_context(LANGUAGES["python"].open(runner.level))
            _check(python, package, package.checker.source, result)
    return result


def _check(python: Runner, package: Package, source: str, result: Grade) -> None:
    """Asks the challenge's own checker about every case that ran well."""
    ran = [number for number, one in enumerate(result.judged) if one.verdict is Verdict.AC]
    asked = [custom.Question(*_question(package, result.judged[number])) for number in ran]
    returns = parse_type(package.signature.returns) if package.signature else None
    try:
        right = custom.check(python, source, asked, returns)
    except custom.CheckerFailed as error:
        result.fault = f"The challenge's checker failed: {error}"
        return
    for number, fits in zip(ran, right, strict=True):
        if not fits:
            result.judged[number] = replace(result.judged[number], verdict=Verdict.WA)


def _question(package: Package, one: Judged) -> tuple[Any, Any, Any]:
    output = one.output or ""
    if package.signature is None:
        return one.case.stdin, one.case.expected, output
    return one.case.args, one.case.expected, wire.loads(output.encode())


def _graded(runner: Runner, package: Package, solution: Solution, cases: Sequence[TestCase]) -> Grade:
    result = Grade(len(cases))
    program = runner.prepare(solution.source, package.signature, solution.check)
    if isinstance(program, Outcome):
        result.refusal = program
        return result
    run = _scripts if package.signature is None else _calls
    known = solution.language.errors
    for outcome, judged in run(runner, package, program, known, cases):
        result.memory_kb = max(result.memory_kb, outcome.memory_kb)
        result.judged += judged
        if outcome.ending is Ending.REFUSED:
            result.refusal = outcome
            break
    return result


Step = tuple[Outcome, list[Judged]]


def _scripts(
    runner: Runner, package: Package, program: Prepared, known: frozenset[str], cases: Sequence[TestCase]
) -> Iterator[Step]:
    budget = Budget(package)
    for case in cases:
        if budget.spent:
            return
        stdin = (case.stdin or "").encode()
        outcome = named(runner.script(program, stdin, budget.limits), known)
        budget.charge(outcome)
        yield outcome, [_script_judged(package, case, outcome)] if outcome.refusal is None else []


def _script_judged(package: Package, case: TestCase, outcome: Outcome) -> Judged:
    output, verdict, why = text(outcome.stdout), _verdict(package, outcome), verdicts.why(outcome)
    if verdict is Verdict.AC and not checkers.text_fits(package.checker, output, str(case.expected)):
        verdict = Verdict.WA
    trace = outcome.failure.text if outcome.failure else ""
    return Judged(case, verdict, output, "", text(outcome.stderr) + trace, outcome.cpu_ms, why)


def _calls(
    runner: Runner, package: Package, program: Prepared, known: frozenset[str], cases: Sequence[TestCase]
) -> Iterator[Step]:
    budget = Budget(package)
    rest = list(cases)
    while rest and not budget.spent:
        arguments = [json.dumps(case.args) for case in rest]
        most = replace(budget.limits, shown=sum(case in package.samples for case in rest))
        outcome = named(runner.call(program, arguments, most), known)
        budget.charge(outcome)
        judged = [_call_judged(package, *pair) for pair in zip(rest, outcome.answers, strict=False)]
        rest = rest[len(judged) :]
        if outcome.failure is not None:
            judged += [_undefined(case, outcome) for case in rest]
            rest = []
        elif rest and outcome.refusal is None:
            judged.append(_interrupted(package, rest.pop(0), outcome))
        yield outcome, judged


def _call_judged(package: Package, case: TestCase, answer: Answer) -> Judged:
    verdict = verdicts.of_answer(answer)
    why = "The answer is no plain value: give back int, float, bool, str, None, list or dict." if answer.unfit else None
    if answer.error is not None:
        why = verdicts.of_type(answer.error)
    elif verdict is Verdict.AC and not checkers.value_fits(package.checker, answer.value, case.expected):
        verdict = Verdict.WA
    trace = answer.error.text if answer.error else answer.unfit or ""
    return Judged(case, verdict, answer.text, answer.stdout, answer.stderr + trace, answer.cpu_ms, why)


def _undefined(case: TestCase, outcome: Outcome) -> Judged:
    out, err = outcome.failure_output
    trace = outcome.failure.text if outcome.failure else ""
    return Judged(case, verdicts.of_outcome(outcome), None, out, err + trace, outcome.cpu_ms, verdicts.why(outcome))


def _interrupted(package: Package, case: TestCase, outcome: Outcome) -> Judged:
    """The case during which the process came to its end."""
    verdict, why = _verdict(package, outcome), verdicts.why(outcome)
    if verdict is Verdict.AC:
        verdict, why = Verdict.RE, "The program ended before it gave an answer."
    spent = outcome.cpu_ms - sum(answer.cpu_ms for answer in outcome.answers)
    return Judged(case, verdict, None, text(outcome.stdout), text(outcome.stderr), max(0, spent), why)


def _verdict(package: Package, outcome: Outcome) -> Verdict:
    return verdicts.of_outcome(outcome, Budget(package).limits.memory_bytes)


def text(data: bytes) -> str:
    """Bytes of a program as text that JSON and a database take."""
    return data.decode("utf-8", "replace").replace("\0", "\u2400")
