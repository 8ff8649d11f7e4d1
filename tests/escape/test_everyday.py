"""What honest players write: the gate refuses none of it, and all of it is accepted, in every language."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from python_duel.challenges.package import TestCase
from python_duel.judge import gate
from python_duel.judge.gate.finding import Finding
from python_duel.judge.grading import Solution, grade
from python_duel.languages import LANGUAGES, Runner
from python_duel.platform.bundled import bundled
from python_duel.protocol.verdict import Verdict
from python_duel.sandbox.harness import normalised
from tests.escape.payloads import Program, programs
from tests.escape.scene import SUMS, Stage, other_pythons, package

CPU_MS = 4000
LEAST = {"python": 120, "cpp": 15, "java": 15, "javascript": 15}
KNOWN_REFUSALS = {
    "P-descriptor": "a name that getattr() is given at run time may be any; the sandbox holds, the gate cannot know"
}
"""Honest, and refused all the same, each with the reason."""
OWN = "{}.{}".format(*sys.version_info)
RUN_HERE = [p for p in programs() if OWN not in p.not_on and p.python <= sys.version_info[:2]]
"""The others use a syntax that came later."""


QUICK = 5
"""So many of each compiled language belong to the short form."""


def _runs_elsewhere() -> Iterator[ParameterSet]:
    for version, python in other_pythons().items():
        for program in programs():
            if program.language == "python" and not program.refused and _runs_on(program, version):
                yield pytest.param(program, python, id=f"python{version}-{program.id}", marks=[pytest.mark.slow])


def _runs_on(program: Program, version: str) -> bool:
    return version not in program.not_on and program.python <= tuple(map(int, version.split(".")))


def _runs() -> Iterator[ParameterSet]:
    seen: Counter[str] = Counter()
    for program in (p for p in RUN_HERE if not p.refused):
        seen[program.language] += 1
        quick = program.language == "python" or seen[program.language] <= QUICK
        for gate_on in (True, False) if program.language == "python" else (True,):
            name = f"{'gate' if gate_on else 'bare'}-{program.id}"
            yield pytest.param(program, gate_on, id=name, marks=[] if quick else [pytest.mark.slow])


@pytest.mark.parametrize(("program", "gate_on"), list(_runs()))
def test_an_honest_program_is_accepted(stage: Stage, program: Program, gate_on: bool) -> None:
    if why := stage.why_not(program.language, "full"):
        pytest.skip(why)
    if gate_on and program.id in KNOWN_REFUSALS:
        pytest.xfail(KNOWN_REFUSALS[program.id])
    _assert_accepted(stage.runner(program.language, "full"), program, gate_on)


@pytest.mark.parametrize(("program", "python"), list(_runs_elsewhere()))
def test_an_honest_program_is_accepted_by_every_python(stage: Stage, program: Program, python: str) -> None:
    gate_on = program.id not in KNOWN_REFUSALS
    _assert_accepted(stage.runner("python", "full", python), program, gate_on)


def _assert_accepted(runner: Runner, program: Program, gate_on: bool) -> None:
    line = TestCase(name="one", stdin=program.stdin, expected=program.stdout)
    challenge = package(program.challenge, SUMS if program.challenge == "function" else [line], CPU_MS)
    solution = Solution(program.source, LANGUAGES[program.language], gate_on)
    result = grade(runner, challenge, solution, challenge.cases)
    assert result.verdict is Verdict.AC, result.refusal or result.judged


@pytest.mark.parametrize("program", [p for p in RUN_HERE if p.refused], ids=lambda p: p.id)
def test_what_is_refused_on_purpose_is_told_what_to_do(program: Program) -> None:
    found = gate.check(program.source)
    assert found is not None
    assert program.refused in found[2]


def test_no_honest_program_is_refused(
    record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The figure: false refusals of the gate over the corpus and all reference solutions."""
    texts = {p.id: p.source for p in RUN_HERE if p.language == "python" and not p.refused} | _references()
    refused = {name: found for name, text in texts.items() if (found := _refusal(text))}
    with capsys.disabled():
        print(f"\nfalse refusals of the gate: {len(refused)} of {len(texts)} honest Python programs")
    record_property("false_refusals", f"{len(refused)} of {len(texts)}")
    assert refused.keys() == KNOWN_REFUSALS.keys()


@pytest.mark.parametrize("language", sorted(LEAST))
def test_the_corpus_is_large_enough(language: str) -> None:
    assert len([p for p in programs() if p.language == language and not p.refused]) >= LEAST[language]


def _refusal(source: str) -> Finding | None:
    return gate.check(normalised(source))


def _references() -> dict[str, str]:
    folder = bundled("challenges")
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(Path(folder).glob("*/solutions/reference.py"))
    }
