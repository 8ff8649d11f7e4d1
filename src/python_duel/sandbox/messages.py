"""What a child says, from frame to typed value. Its words are hostile: every field is checked here."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from python_duel.sandbox import limits
from python_duel.sandbox.outcome import Answer, Failure, Refusal
from python_duel.sandbox.report import OWN_TYPE
from python_duel.sandbox.wire import BadFrame, loads

T = TypeVar("T")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:]{0,79}")


@dataclass(frozen=True, slots=True)
class Ready:
    """The source was accepted, and runs from now on."""


@dataclass(frozen=True, slots=True)
class Fatal:
    """The program, or the source that should define a function, ended in an exception."""

    failure: Failure
    stdout: str | None
    stderr: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one case. `captured`: with what was printed; if not, that is in the pipes."""

    answer: Answer
    captured: bool
    claimed_us: int
    """CPU time by the child's own account: it only divides what was measured for several cases."""


@dataclass(frozen=True, slots=True)
class NoMemory:
    """An allocation failed; the program may yet live with it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The program came to its end, and all it printed is in the pipes: what is left is to take the process away."""

    exit_code: int


Message = Ready | Refusal | Fatal | Reply | NoMemory | Ended


def parsed(data: bytes) -> Message:
    """The message in one frame. Raises BadFrame."""
    message = _of(dict, loads(data))
    for kind, read in _KINDS.items():
        if kind in message:
            return read(message)
    raise BadFrame("a message of no kind")


def _answer(message: dict[str, Any]) -> Reply:
    text = _of(str, message["answer"])
    try:
        loads(text.encode())
    except BadFrame as problem:
        return _reply(message, unfit=f"the answer cannot be read: {_short(str(problem))}")
    return _reply(message, text=text)


def _reply(message: dict[str, Any], **fields: Any) -> Reply:
    out, err = _printed(message)
    claimed = message.get("cpu_us")
    answer = Answer(**fields, stdout=out or "", stderr=err or "")
    return Reply(answer, out is not None, claimed if type(claimed) is int and 0 <= claimed < 1 << 31 else 0)


def _printed(message: dict[str, Any]) -> tuple[str, str] | tuple[None, None]:
    if "stdout" not in message and "stderr" not in message:
        return None, None
    return _of(str, message.get("stdout", "")), _of(str, message.get("stderr", ""))


def _exit_code(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 255:
        raise BadFrame("no exit code")
    return value


def _refusal(message: dict[str, Any]) -> Refusal:
    data = _of(dict, message["refused"])
    kind = "rejected" if data.get("kind") == "rejected" else "syntax"
    return Refusal(kind, _short(data.get("message")), _position(data.get("line")), _position(data.get("column")))


def _failure(data: Any) -> Failure:
    fields = _of(dict, data)
    return Failure(_type(_of(str, fields.get("type"))), _position(fields.get("line")), _short(fields.get("text")))


def _type(name: str) -> str:
    """Which names may be told of a hidden case is the affair of who judges; here they only have to be names."""
    return name if name == OWN_TYPE or _NAME.fullmatch(name) else OWN_TYPE


def _position(value: Any) -> int | None:
    return value if type(value) is int and 0 < value < 1 << 31 else None


def _short(value: Any) -> str:
    return _of(str, value)[: limits.TEXT_CHARS]


def _of(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise BadFrame(f"a field is no {kind.__name__}")
    return value


_KINDS: dict[str, Callable[[dict[str, Any]], Message]] = {
    "answer": _answer,
    "error": lambda message: _reply(message, error=_failure(message["error"])),
    "unfit": lambda message: _reply(message, unfit=_short(message["unfit"])),
    "too_long": lambda message: _reply(message, too_long=True),
    "ready": lambda _: Ready(),
    "refused": _refusal,
    "fatal": lambda message: Fatal(_failure(message["fatal"]), *_printed(message)),
    "exit": lambda message: Ended(_exit_code(message["exit"])),
    "memory": lambda _: NoMemory(),
}
"""What a message is, by its first key that is here."""
