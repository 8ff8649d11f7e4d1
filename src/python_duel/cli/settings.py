"""`settings`: what is in force, where it comes from, and what it means."""

import json
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from dotenv import dotenv_values

from python_duel.cli.unknown import DOTENV, variable
from python_duel.settings import Settings


def command(as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False) -> None:
    """Every setting: its value, where it comes from, its meaning. Passwords are masked."""
    rows = in_force(Settings(), os.environ, dotenv_values(DOTENV))
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        typer.echo(f"{row['name']}={row['value']}  ({row['source']})\n    {row['meaning']}")


def in_force(settings: Settings, environ: Mapping[str, str], dotenv: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """One `{name, value, source, meaning}` a setting, ready for JSON. `source` is environment, .env or default."""
    values = settings.model_dump(mode="json")
    return [
        {
            "name": (name := variable(field)),
            "value": masked(values[field]),
            "source": _source(name, environ, dotenv),
            "meaning": " ".join((info.description or "").split()),
        }
        for field, info in Settings.model_fields.items()
    ]


def masked(value: Any) -> Any:
    """The value; of a URL with a password, `***` in its place."""
    return re.sub(r"(://[^:@/]*:).*(?=@)|([?&]password=)[^&]*", r"\1\2***", value) if isinstance(value, str) else value


def _source(name: str, environ: Mapping[str, str], dotenv: Mapping[str, str | None]) -> str:
    for source, names in (("environment", environ), (".env", dotenv)):
        if name.upper() in map(str.upper, names):
            return source
    return "default"
