"""`restore`: what `backup` has written, in place of what is there."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from python_duel.cli.stores import DataOption, settings_of
from python_duel.errors import StartError
from python_duel.platform import backup, checksum, embedded
from python_duel.platform.process import exit_on_signals


def command(
    file: Annotated[Path, typer.Argument(help="A file that 'backup' has written, of this version or an older one.")],
    replace: Annotated[bool, typer.Option("--replace", help="Even if there are players already.")] = False,
    data: DataOption = None,
) -> None:
    """Put FILE in place of the database, all at once or not at all; what was there is dumped first."""
    if not checksum.check(file):
        typer.echo(f"{file} is not checked for damage: {checksum.beside(file)} is not there")
    backup.revision(file)
    settings = settings_of(data)
    with exit_on_signals(), embedded.unused(settings) as url:
        used, others = asyncio.run(backup.holds(url))
        if others:
            raise StartError(f"{others} connections use the database: stop the server first.")
        if used and not replace:
            raise StartError("The database has players already: add --replace to put the backup in their place.")
        if used:
            kept = backup.named(settings.backup_folder, "before-restore")
            backup.dump(url, kept)
            typer.echo(f"what was there is in {kept}")
        backup.restore(url, file)
    typer.echo(f"restored {file}")
    if settings.redis_url:
        typer.echo("empty the database that REDIS_URL names before you start: it still knows the duels of before")
