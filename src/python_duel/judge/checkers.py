"""Is this answer the expected one? Runs outside of every sandbox; answers arrive parsed and bounded.

To a custom checker every answer is right: what the challenge's own program says of it comes later (`judge.custom`).
"""

import math
from typing import Any

from python_duel.challenges.package import Checker


def value_fits(checker: Checker, answer: Any, expected: Any) -> bool:
    """For the value of a function: exact types (`True` is no 1, `1` is no 1.0), unless the checker is `float` and the
    expected number is one: then a number within the tolerance will do.
    """
    if checker.kind == "custom":
        return True
    if checker.kind == "float" and type(expected) is float and type(answer) in (int, float):
        return _close(answer, expected, checker.tolerance)
    if type(answer) is not type(expected):
        return False
    if isinstance(expected, list):
        return len(answer) == len(expected) and all(map(lambda a, e: value_fits(checker, a, e), answer, expected))
    if isinstance(expected, dict):
        return answer.keys() == expected.keys() and all(value_fits(checker, answer[k], expected[k]) for k in expected)
    if checker.kind == "tokens" and isinstance(expected, str):
        return bool(answer.split() == expected.split())
    return bool(answer == expected)


def text_fits(checker: Checker, output: str, expected: str) -> bool:
    """For standard output: `exact` forgives a missing or additional line break at the end, `tokens` all white space,
    `float` also a difference within the tolerance between tokens that are numbers.
    """
    if checker.kind == "custom":
        return True
    if checker.kind == "exact":
        return output.removesuffix("\n") == expected.removesuffix("\n")
    got, wanted = output.split(), expected.split()
    if checker.kind == "tokens" or got == wanted:
        return got == wanted
    return len(got) == len(wanted) and all(
        a == e or _close(_number(a), _number(e), checker.tolerance) for a, e in zip(got, wanted, strict=True)
    )


def _close(answer: float | None, expected: float | None, tolerance: float) -> bool:
    if answer is None or expected is None:
        return False
    try:
        return math.isfinite(answer) and math.isclose(answer, expected, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:
        return False


def _number(token: str) -> float | None:
    try:
        return float(token) if len(token) <= 400 and token.isascii() and "_" not in token else None
    except ValueError:
        return None
