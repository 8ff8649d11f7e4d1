"""What a child says, from frame to typed value. Its words are hostile: every field is checked here."""

import re
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
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class NoMemory:
    """An allocation failed; the program may yet live with it."""


Message = Ready | Refusal | Fatal | NoMemory | Answer


def parsed(data: bytes) -> Message:
    """The message in one frame. Raises BadFrame."""
    message = _of(dict, loads(data))
    if "ready" in message:
        return Ready()
    if "memory" in message:
        return NoMemory()
    if "refused" in message:
        return _refusal(_of(dict, message["refused"]))
    out, err = _of(str, message.get("stdout", "")), _of(str, message.get("stderr", ""))
    if "fatal" in message:
        return Fatal(_failure(message["fatal"]), out, err)
    return _answer(message, out, err)


def _answer(message: dict[str, Any], out: str, err: str) -> Answer:
    if "error" in message:
        return Answer(error=_failure(message["error"]), stdout=out, stderr=err)
    if "unfit" in message:
        return Answer(unfit=_short(message["unfit"]), stdout=out, stderr=err)
    if "too_long" in message:
        return Answer(too_long=True, stdout=out, stderr=err)
    text = _of(str, message.get("answer"))
    try:
        loads(text.encode())
    except BadFrame as problem:
        return Answer(unfit=f"the answer cannot be read: {_short(str(problem))}", stdout=out, stderr=err)
    return Answer(text=text, stdout=out, stderr=err)


def _refusal(data: dict[str, Any]) -> Refusal:
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
