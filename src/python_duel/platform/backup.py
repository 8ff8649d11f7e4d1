"""Backups of the database: PostgreSQL's own archives (`pg_dump --format=custom`), one file each.

Redis is not in it: what it holds is rebuilt, or belongs to duels that are over by then.
"""

import asyncio
import os
import re
import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryFile
from typing import IO

import asyncpg
import structlog
from sqlalchemy.engine import make_url

from python_duel.errors import StartError
from python_duel.platform import checksum
from python_duel.platform.embedded.binaries import client
from python_duel.platform.postgres import LIBPQ_ONLY, dsn, migrate, needed, newest_revision, revisions
from python_duel.settings import Settings

log = structlog.get_logger(__name__)
MAGIC = b"PGDMP"
NEWER_ONLY = b"SET transaction_timeout"
"""What pg_restore writes for PostgreSQL 17 and newer, and older ones refuse."""
TLS = ("require", "verify-ca", "verify-full")
"""Values of `sslmode` with which there is no connection without it."""
FRESH = b"BEGIN; SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n"
DONE = b"COMMIT;\n"
"""Said at the end alone. `--single-transaction` would commit at the end of its input, which a process that is killed
brings about, too.
"""


def dump(url: str, file: Path) -> None:
    """Write all there is to `file`, which must not be there, and its checksum beside it. Raises StartError; then there
    is no file.
    """
    draft = file.with_name(file.name + ".part")
    pg_dump, secret = _client("pg_dump", url)
    command = [*pg_dump, "--format=custom", "--no-owner", "--no-privileges", f"--file={draft}"]
    try:
        if file.exists():
            raise StartError(f"{file} is there already: choose another name, or remove it.")
        file.parent.mkdir(parents=True, exist_ok=True)
        # It holds sessions and players' code: only its owner may read it.
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        _run(command, "PostgreSQL could not be dumped", secret)
        try:
            checksum.write(file, draft)
            draft.rename(file)
        except BaseException:
            with suppress(OSError):
                checksum.beside(file).unlink()
            raise
    except OSError as error:
        raise StartError(f"{file} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def revision(file: Path) -> str:
    """The schema's revision in a backup that this version can read. Raises StartError."""
    try:
        with file.open("rb") as opened:
            begin = opened.read(len(MAGIC))
    except OSError as error:
        raise StartError(f"{file} cannot be read: {error.strerror}.") from None
    if begin != MAGIC:
        raise StartError(f"{file} is no backup of Python-Duel: give a file that 'backup' has written.")
    script = _run([*_restore(file), "--data-only", "--table=alembic_version"], f"{file} is damaged")
    found = re.search(rb"^COPY .*alembic_version.*\n(\w+)$", script, re.MULTILINE)
    if not found:
        raise StartError(f"{file} is no backup of Python-Duel: it has no schema revision.")
    name = found[1].decode()
    if name not in revisions():
        raise StartError(
            f"{file} is of a newer Python-Duel (schema {name}, this one knows {newest_revision()}): update Python-Duel."
        )
    return name


def restore(url: str, file: Path) -> None:
    """Put what a backup holds in place of all there is, at once or not at all, then bring it to this version.

    Raises StartError; then everything is as it was, unless it is the step to this version that fails.
    """
    revision(file)
    psql, secret = _client("psql", url)
    _pour(file, [*psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"], secret)
    asyncio.run(migrate(url))


async def holds(url: str) -> tuple[bool, int]:
    """Whether there is anything in the database, and how many others are connected to it. Raises StartError."""
    with needed():
        connection = await asyncpg.connect(dsn(url, LIBPQ_ONLY))
    try:
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        there = await connection.fetchval("SELECT to_regclass('players') IS NOT NULL")
        used = bool(there and await connection.fetchval("SELECT EXISTS (SELECT FROM players)"))
        return used, await connection.fetchval(others + " AND backend_type = 'client backend'")
    finally:
        await connection.close()


def upgrade(url: str, settings: Settings) -> None:
    """Bring the schema to this version; one that is to change is dumped first, if the settings say so. Takes as long as
    it takes. Raises StartError; then there is nothing half-done.
    """

    def dump_first() -> None:
        file = named(settings.backup_folder, "before-migration")
        log.info("the schema changes: dumping the database first", file=str(file))
        dump(url, file)

    asyncio.run(migrate(url, dump_first if settings.migration_backup else None))


def named(folder: Path, why: str) -> Path:
    """A new backup's file: its reason and the time."""
    return folder / f"{why}-{datetime.now(UTC):%Y%m%d-%H%M%S}.dump"


def _restore(file: Path) -> list[str]:
    return [client("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]


def _client(name: str, url: str) -> tuple[list[str], dict[str, str]]:
    """A client program on the database at `url`, and what its environment must have. Raises StartError."""
    at = make_url(dsn(url))
    tls = (at.query.get("sslmode") or os.environ.get("PGSSLMODE")) in TLS
    # Others may read a command line: the password is not on it.
    secret = {"PGPASSWORD": str(at.password)} if at.password else {}
    open_url = dsn(at._replace(password=None).render_as_string())
    return [client(name, tls=tls), f"--dbname={open_url}"], secret


def _pour(file: Path, psql: list[str], secret: dict[str, str]) -> None:
    """A backup's script into psql, without holding it. Raises StartError; then nothing is committed."""
    damaged = False
    with TemporaryFile() as torn, TemporaryFile() as refused:
        with (
            suppress(BrokenPipeError),  # psql has ended, and says why
            Popen(_restore(file), stdout=PIPE, stderr=torn, env=_environ()) as source,
            Popen(psql, stdin=PIPE, stdout=DEVNULL, stderr=refused, env=_environ(secret)) as sink,
        ):
            assert source.stdout
            assert sink.stdin
            try:
                _copy(source.stdout, sink.stdin)
                damaged = source.wait() != 0
                if not damaged:
                    sink.stdin.write(DONE)
                    sink.stdin.close()
                    sink.wait()
            finally:
                source.kill()
                sink.kill()
        for failed, trouble, said in (damaged, "is damaged", torn), (sink.returncode, "could not be restored", refused):
            if failed:
                said.seek(0)
                raise _failure(f"{file} {trouble}, and nothing has changed", said.read())


def _copy(script: IO[bytes], to: IO[bytes]) -> None:
    """All of pg_restore's script, but what its head has for newer servers only; rows come after it."""
    to.write(FRESH)
    for line in script:
        if not line.startswith(NEWER_ONLY):
            to.write(line)
        if line.startswith(b"COPY "):
            break
    shutil.copyfileobj(script, to)


def _run(command: list[str], trouble: str, secret: dict[str, str] | None = None) -> bytes:
    """What a client program prints. Raises StartError."""
    done = subprocess.run(command, stdin=DEVNULL, capture_output=True, env=_environ(secret))
    if done.returncode:
        raise _failure(trouble, done.stderr)
    return done.stdout


def _environ(secret: dict[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8", **(secret or {})}


def _failure(trouble: str, said: bytes) -> StartError:
    reasons = said.decode(errors="replace").strip().splitlines() or ["no reason given"]
    return StartError(f"{trouble}: {reasons[0]}", exit_code=3)
