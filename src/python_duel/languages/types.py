"""The types of the challenge format: `int`, `float`, `bool`, `str`, `list[T]`, `dict[str, T]` and `T | None`.

Values are JSON values, told apart by their exact type: `True` is no `int`, and `1` is no `float`.
"""

import ast
import math
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 200


@dataclass(frozen=True)
class Scalar:
    """`int`, `float`, `bool` or `str`."""

    name: str

    def __str__(self) -> str:
        return self.name

    def problem(self, value: Any, where: str = "value") -> str | None:
        """Why `value` is not of this type, as one sentence that begins with `where`; None when it is."""
        if type(value).__name__ != self.name:
            return f"{where} must be {self.name}, not {_shown(value)}"
        if isinstance(value, float) and not math.isfinite(value):
            return f"{where} must be a finite number"
        if isinstance(value, str) and not _is_text(value):
            return f"{where} must be text without NUL and lone surrogates"
        return None


@dataclass(frozen=True)
class ListOf:
    """`list[T]`."""

    item: "Type"

    def __str__(self) -> str:
        return f"list[{self.item}]"

    def problem(self, value: Any, where: str = "value") -> str | None:
        """As `Scalar.problem`; names the first wrong item."""
        if type(value) is not list:
            return f"{where} must be {self}, not {_shown(value)}"
        return next((p for i, v in enumerate(value) if (p := self.item.problem(v, f"{where}[{i}]"))), None)


@dataclass(frozen=True)
class DictOf:
    """`dict[str, T]`."""

    item: "Type"

    def __str__(self) -> str:
        return f"dict[str, {self.item}]"

    def problem(self, value: Any, where: str = "value") -> str | None:
        """As `Scalar.problem`; names the first wrong key or item."""
        if type(value) is not dict:
            return f"{where} must be {self}, not {_shown(value)}"
        keys = (Scalar("str").problem(k, f"a key of {where}") for k in value)
        items = (self.item.problem(v, f"{where}[{k!r}]") for k, v in value.items())
        return next((p for p in (*keys, *items) if p), None)


@dataclass(frozen=True)
class Maybe:
    """`T | None`."""

    item: "Type"

    def __str__(self) -> str:
        return f"{self.item} | None"

    def problem(self, value: Any, where: str = "value") -> str | None:
        """As `Scalar.problem`."""
        return None if value is None else self.item.problem(value, where)


Type = Scalar | ListOf | DictOf | Maybe


def parse_type(text: str) -> Type:
    """The type that `text` names. Raises ValueError with a sentence that says what is allowed."""
    try:
        if len(text) > MAX_TEXT:
            raise ValueError
        return _read(ast.parse(text.strip(), mode="eval").body)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        allowed = "int, float, bool, str, list[T], dict[str, T] or T | None"
        raise ValueError(f"{text[:MAX_TEXT]!r} is not a type of the challenge format; use {allowed}") from None


def _read(node: ast.expr) -> Type:
    match node:
        case ast.Name(id="int" | "float" | "bool" | "str" as name):
            return Scalar(name)
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return ListOf(_read(item))
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[ast.Name(id="str"), item])):
            return DictOf(_read(item))
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)) if not isinstance(left, ast.BinOp):
            return Maybe(_read(left))
    raise ValueError


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _is_text(text: str) -> bool:
    # Neither PostgreSQL nor UTF-8 can carry the others.
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text)
