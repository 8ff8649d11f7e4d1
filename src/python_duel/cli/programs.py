"""What the commands that run programs share: their options, reading files, a runner, and the two kinds of output."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from python_duel.errors import StartError
from python_duel.languages import LANGUAGES, Language, Runner, of_file
from python_duel.sandbox import LEVELS, Level, SandboxError, SlotLost, best_level

LanguageOption = Annotated[str | None, typer.Option(help="The program's language; without it, what its name says.")]
LevelOption = Annotated[
    str | None, typer.Option(help="full, no-userns or seccomp; without it, the best this machine can do.")
]
GateOption = Annotated[bool, typer.Option("--gate/--no-gate", help="Whether the static gate looks at it first.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]

MOST_FILE_BYTES = 1 << 24


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises StartError (exit code 2)."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        raise StartError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > MOST_FILE_BYTES:
        raise StartError(f"{path} is larger than {MOST_FILE_BYTES} bytes.")
    return data


def read_source(path: Path) -> str:
    """A program's text. Bytes that are no UTF-8 stay as lone surrogates, for the gate or the compiler to refuse."""
    return read_bytes(path).decode("utf-8", "surrogateescape")


def language_of(path: Path, name: str | None) -> Language:
    """The language of that name; without one, that of the file's suffix. Raises StartError."""
    if name is None and (guessed := of_file(path)):
        return guessed
    if name is None:
        raise StartError(f"{path.name} does not say its language: add --language with one of {', '.join(LANGUAGES)}.")
    if name not in LANGUAGES:
        raise StartError(f"The language {name!r} is not known: use one of {', '.join(LANGUAGES)}.")
    return LANGUAGES[name]


@contextmanager
def opened(language: Language, level: str | None) -> Iterator[Runner]:
    """A runner of `language`. Raises StartError with exit code 3 when this machine cannot do it."""
    with sandboxed(), language.open(level_of(level)) as runner:
        yield runner


@contextmanager
def sandboxed() -> Iterator[None]:
    """What the sandbox cannot do becomes a StartError with exit code 3."""
    try:
        yield
    except SlotLost as error:
        raise StartError(f"The sandbox failed: {error}.", exit_code=3) from error
    except SandboxError as error:
        raise StartError(f"{error}: see 'python-duel doctor'.", exit_code=3) from error


def level_of(name: str | None) -> Level:
    """The level of that name; without one, the best here. Raises StartError."""
    if name is None:
        if (best := best_level()) is None:
            raise StartError("No isolation is possible here: see 'python-duel doctor'.", exit_code=3)
        return best
    for level in LEVELS:
        if level == name:
            return level
    raise StartError(f"The level {name!r} is not known: use {', '.join(LEVELS)}.")


def say(told: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """On stdout: the JSON document, or the lines for people."""
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(lines))
