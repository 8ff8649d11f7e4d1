"""Exceptions as a player wants to read them: the own lines, short, and nothing of this host."""

import builtins
import linecache
from types import TracebackType
from typing import Any

from python_duel.sandbox import limits

FILE = "solution.py"
OUTPUT_LIMIT = "OutputLimit"
OWN_TYPE = "an exception of your own"
"""Stands for every type a program made itself: a name of its choice could carry what it must not tell."""


def described(error: BaseException) -> dict[str, Any]:
    """`{type, line, text}`: a built-in type's name, the innermost own line, a short traceback."""
    lines = _own_lines(error.__traceback__)
    kind = type(error)
    shown = "\n".join(
        ["Traceback (most recent call last):", *_lines_shown(lines), f"{kind.__name__}{_message(error)}", ""]
    )
    return {
        "type": known_type(kind.__name__),
        "line": lines[-1][0] if lines else getattr(error, "lineno", None),
        "text": clean(shown[-limits.TEXT_CHARS :]),
    }


def clean(text: str) -> str:
    """`text` without what JSON or a database would refuse: NUL and lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\u2400")


def known_type(name: str) -> str:
    """`name` if it is that of a built-in exception or of too much output, else `OWN_TYPE`."""
    found = getattr(builtins, name, None)
    known = name == OUTPUT_LIMIT or (isinstance(found, type) and issubclass(found, BaseException))
    return name if known else OWN_TYPE


def _own_lines(trace: TracebackType | None) -> list[tuple[int, str]]:
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == FILE:
            found.append((trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    return found


def _lines_shown(lines: list[tuple[int, str]]) -> list[str]:
    inner = lines[-limits.TRACE_FRAMES :]
    hidden = len(lines) - len(inner)
    shown = [f"  ... {hidden} more"] if hidden else []
    for number, name in inner:
        shown += [f'  File "{FILE}", line {number}, in {name}', f"    {linecache.getline(FILE, number).strip()[:200]}"]
    return shown


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except MemoryError:
        raise
    except BaseException:
        text = "<its text cannot be had>"
    return f": {text[: limits.TEXT_CHARS // 2]}" if text else ""


def too_complex(error: BaseException) -> str:
    """A sentence for what the compiler could not take, beside syntax errors."""
    if isinstance(error, RecursionError | MemoryError | OverflowError):
        return "This program is nested too deeply, or is too large, to be compiled."
    return f"This text cannot be compiled: {error}"
