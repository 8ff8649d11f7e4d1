"""Comparison of answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_duel.challenges.package import Checker
from python_duel.judge.checkers import text_fits, value_fits

EXACT, TOKENS, FLOAT = Checker(kind="exact"), Checker(kind="tokens"), Checker(kind="float", tolerance=1e-6)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(1, True), (True, 1), (1.0, 1), (1, 1.0), ("1", 1), ([1], [True]), ([1], [1, 2]), ({"a": 1}, {"a": 1.0}),
     ({"a": 1}, {"b": 1}), (None, 0), ([], {}), (None, [])],
)  # fmt: skip
def test_other_types_are_other_values(answer: object, expected: object) -> None:
    assert not value_fits(EXACT, answer, expected)
    assert value_fits(EXACT, expected, expected)


@pytest.mark.parametrize(
    ("answer", "expected", "fits"),
    [(1.0000001, 1.0, True), (1, 1.0, True), (1.1, 1.0, False), (True, 1.0, False), (1.0, 1, False), ("1", 1.0, False),
     ([[1.0000001]], [[1.0]], True), (10**400, 1.0, False)],
)  # fmt: skip
def test_floats_within_the_tolerance(answer: object, expected: object, fits: bool) -> None:
    assert value_fits(FLOAT, answer, expected) is fits


@pytest.mark.parametrize(
    ("checker", "output", "expected", "fits"),
    [
        (EXACT, "a b", "a b\n", True),
        (EXACT, "a  b\n", "a b\n", False),
        (EXACT, "a b\n\n", "a b\n", False),
        (TOKENS, " a\n\nb ", "a b\n", True),
        (TOKENS, "ab", "a b", False),
        (TOKENS, "1.0", "1", False),
        (FLOAT, "1.0000001 x", "1 x", True),
        (FLOAT, "1.1", "1", False),
        (FLOAT, "nan", "1", False),
        (FLOAT, "inf", "1", False),
        (FLOAT, "1_0", "10", False),
        (FLOAT, "1 2", "1", False),
        (FLOAT, "1" * 500, "1", False),
    ],
)
def test_text(checker: Checker, output: str, expected: str, fits: bool) -> None:
    assert text_fits(checker, output, expected) is fits


@given(st.sampled_from([EXACT, TOKENS, FLOAT]), st.text(), st.text())
def test_text_never_fails_and_equal_text_fits(checker: Checker, output: str, expected: str) -> None:
    text_fits(checker, output, expected)
    assert text_fits(checker, expected, expected)
