"""`backup`: all that must not be lost, in one file."""

from pathlib import Path
from typing import Annotated

import typer

from python_duel.cli.stores import DataOption, settings_of
from python_duel.platform import backup, checksum, embedded
from python_duel.platform.process import exit_on_signals


def command(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there.")],
    data: DataOption = None,
) -> None:
    """Write players, duels, submissions and replays to FILE, beside a running server too."""
    with exit_on_signals(), embedded.database(settings_of(data)) as url:
        backup.dump(url, file)
    typer.echo(f"written {file} ({file.stat().st_size} bytes) and {checksum.beside(file).name}")
