"""Asking PostgreSQL itself."""

import asyncio
from typing import Any

import asyncpg


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """The rows of one statement."""
    return asyncio.run(_query(url, statement))


async def _query(url: str, statement: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()
