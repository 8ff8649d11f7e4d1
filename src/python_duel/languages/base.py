"""What a language is, and what runs its programs. One module a language; `LANGUAGES` lists them."""

from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Protocol, Self

from python_duel.protocol.server import Signature
from python_duel.sandbox import Failure, Level, Limits, Outcome
from python_duel.sandbox.levels import Probe
from python_duel.sandbox.report import OWN_TYPE


@dataclass(frozen=True, slots=True)
class Prepared:
    """A program that may be run any number of times, by the runner that prepared it."""

    source: str
    signature: Signature | None
    check: bool
    """Whether the language's own gate looks at it first, where there is one."""
    program: Any = None
    """What the language made of the source; its own affair."""


def named(outcome: Outcome, known: frozenset[str]) -> Outcome:
    """`outcome` with no other types of exceptions than `known`: a name a program chose could carry a hidden input."""

    def kept(failure: Failure | None) -> Failure | None:
        return failure if failure is None or failure.type in known else replace(failure, type=OWN_TYPE)

    answers = [
        answer if answer.error is None else replace(answer, error=kept(answer.error)) for answer in outcome.answers
    ]
    return replace(outcome, failure=kept(outcome.failure), answers=answers)


class Runner(Protocol):
    """Runs programs of one language, one at a time, for one thread at a time. Closing it ends every process of it."""

    level: Level

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def prepare(self, source: str, signature: Signature | None, check: bool) -> Prepared | Outcome:
        """Makes a program of `source`: a function of this signature, or one that reads standard input (None).

        An Outcome, which has a refusal, when it is no program. A language may leave that to the first run.
        Raises SlotLost.
        """

    def script(self, program: Prepared, stdin: bytes, limits: Limits) -> Outcome:
        """Runs it in a fresh process. Raises SlotLost."""

    def call(self, program: Prepared, cases: list[str], limits: Limits) -> Outcome:
        """Calls its function once a case, each a JSON list of arguments, in one process. Raises SlotLost."""

    def abort(self) -> None:
        """Ends every process, from any thread; what runs, and whatever comes after it, raises SlotLost."""

    def close(self) -> None: ...


class Language(Protocol):
    """A language a solution may be written in. It has no state; whatever costs time is in its runners."""

    @property
    def name(self) -> str:
        """On the wire and in folders of challenges."""

    @property
    def title(self) -> str:
        """As people read it, with the version."""

    @property
    def suffix(self) -> str:
        """Of its files, with the dot."""

    @property
    def comment(self) -> str:
        """What begins a comment that goes to the end of the line."""

    @property
    def least_level(self) -> Level:
        """The weakest isolation at which it may be offered."""

    @property
    def largest_int(self) -> int:
        """The largest n such that it holds every integer from -n to n exactly; 0 when there is no limit."""

    @property
    def errors(self) -> frozenset[str]:
        """Types of exceptions that may be named for a hidden case: names a program cannot choose."""

    def starter(self, signature: Signature | None) -> str:
        """The code a player's document starts with: a valid program, which defines the function asked for."""

    def toolchain(self) -> Probe:
        """What of it this machine has, and how to mend what is missing. Asked often: it must be quick."""

    def open(self, level: Level) -> Runner:
        """A runner for one thread. Raises SandboxError when this machine cannot do it."""
