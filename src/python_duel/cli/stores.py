"""What the commands that work on the stored data share."""

from pathlib import Path
from typing import Annotated

import typer

from python_duel.settings import Settings

DataOption = Annotated[Path | None, typer.Option(help="The data folder of the server; unused with DATABASE_URL.")]


def settings_of(data: Path | None) -> Settings:
    """The settings in force, with that data folder."""
    return Settings() if data is None else Settings(data=data)
