"""The stores of one server: those the settings name, embedded ones for the rest."""

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from python_duel.errors import StartError
from python_duel.platform.embedded import binaries, folder
from python_duel.platform.embedded.postgres import Postgres
from python_duel.platform.embedded.valkey import Valkey
from python_duel.platform.process import Process
from python_duel.platform.runtime import runtime
from python_duel.settings import Settings

log = logging.getLogger(__name__)
Wait = Callable[[Process], None]


@dataclass
class Stores:
    """Where the stores are, and the processes behind them (none when they were given from outside)."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    judge_redis_url: str = field(repr=False)
    """For the judge's own Redis user."""
    engines: list[tuple[Process, Wait]] = field(default_factory=list)

    @property
    def processes(self) -> list[Process]:
        """The embedded ones."""
        return [process for process, _ in self.engines]

    def start(self) -> None:
        """Starts them side by side and waits until all answer; raises StartError."""
        for process in self.processes:
            process.start()
        for process, wait in self.engines:
            wait(process)

    def restart_dead(self) -> None:
        """Starts again what has died; raises StartError when that fails."""
        for process, wait in self.engines:
            if not process.alive:
                log.error("%s ended unexpectedly: starting it again", process.name)
                process.start()
                wait(process)

    def stop(self) -> None:
        """Asks all to end, then waits for them."""
        for process in self.processes:
            process.signal(process.stop_signal)
        for process in self.processes:
            process.join(seconds=20)


@contextmanager
def stores(data: Path | None, settings: Settings) -> Iterator[Stores]:
    """Runs the stores until the block ends. `data` None: fast ones that are gone afterwards.

    Raises StartError, with nothing touched when the folder is another server's or of a version unknown here.
    """
    url = settings.redis_url or ""
    found = Stores(settings.database_url or "", url, url)
    with ExitStack() as stack:
        if not (settings.database_url and settings.redis_url):
            _embed(found, data, stack)
        stack.callback(found.stop)
        found.start()
        yield found


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The URL of the database for a while: the one that the settings name, that of the server which runs on the data
    folder now, or one that is started until the block ends. Raises StartError.
    """
    data = settings.data.expanduser().absolute()
    if settings.database_url or (url := _running(data)) is None:
        if not settings.database_url and not any(data.glob("postgres*/PG_VERSION")):
            raise StartError(f"{data} has no database: choose the server's folder with --data, or set DATABASE_URL")
        with stores(data, settings.model_copy(update={"redis_url": "redis://not.used"})) as found:
            yield found.database_url
    else:
        yield url


@contextmanager
def unused(settings: Settings) -> Iterator[str]:
    """The URL of the database, for whoever puts another one in its place: no server may run on the data folder, and
    what an embedded Valkey knew of the old one is removed when the block has succeeded. Raises StartError.
    """
    data = settings.data.expanduser().absolute()
    with stores(data, settings.model_copy(update={"redis_url": "redis://not.used"})) as found:
        yield found.database_url
        if not settings.redis_url:
            shutil.rmtree(data / "valkey", ignore_errors=True)


def _running(data: Path) -> str | None:
    """The URL of the embedded PostgreSQL of another process."""
    folder.check(data, binaries.postgres().version)
    for pid_file in data.glob("postgres*/postmaster.pid"):
        # Lines as PostgreSQL writes them: its process, its folder, its start, its port, the folder of its sockets.
        lines = pid_file.read_text().splitlines()
        if len(lines) > 4 and Path(f"/proc/{lines[0]}").exists():
            secret = folder.load_secrets(data).postgres
            return Postgres(binaries.postgres(), data, Path(lines[4]), secret, ephemeral=False, keep_fds=()).url
    return None


def _embed(found: Stores, data: Path | None, stack: ExitStack) -> None:
    """Prepares the engines that no setting names."""
    place = stack.enter_context(runtime())
    ephemeral = data is None
    data = data or place.folder / "data"
    try:
        if not found.database_url:
            folder.check(data, binaries.postgres().version)
        keep = [place.lock, stack.enter_context(folder.held(data))]
        secrets = folder.load_secrets(data)
    except OSError as error:
        raise StartError(f"cannot use the data folder {data}: {error.strerror}; choose another with --data") from None
    if not found.database_url:
        postgres = Postgres(binaries.postgres(), data, place.folder, secrets.postgres, ephemeral, keep)
        postgres.create()
        found.engines.append((postgres.process(), postgres.wait))
        found.database_url = postgres.url
    if not found.redis_url:
        valkey = Valkey(binaries.valkey(), data, place.folder, secrets, ephemeral, keep)
        found.engines.append((valkey.process(), valkey.wait))
        found.redis_url, found.judge_redis_url = valkey.web_url, valkey.judge_url
