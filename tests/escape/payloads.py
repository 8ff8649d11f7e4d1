"""The catalogue as data: every hostile program, with the verdicts it may get."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("cases")


@dataclass(frozen=True)
class Payload:
    """`gate` and `bare`: the verdicts it may get with the static gate and without it."""

    id: str
    group: str
    source: str
    gate: tuple[str, ...]
    bare: tuple[str, ...]
    challenge: str


def payloads() -> Iterator[Payload]:
    """All of them, in the order of the files."""
    for path in sorted(FOLDER.glob("*.toml")):
        group = tomllib.loads(path.read_text())
        for case in group["case"]:
            yield _payload(path.stem, {**group["defaults"], **case})


def _payload(group: str, fields: dict[str, Any]) -> Payload:
    if repeat := fields.get("repeat"):
        source = repeat["before"] + repeat["part"] * repeat["times"] + repeat["after"]
    else:
        source = fields.get("prelude", "") + fields["source"].removeprefix("\n")
    return Payload(
        fields["id"],
        group,
        source,
        tuple(fields["gate"]),
        tuple(fields["bare"]),
        fields.get("challenge", "stdio"),
    )
