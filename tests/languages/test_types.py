"""Types of the challenge format: what they accept, what they refuse, and how they are written."""

import json
from typing import Any

import pytest
from hypothesis import given

from python_duel.languages.types import Type, parse_type
from tests.challenges.strategies import typed_values, types


@given(types)
def test_a_type_is_read_as_it_is_written(type_: Type) -> None:
    assert parse_type(str(type_)) == type_


@given(typed_values)
def test_a_value_fits_its_type_and_survives_json(typed: tuple[Type, Any]) -> None:
    type_, value = typed
    assert type_.problem(value) is None
    returned = json.loads(json.dumps(value))
    assert repr(returned) == repr(value)
    assert type_.problem(returned) is None


@given(typed_values, types)
def test_a_value_fits_another_type_only_when_python_agrees(typed: tuple[Type, Any], other: Type) -> None:
    _, value = typed
    assert (other.problem(value) is None) == fits(str(other), value)


def fits(text: str, value: Any) -> bool:
    """The same question, asked of the text of the type."""
    if text.endswith(" | None"):
        return value is None or fits(text.removesuffix(" | None"), value)
    if text.startswith("list["):
        return type(value) is list and all(fits(text[5:-1], item) for item in value)
    if text.startswith("dict["):
        return type(value) is dict and all(fits(text[10:-1], item) for item in value.values())
    return type(value).__name__ == text


@pytest.mark.parametrize(
    ("type_", "value", "problem"),
    [
        ("int", True, "answer must be int, not True"),
        ("int", 1.0, "answer must be int, not 1.0"),
        ("float", 1, "answer must be float, not 1"),
        ("float", float("nan"), "answer must be a finite number"),
        ("bool", 0, "answer must be bool, not 0"),
        ("str", "\ud800", "answer must be text without NUL and lone surrogates"),
        ("str", "\0", "answer must be text without NUL and lone surrogates"),
        ("str", None, "answer must be str, not None"),
        ("list[int]", (1,), "answer must be list[int], not (1,)"),
        ("list[list[int]]", [[1], [2, "3"]], "answer[1][1] must be int, not '3'"),
        ("dict[str, int | None]", {"a": None, "b": 0.5}, "answer['b'] must be int, not 0.5"),
        ("dict[str, int]", {1: 1}, "a key of answer must be str, not 1"),
        ("list[int]", [*range(10), "x" * 100], "answer[10] must be int, not '" + "x" * 36 + "..."),
    ],
)
def test_the_first_problem_is_named(type_: str, value: Any, problem: str) -> None:
    assert parse_type(type_).problem(value, "answer") == problem


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Any",
        "None",
        "list",
        "list[]",
        "list[int, int]",
        "list[1:2]",
        "dict[int, int]",
        "dict[str]",
        "int | str",
        "int | None | None",
        "None | int",
        "tuple[int]",
        "int; import os",
        "__import__('os')",
        "list[" * 60 + "int" + "]" * 60,
        "int\0",
    ],
)
def test_what_is_no_type_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="is not a type of the challenge format; use int, float"):
        parse_type(text)
