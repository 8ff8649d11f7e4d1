"""Levels and layers as the doctor sees them."""

import pytest

from python_duel.sandbox import LEVELS, Level, SandboxError, SlotLost, levels, probe
from python_duel.sandbox.slot import Slot


def test_this_machine_has_a_level_and_says_so_layer_by_layer() -> None:
    layers = {layer.name: layer for layer in probe()}
    assert layers["seccomp"].ok
    assert levels.best_level() in LEVELS
    for layer in layers.values():
        assert layer.probed
        assert layer.detail
        assert bool(layer.mend) is not layer.ok


def test_a_level_that_does_not_start_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(level: str) -> None:
        raise SandboxError("no namespaces")

    monkeypatch.setattr(levels, "Slot", fails)
    assert levels.problem("full") == "no namespaces"


def test_a_jail_that_does_not_hold_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "_PROGRAM", "raise SystemExit('not shut in')")
    assert "not shut in" in str(levels.problem("full"))


def late(monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """The first `times` zygotes do not answer in time; gives the levels that were tried."""
    tried: list[str] = []

    def start(level: Level) -> Slot:
        tried.append(level)
        if len(tried) <= times:
            raise SlotLost("the zygote did not start")
        return Slot(level)

    monkeypatch.setattr(levels, "Slot", start)
    return tried


def test_a_machine_that_is_only_busy_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    level = levels.best_level()
    assert level
    tried = late(monkeypatch, levels.TRIES - 1)
    assert levels.problem(level) is None
    assert tried == [level] * levels.TRIES


def test_one_that_never_answers_has_no_such_level(monkeypatch: pytest.MonkeyPatch) -> None:
    late(monkeypatch, levels.TRIES)
    assert levels.problem("full") == "the zygote did not start"
