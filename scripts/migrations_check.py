"""Fails when models and migrations differ: migrates a fresh embedded PostgreSQL and runs `alembic check` on it."""

import asyncio
import sys

from alembic import command
from alembic.util import CommandError
from sqlalchemy import Connection

from python_duel.platform import embedded
from python_duel.platform.postgres import alembic_config, make_engine, migrate
from python_duel.settings import Settings


def main() -> int:
    """Says what differs; 1 when something does."""
    with embedded.stores(None, Settings.model_construct()) as stores:
        try:
            asyncio.run(check(stores.database_url))
        except CommandError as error:
            print(f"migrations: {error}. Write a migration in migrations/versions/.", file=sys.stderr)
            return 1
    return 0


async def check(url: str) -> None:
    """Migrates the database at `url`, then raises CommandError when the models ask for more."""
    await migrate(url)
    engine = make_engine(url, {})
    async with engine.connect() as connection:
        await connection.run_sync(_compare)
    await engine.dispose()


def _compare(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.check(config)


if __name__ == "__main__":
    sys.exit(main())
