"""Levels and layers as the doctor sees them."""

import pytest

from python_duel.sandbox import LEVELS, SandboxError, levels, probe


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
