"""Small disks that fill up."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg


@contextmanager
def disk(folder: Path, megabytes: float) -> Iterator[Path]:
    """A file system of its own at `folder`, made if need be."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    size = f"size={int(megabytes * 1024)}k,mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "small", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def possible() -> bool:
    """Whether this user may mount one."""
    return os.geteuid() == 0


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not a byte is left on its file system until the block ends."""
    filler = folder / "filler"
    try:
        with filler.open("wb") as file:
            for step in (1 << 20, 1 << 12):
                fill(file.fileno(), step)
        yield
    finally:
        filler.unlink()


def fill(descriptor: int, step: int) -> None:
    """Write until there is no room for so many bytes more."""
    try:
        while True:
            os.write(descriptor, bytes(step))
    except OSError:
        return


async def fill_write_ahead_log(connection: asyncpg.Connection, most_mb: int = 1000) -> None:
    """Write into PostgreSQL's log until the server ends for the want of room."""
    with suppress(asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
        for _ in range(most_mb):
            await connection.execute("SELECT pg_logical_emit_message(false, 'fill', repeat('x', 1000000))")
        raise AssertionError("the disk has room")
    connection.terminate()
