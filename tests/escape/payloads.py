"""The catalogue as data: every hostile program with the verdicts it may get, and every honest one with its answer."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_duel.sandbox import LEVELS, Level

HERE = Path(__file__).parent
HOSTILE, HONEST = HERE / "cases", HERE / "honest"


@dataclass(frozen=True)
class Payload:
    """`gate` and `bare`: the verdicts it may get with the static gate and without it; only Python has one."""

    id: str
    group: str
    language: str
    source: str
    gate: tuple[str, ...]
    bare: tuple[str, ...]
    challenge: str
    levels: tuple[Level, ...]
    not_on: tuple[str, ...]
    """Versions of Python that cannot do it anywhere."""
    quick: bool
    """Whether it belongs to the short form even where its group does not."""
    destructive: bool
    """Whether it hurts this machine when the layer that holds it is gone: no part of the ablation."""


@dataclass(frozen=True)
class Program:
    """What an honest player writes. `stdin` gives `stdout`; a function adds two numbers."""

    id: str
    language: str
    source: str
    stdin: str
    stdout: str
    challenge: str
    python: tuple[int, ...]
    """The oldest version of Python that runs it."""
    not_on: tuple[str, ...]
    """Versions of Python that cannot do it anywhere."""
    refused: str
    """What the gate must say, for the few that are refused on purpose; empty for all others."""


def payloads() -> list[Payload]:
    """All hostile ones, in the order of the files."""
    return [_payload(group, fields) for group, fields in _cases(HOSTILE)]


def programs() -> list[Program]:
    """All honest ones, in the order of the files."""
    return [_program(fields) for _, fields in _cases(HONEST)]


def _cases(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("*.toml")):
        group = tomllib.loads(path.read_text())
        for case in group["case"]:
            yield path.stem, {**group["defaults"], **case}


def _payload(group: str, fields: dict[str, Any]) -> Payload:
    verdict = fields.get("verdict", ())
    return Payload(
        fields["id"],
        group,
        fields.get("language", "python"),
        fields.get("prelude", "").removeprefix("\n") + _source(fields),
        tuple(fields.get("gate", verdict)),
        tuple(fields.get("bare", verdict)),
        fields.get("challenge", "stdio"),
        tuple(fields.get("levels", LEVELS)),
        tuple(fields.get("not_on", ())),
        fields.get("quick", False),
        fields.get("destructive", False),
    )


def _program(fields: dict[str, Any]) -> Program:
    return Program(
        fields["id"],
        fields.get("language", "python"),
        _source(fields),
        fields.get("stdin", "one\n"),
        fields.get("stdout", "ok"),
        fields.get("challenge", "stdio"),
        tuple(map(int, fields.get("python", "3.11").split("."))),
        tuple(fields.get("not_on", ())),
        fields.get("refused", ""),
    )


def _source(fields: dict[str, Any]) -> str:
    """Long ones are put together: before, a part many times, a middle, what closes each part, after."""
    if repeat := fields.get("repeat"):
        middle = (
            repeat["part"] * repeat["times"] + repeat.get("middle", "") + repeat.get("closing", "") * repeat["times"]
        )
        return str(repeat["before"] + middle + repeat["after"])
    return str(fields["source"].removeprefix("\n"))
