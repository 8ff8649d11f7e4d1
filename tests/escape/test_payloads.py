"""Every hostile program, at every level its language runs at, gate on and gate off; and that nothing is left of it.

The short form is what a plain `pytest` runs; `make escape` runs all of it, on every Python that is there.
"""

import sys
from collections.abc import Iterator

import pytest
from _pytest.mark.structures import ParameterSet

from python_duel.judge.grading import Grade
from python_duel.languages import LANGUAGES, fits
from python_duel.languages.cpp import CACHE_ENTRIES
from python_duel.protocol.verdict import Verdict
from python_duel.sandbox import LEVELS, Level
from python_duel.sandbox.limits import TEXT_CHARS
from tests.escape.payloads import Payload, payloads
from tests.escape.scene import (
    CANARY,
    GROWTH_BYTES,
    HONEST_SOURCES,
    Stage,
    judged,
    kept_programs,
    other_pythons,
    resident_bytes,
    settle,
    settled,
)

LANGUAGES_WITH_A_GATE = {"python"}
WEAK_QUICK_GROUPS = {"static", "kernel", "between"}
"""What the weaker levels must show of Python in every run: there the missing layers could be missed."""
OWN = "{}.{}".format(*sys.version_info)
HOST_PATHS = ("/usr/", "/tmp/", "/root", "/home", "/proc/", "/var/", "/opt/")


def _runs() -> Iterator[ParameterSet]:
    for payload in payloads():
        for level in LEVELS:
            if level in payload.levels and _fits(payload.language, level):
                yield from _runs_at(level, payload)


def _fits(language: str, level: Level) -> bool:
    return language not in LANGUAGES or fits(LANGUAGES[language], level)


def _runs_at(level: Level, payload: Payload) -> Iterator[ParameterSet]:
    for gate in (True, False) if payload.language in LANGUAGES_WITH_A_GATE else (False,):
        marks = [] if _is_quick(level, payload, gate) else [pytest.mark.slow]
        where = f"{level}-{'gate' if gate else 'bare'}"
        if OWN not in payload.not_on:
            yield pytest.param(payload, level, gate, "", id=f"{where}-{payload.id}", marks=marks)
        for version, python in other_pythons().items() if payload.language == "python" else ():
            if version not in payload.not_on:
                name = f"{where}-python{version}-{payload.id}"
                yield pytest.param(payload, level, gate, python, id=name, marks=[pytest.mark.slow])


def _is_quick(level: Level, payload: Payload, gate: bool) -> bool:
    if payload.language == "python":
        if level == "full":
            return not gate or payload.group != "resources"
        return not gate and payload.group in WEAK_QUICK_GROUPS
    return level == "full" and payload.quick


@pytest.fixture(scope="module")
def memory_before() -> int:
    return resident_bytes()


@pytest.mark.parametrize(("payload", "level", "gate", "python"), list(_runs()))
def test_payload(
    stage: Stage,
    memory_before: int,
    caplog: pytest.LogCaptureFixture,
    payload: Payload,
    level: Level,
    gate: bool,
    python: str,
) -> None:
    language = payload.language
    if why := stage.why_not(language, level):
        pytest.skip(why)
    runner = stage.runner(language, level, python)
    before = stage.calm()

    result = judged(runner, language, payload.source, payload.challenge, gate)

    assert str(result.verdict) in (payload.gate if gate else payload.bare), result.judged or result.refusal
    assert not [one.output for one in result.judged if "BREACH" in f"{one.output}{one.stdout}"]
    assert CANARY not in repr(result) + caplog.text
    _assert_readable(result, payload.source)
    honest = judged(runner, language, HONEST_SOURCES[language], "stdio", gate, honest=True)
    assert honest.verdict is Verdict.AC, honest
    settle(runner)
    assert not settled(before)
    assert kept_programs() <= CACHE_ENTRIES
    assert resident_bytes() - memory_before < GROWTH_BYTES


def _assert_readable(result: Grade, source: str) -> None:
    """A refusal is a bounded sentence that names the player's own lines and nothing of the host."""
    refusal = result.refusal.refusal if result.refusal is not None else None
    if refusal is not None:
        assert 0 < len(refusal.message) <= TEXT_CHARS
        assert not [path for path in HOST_PATHS if path in refusal.message and path not in source], refusal.message
        assert refusal.line is None or refusal.line <= source.count("\n") + source.count("\r") + 2
