"""Every payload, at every level this machine has, gate on and gate off; and that nothing is left of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

from python_duel.challenges.package import Checker, Limits, Package, TestCase
from python_duel.judge.grading import Grade, Solution, grade
from python_duel.languages import LANGUAGES
from python_duel.languages.python import PythonRunner
from python_duel.protocol.server import Parameter, Signature
from python_duel.protocol.verdict import Verdict
from python_duel.sandbox import LEVELS, Level
from python_duel.sandbox.levels import problem
from tests.escape.payloads import Payload, payloads

CANARY = "CANARY-5f1c9e"
FIELDS: dict[str, Any] = {"title": "t", "difficulty": 1, "statement": "s", "starter": {}, "limits": Limits(cpu_ms=250)}
STDIO = Package(
    slug="stdio",
    kind="stdio",
    checker=Checker(kind="tokens"),
    samples=[TestCase(name=name, stdin=f"{name}\n", expected="ok") for name in ("one", "two")],
    hidden=[],
    **FIELDS,
)
FUNCTION = Package(
    slug="function",
    kind="function",
    signature=Signature(name="add", parameters=[Parameter(name=n, type="int") for n in "ab"], returns="int"),
    checker=Checker(kind="exact"),
    samples=[TestCase(name=str(case), args=[*case], expected=sum(case)) for case in ([2, 3], [0, 0])],
    hidden=[],
    **FIELDS,
)
HONEST = STDIO.model_copy(update={"samples": STDIO.samples[:1]})
CHALLENGES = {"stdio": STDIO, "function": FUNCTION}
PROCESSES = {"full": 3, "no-userns": 2, "seccomp": 2}
"""Of an idle slot: supervisor, zygote and the primed child; without namespaces there is no supervisor."""


QUICK_GROUPS = {"static", "kernel", "between"}
"""What the weaker levels must show in every run: there the missing layers could be missed."""


def _runs() -> Iterator[ParameterSet]:
    for level in LEVELS:
        for payload in payloads():
            for gate in (True, False):
                slow = level != "full" and (gate or payload.group not in QUICK_GROUPS)
                name = f"{level}-{'gate' if gate else 'bare'}-{payload.id}"
                yield pytest.param(level, payload, gate, id=name, marks=[pytest.mark.slow] if slow else [])


@pytest.fixture(scope="module")
def slots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Level], PythonRunner]]:
    """A slot by level, opened at its first use; a canary stands in the environment and on the disk of its host."""
    (tmp_path_factory.mktemp("host") / "canary").write_text(CANARY)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANARY", CANARY)

        @cache
        def opened(level: Level) -> PythonRunner:
            if why := problem(level):
                pytest.skip(f"level {level} is not possible here: {why}")
            slot = stack.enter_context(PythonRunner(level))
            slot.slot.script("pass")  # from here on one child is always primed
            return slot

        yield opened


@pytest.fixture
def slot(request: pytest.FixtureRequest, slots: Callable[[Level], PythonRunner]) -> PythonRunner:
    return slots(request.param)


@pytest.mark.parametrize(("slot", "payload", "gate"), list(_runs()), indirect=["slot"])
def test_payload(slot: PythonRunner, payload: Payload, gate: bool) -> None:
    before = _descriptors()
    result = _judged(slot, payload.source, CHALLENGES[payload.challenge], gate)
    allowed = payload.gate if gate else payload.bare
    assert str(result.verdict) in allowed, result.judged or result.refusal
    assert CANARY not in repr(result)
    assert _judged(slot, "print('ok')", HONEST, gate).verdict is Verdict.AC
    assert _descriptors() == before
    assert len(_family(slot.slot.pid)) <= PROCESSES[slot.level] + 1  # the last child may still be on its way out


def _judged(slot: PythonRunner, source: str, package: Package, gate: bool) -> Grade:
    return grade(slot, package, Solution(source, LANGUAGES["python"], gate), package.cases)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _family(pid: int) -> set[int]:
    """A process and all that descend from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {pid}.union(*(_family(int(child)) for child in children if Path(f"/proc/{child}").exists()))
