"""Warnings about names that no setting has: a typing error there would otherwise change nothing in silence."""

import os
import sys
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values

from python_duel.settings import Settings, unknown_names

DOTENV = Path(".env")


def variable(field: str) -> str:
    """The environment's name of a field of the settings."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"DUEL_{field.upper()}"


def warn_of_unknown_names() -> None:
    """Names every unknown `DUEL_*` variable on stderr, with the nearest known one."""
    known = [variable(field) for field in Settings.model_fields]
    for name in unknown_names(dict.fromkeys([*os.environ, *dotenv_values(DOTENV)], "")):
        near = get_close_matches(name.upper(), known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        print(f"python-duel: warning: no setting is called {name}{hint}", file=sys.stderr)
