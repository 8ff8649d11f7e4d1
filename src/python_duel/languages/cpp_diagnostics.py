"""What g++ says, as a player wants to read it: the own lines, short, and nothing of this host."""

import re
from collections.abc import Iterator

from python_duel.languages.cpp_driver import DRIVER, FILE, needed
from python_duel.protocol.server import Signature
from python_duel.sandbox import Built, Refusal, limits
from python_duel.sandbox.report import clean

MOST_ERRORS = 3
"""Shown: later ones are often only consequences."""

_ERROR = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?error: (?P<text>.*)$")
_OWN_PLACE = re.compile(rf"(?:^|\s){re.escape(FILE)}:(\d+)(?::(\d+))?[:,]")
_LINKER = re.compile(r"(undefined reference to .*|multiple definition of [^;]*)")
_ASSERTION = "static assertion failed: "
_PATH = re.compile(r"(?:/[\w.+-]+)+/(?=[\w.+-])")

_STOPPED = {
    "time": "Compiling took too long: the program is too large, or its macros, templates or constexpr functions are.",
    "output": "The compiler found more errors than can be shown.",
}
_TOO_LARGE = "The program is too large, or nested too deeply, to be compiled."
_NOT_CLOSED = "Something is not closed: a brace, a parenthesis, a comment, or a declaration without its semicolon."
_NO_MAIN = "There is no function main."


def refusal(built: Built, signature: Signature | None, lines: int) -> Refusal:
    """Why it is no program. `lines` is the number of lines that the player wrote."""
    found = list(_errors(built.diagnostics, lines))
    if not found:
        return Refusal("syntax", _without_place(built))
    (line, column, text), *rest = found
    if signature is not None and _is_missing(text, signature):
        return Refusal("syntax", needed(signature))
    if line is None:  # it is in the lines of ours that follow
        return Refusal("syntax", _NOT_CLOSED, lines)
    more = [f"line {number}: {_short(other)}" for number, _, other in rest[: MOST_ERRORS - 1] if number]
    return Refusal("syntax", "\n".join([_short(text), *more])[: limits.TEXT_CHARS], line, column)


def _errors(diagnostics: str, lines: int) -> Iterator[tuple[int | None, int | None, str]]:
    """Line, column and text of every error; one inside of the library or the driver is placed where it comes from."""
    place: tuple[int | None, int | None] = (None, None)
    for row in diagnostics.splitlines():
        error = _ERROR.match(row)
        if error is None:
            if (own := _OWN_PLACE.search(row)) and int(own[1]) <= lines:
                place = int(own[1]), int(own[2]) if own[2] else None
            continue
        if error["file"] == FILE:
            # What follows the last line is ours: something there was not closed.
            line, column = int(error["line"]), error["column"]
            place = min(line, lines), int(column) if column and line <= lines else None
        elif error["file"] == DRIVER:
            place = None, None
        yield *place, error["text"]
        place = None, None


def _is_missing(text: str, signature: Signature) -> bool:
    """Whether the function asked for is not there, or is another one."""
    return text.startswith((_ASSERTION + needed(signature), f"'::{signature.name}' has not"))


def _without_place(built: Built) -> str:
    if built.stopped:
        return _STOPPED[built.stopped]
    if found := _LINKER.search(built.diagnostics):
        return _NO_MAIN if "`main'" in found[1] and found[1].startswith("undefined") else _short(found[1])
    return _TOO_LARGE


def _short(text: str) -> str:
    """Without folders of this host, and not endless."""
    text = clean(_PATH.sub("", text.removeprefix(_ASSERTION)))
    return text if len(text) <= 400 else f"{text[:400]}..."
