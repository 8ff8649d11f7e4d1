"""Asking PostgreSQL itself."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from alembic import command
from sqlalchemy import Connection

from python_duel.platform.embedded.binaries import client
from python_duel.platform.postgres import alembic_config, make_engine


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """The rows of one statement."""
    return asyncio.run(_query(url, statement))


async def _query(url: str, statement: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """Nobody else can use the table."""
    psql = subprocess.Popen(
        [client("psql"), "--no-psqlrc", "--quiet", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert psql.stdin
    assert psql.stdout
    try:
        psql.stdin.write(f"BEGIN; LOCK TABLE {table};\n\\echo locked\n".encode())
        psql.stdin.flush()
        assert psql.stdout.readline() == b"locked\n"
        yield
    finally:
        psql.communicate()


def waiting(url: str, program: str) -> bool:
    """Whether that program waits for a lock of another one in this database."""
    return _told(url, f"application_name = '{program}' AND wait_event_type = 'Lock'")


def connected(url: str, program: str) -> bool:
    """Whether that program uses this database."""
    return _told(url, f"application_name = '{program}'")


def _told(url: str, where: str) -> bool:
    return bool(query(url, f"SELECT FROM pg_stat_activity WHERE datname = current_database() AND {where}"))


def with_schema(url: str, revision: str) -> None:
    """Nothing in the database but an empty schema of an earlier version."""
    query(url, "DROP SCHEMA public CASCADE")
    query(url, "CREATE SCHEMA public")
    asyncio.run(_upgraded(url, revision))


async def _upgraded(url: str, revision: str) -> None:
    def upgrade(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    engine = make_engine(url, {})
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()
