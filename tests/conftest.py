"""Real stores: one ephemeral PostgreSQL and Valkey a session, a fresh database and an empty Redis a test."""

import asyncio
import os
import time
from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import pytest
import redis
from hypothesis import settings as hypothesis

from python_duel.platform import embedded
from python_duel.platform.postgres import migrate
from python_duel.settings import Settings
from tests.support import lasted

TEMPLATE = "migrated"

# No deadlines: on a busy machine an example is slow for reasons of others. In CI every run has the same examples.
hypothesis.register_profile("local", deadline=None)
hypothesis.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How long players were affected by what the tests broke."""
    if lasted.measured:
        terminalreporter.section("how long faults lasted for players")
        for line in lasted.table(lasted.measured):
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def stores() -> Iterator[embedded.Stores]:
    """Embedded stores, whatever the environment says: a test must never meet real data."""
    with embedded.stores(None, Settings.model_construct()) as found:
        yield found


@pytest.fixture(scope="session")
def template(stores: embedded.Stores) -> str:
    """The name of a migrated database, made at its first use."""
    sql(stores.database_url, f"CREATE DATABASE {TEMPLATE}")
    asyncio.run(migrate(with_database(stores.database_url, TEMPLATE)))
    return TEMPLATE


@pytest.fixture
def database_url(stores: embedded.Stores, template: str) -> Iterator[str]:
    """A fresh, migrated database."""
    name = f"test_{uuid4().hex}"
    sql(stores.database_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield with_database(stores.database_url, name)
    drop(stores.database_url, name)


@pytest.fixture
def redis_url(stores: embedded.Stores) -> str:
    """An empty Valkey, for the user that may do everything."""
    with redis.Redis.from_url(stores.redis_url) as client:
        client.flushall()
    return stores.redis_url


@pytest.fixture
def judge_redis_url(stores: embedded.Stores, redis_url: str) -> str:
    """The same empty Valkey, for the judge's user."""
    return stores.judge_redis_url


def with_database(url: str, name: str) -> str:
    """The same server's other database."""
    return url.replace("/duel?", f"/{name}?")


def drop(url: str, name: str) -> None:
    """Ends a database and whoever is connected to it. The server's own autovacuum may not be ended: it soon is."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return sql(url, f"DROP DATABASE {name} WITH (FORCE)")
        except (asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def sql(url: str, statement: str) -> None:
    """Runs one statement outside of any transaction."""
    asyncio.run(_sql(url, statement))


async def _sql(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
