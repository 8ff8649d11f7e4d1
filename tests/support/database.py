"""Asking PostgreSQL itself."""

import asyncio
from typing import Any

import asyncpg
from alembic import command
from sqlalchemy import Connection

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
