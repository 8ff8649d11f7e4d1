"""What became of one program: facts only; what they mean for a problem is the judge's affair."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Ending(StrEnum):
    """How the process came to its end."""

    EXITED = "exited"
    """By itself: `exit_code`, or `signal` when the kernel ended it."""
    ANSWERED = "answered"
    """Every call was answered."""
    REFUSED = "refused"
    """The check, or the compiler, did not let it run: `refusal`."""
    CPU = "cpu"
    WALL = "wall"
    OUTPUT = "output"
    GARBLED = "garbled"
    """It wrote nonsense where answers belong."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`kind` is `rejected` (by the check) or `syntax`; line and column count from 1."""

    kind: str
    message: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception. `type` is a built-in name or a fixed phrase, `text` a short traceback that may quote the input."""

    type: str
    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One call: a `value` (parsed strictly from `text`), or why there is none."""

    text: str | None = None
    value: Any = None
    unfit: str | None = None
    """The function gave back what is no JSON value."""
    too_long: bool = False
    error: Failure | None = None
    stdout: str = ""
    stderr: str = ""
    cpu_ms: int = 0


@dataclass(slots=True)
class Outcome:
    """One process from its job to its end. `memory_kb` is its peak, the interpreter included."""

    ending: Ending
    exit_code: int | None = None
    signal: int | None = None
    cpu_ms: int = 0
    wall_ms: int = 0
    memory_kb: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False
    refusal: Refusal | None = None
    failure: Failure | None = None
    """What ended a script, or kept a function from being defined."""
    failure_output: tuple[str, str] = ("", "")
    """What was printed before `failure`, when it was a function's source that failed."""
    answers: list[Answer] = field(default_factory=list)
