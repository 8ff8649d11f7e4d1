"""`serve`: everything with one command."""

from pathlib import Path
from typing import Annotated

import typer

from python_duel.serve import serve
from python_duel.settings import Settings


def command(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0 for a LAN.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0: any free one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Where the embedded stores keep their data.")] = None,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Forget all data at the end.")] = False,
    web: Annotated[int | None, typer.Option(min=1, max=64, help="Web processes.")] = None,
    judges: Annotated[int | None, typer.Option(min=1, max=64, help="Judge processes.")] = None,
) -> None:
    """Web, judge and stores, until Ctrl-C. Prints `ready <url>` when it answers."""
    options = {"host": host, "port": port, "data": data, "web": web, "judges": judges}
    given = {name: value for name, value in options.items() if value is not None}
    serve(Settings(**given), ephemeral=ephemeral)  # type: ignore[arg-type]
