"""Comparison of answers."""

import json
import time

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
     ([[1.0000001]], [[1.0]], True), (10**400, 1.0, False), (-0.0, 0.0, True), (float("nan"), 1.0, False),
     (float("inf"), 1.0, False), (float("inf"), float("inf"), False), (float("nan"), float("nan"), False),
     ({"a": 1.0000001}, {"a": 1.0}, True), ({"a": 1.0}, {"b": 1.0}, False), ([1.0, 2.0], [1.0], False),
     (None, 1.0, False), (1.0, None, False)],
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
        (FLOAT, "1e999", "1e308", False),
        (FLOAT, "1e999", "1e999", True),
        (FLOAT, "-0.0", "0", True),
        (FLOAT, "0x1", "1", False),
        (FLOAT, "\u0661", "1", False),
        (FLOAT, "infinity", "inf", False),
        (FLOAT, "1.0\r\n2.0\r\n", "1 2\n", True),
        (FLOAT, "+1.", "1", True),
        (FLOAT, "1e-400", "0", True),
        (TOKENS, "a\r\nb\r\n", "a\nb\n", True),
        (TOKENS, "a\n\n\n", "a", True),
        (TOKENS, "\u0661", "1", False),
        (EXACT, "a\r\n", "a\n", False),
        (EXACT, "a \n", "a\n", False),
        (EXACT, "\n", "", True),
    ],
)
def test_text(checker: Checker, output: str, expected: str, fits: bool) -> None:
    assert text_fits(checker, output, expected) is fits


@given(st.sampled_from([EXACT, TOKENS, FLOAT]), st.text(), st.text())
def test_text_never_fails_and_equal_text_fits(checker: Checker, output: str, expected: str) -> None:
    text_fits(checker, output, expected)
    assert text_fits(checker, expected, expected)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)
GAPS = st.sampled_from([" ", "\n", "\r\n", "\t", " \n\n  "])
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1)


@given(st.lists(WORDS), st.lists(GAPS, min_size=1))
def test_white_space_between_tokens_does_not_count(words: list[str], gaps: list[str]) -> None:
    output = "".join(word + gaps[i % len(gaps)] for i, word in enumerate(words))
    assert text_fits(TOKENS, output, " ".join(words))
    assert not text_fits(TOKENS, output + "more", " ".join(words))


@given(NUMBERS, st.floats(-0.9e-6, 0.9e-6), st.sampled_from([repr, "{:.17g}".format, "{:.17e}".format]))
def test_a_number_within_the_tolerance_fits_however_it_is_written(number: float, error: float, write: object) -> None:
    near = number + error * max(1.0, abs(number))
    assert text_fits(FLOAT, write(near), repr(number))  # type: ignore[operator]
    assert value_fits(FLOAT, [near], [number])


@given(NUMBERS, st.floats(1e-5, 1e6), st.sampled_from([-1, 1]))
def test_a_number_outside_of_the_tolerance_does_not(number: float, error: float, sign: int) -> None:
    far = number + sign * error * max(1.0, abs(number))
    assert not text_fits(FLOAT, repr(far), repr(number))
    assert not value_fits(FLOAT, {"x": far}, {"x": number})


def test_many_tokens_are_compared_quickly() -> None:
    begin = time.process_time()
    text = "1.5 " * 250_000
    assert text_fits(FLOAT, text, text)
    assert not text_fits(FLOAT, text + "2", text)
    assert text_fits(FLOAT, "1.50 " * 200_000, "1.5 " * 200_000)
    assert not text_fits(FLOAT, "9" * (1 << 20), "1")
    assert time.process_time() - begin < 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, JSON)
def test_only_the_same_value_of_the_same_types_is_exact(answer: object, expected: object) -> None:
    same = json.dumps(answer, sort_keys=True) == json.dumps(expected, sort_keys=True)
    fits = value_fits(EXACT, answer, expected)
    # -0.0 is 0.0 to Python, and written in another way.
    assert fits or not same
    assert same or not fits or "-0.0" in json.dumps([answer, expected])
