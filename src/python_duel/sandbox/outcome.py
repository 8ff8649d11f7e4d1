"""What became of one program: facts only; what they mean for a problem is the judge's affair."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from python_duel.sandbox.wire import loads


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
    """An exception. `type` is a name that the program may have chosen, or a fixed phrase.

    `text` is a short traceback that may quote the input.
    """

    type: str
    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One call: its value as JSON `text`, or why there is none."""

    text: str | None = None
    unfit: str | None = None
    """The function gave back what is no JSON value."""
    too_long: bool = False
    error: Failure | None = None
    stdout: str = ""
    stderr: str = ""
    cpu_ms: int = 0

    @property
    def value(self) -> Any:
        """What `text` says. Parsed anew each time: as objects, the answers to many cases would fill the memory."""
        return None if self.text is None else loads(self.text.encode())


@dataclass(slots=True)
class Outcome:
    """One process from its job to its end. `cpu_ms` counts from the moment the program was accepted; `memory_kb` is the
    peak, the interpreter included.
    """

    ending: Ending
    exit_code: int | None = None
    signal: int | None = None
    cpu_ms: int = 0
    wall_ms: int = 0
    starved_ms: int = 0
    """Of `wall_ms`: time in which a busy host gave it no CPU, or in which its parent stood still."""
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
