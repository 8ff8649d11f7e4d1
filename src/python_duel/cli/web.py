"""`web`: one web process alone, on stores that are given to it."""

from typing import Annotated

import typer

from python_duel.errors import StartError
from python_duel.platform import log
from python_duel.platform.listen import listen
from python_duel.settings import Settings
from python_duel.web import run


def command(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0 for a LAN.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
    fd: Annotated[int | None, typer.Option(min=3, help="A listening socket to inherit instead.")] = None,
) -> None:
    """One web process, with DATABASE_URL and REDIS_URL."""
    settings = Settings()
    if not (settings.database_url and settings.redis_url):
        raise StartError("web needs DATABASE_URL and REDIS_URL; to run everything, use serve")
    log.configure(settings, "web")
    if fd is None:
        fd = listen(host or settings.host, settings.port if port is None else port).detach()
    run(settings, fd)
