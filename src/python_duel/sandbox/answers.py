"""What a function may answer: JSON values of the exact types, nothing lazy, nothing disguised."""

import json
import math
from typing import Any

from python_duel.sandbox import limits

_SCALARS = {int, float, bool, str, type(None)}


def encoded(value: Any, most_bytes: int) -> dict[str, Any]:
    """`{"answer": JSON text}`, or `{"unfit": sentence}` when the value is no JSON value or is too long."""
    if problem := unfit(value):
        return {"unfit": problem}
    text = json.dumps(value, check_circular=False)
    return {"answer": text} if len(text) <= most_bytes else {"too_long": True}


def unfit(value: Any) -> str | None:
    """Why `value` cannot be an answer; None when it can. Level by level, so that depth costs no stack."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > limits.JSON_DEPTH:
            return f"the answer is nested deeper than {limits.JSON_DEPTH} levels, or contains itself"
        inner: list[Any] = []
        for item in level:
            if problem := _problem(item, inner):
                return problem
        level = inner
    return None


def _problem(item: Any, inner: list[Any]) -> str | None:
    kind = type(item)
    if kind in _SCALARS:
        return "the answer holds a number that is not finite" if kind is float and not math.isfinite(item) else None
    if kind is list:
        inner += item
        return None
    if kind is dict:
        inner += item.values()
        return None if all(type(key) is str for key in item) else "the answer holds a dict with a key that is no str"
    return f"the answer holds {_article(kind.__name__)}: give back int, float, bool, str, None, list or dict"


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name[:60]}"
