"""What the tests of languages share: making programs, running them, values that every language can hold."""

import json
from typing import Any

import pytest
from hypothesis import strategies as st

from python_duel.languages import LANGUAGES, Prepared, Runner
from python_duel.protocol.server import Parameter, Signature
from python_duel.sandbox import Ending, Level, Limits, Outcome, Refusal
from python_duel.sandbox.levels import problem
from tests.challenges.strategies import types, values

QUICK = Limits(cpu_ms=700)
"""Long enough for a virtual machine on a busy host, short enough for a test of an endless loop."""
ADD = Signature(name="add", parameters=[Parameter(name=n, type="int") for n in "ab"], returns="int")


def opened(language: str, level: Level) -> Runner:
    """A runner; the test is skipped where the level is not possible."""
    if why := problem(level):
        pytest.skip(f"level {level} is not possible here: {why}")
    return LANGUAGES[language].open(level)


def made(runner: Runner, source: str, signature: Signature | None = None) -> Prepared:
    """The program, which must be one."""
    program = runner.prepare(source, signature, True)
    assert isinstance(program, Prepared), program
    return program


def ran(runner: Runner, source: str, stdin: bytes = b"", limits: Limits = QUICK) -> Outcome:
    """A program that reads standard input."""
    return runner.script(made(runner, source), stdin, limits)


def called(runner: Runner, source: str, *cases: list[Any], signature: Signature = ADD) -> Outcome:
    """A function, once a case."""
    return runner.call(made(runner, source, signature), [json.dumps(case) for case in cases], QUICK)


def refused(outcome: Prepared | Outcome) -> Refusal:
    """Why it is no program: readable, bounded, and without any path of this host."""
    assert isinstance(outcome, Outcome), outcome
    assert outcome.ending is Ending.REFUSED
    assert outcome.refusal is not None
    assert 0 < len(outcome.refusal.message) <= 2000
    assert not any(part in outcome.refusal.message for part in ("/usr", "/work", "/tmp", "/home", "python_duel"))
    return outcome.refusal


def one_argument(type_: str) -> Signature:
    """Of a function that gives back its argument."""
    return Signature(name="same", parameters=[Parameter(name="value", type=type_)], returns=type_)


def typed_cases(largest_int: int) -> st.SearchStrategy[tuple[str, list[Any]]]:
    """A type, and values of it with integers that a language can hold."""
    return types.flatmap(
        lambda kind: st.tuples(
            st.just(str(kind)), st.lists(values(kind).map(lambda v: _within(v, largest_int)), min_size=1, max_size=10)
        )
    )


def _within(value: Any, most: int) -> Any:
    if type(value) is int:
        return max(-most, min(value, most))
    if isinstance(value, list):
        return [_within(item, most) for item in value]
    return {key: _within(item, most) for key, item in value.items()} if isinstance(value, dict) else value


def exact(value: Any) -> str:
    """Tells apart what the judge tells apart: 1, 1.0 and true."""
    return json.dumps(value, sort_keys=True)
