"""A schema of before is dumped before it changes; one of a newer version is left alone."""

import asyncio
from pathlib import Path

import pytest

from python_duel.errors import StartError
from python_duel.platform import backup
from python_duel.platform.postgres import migrate, newest_revision
from tests.conftest import sql
from tests.support.database import query, with_schema

REVISION = "SELECT version_num FROM alembic_version"
OLD = "0002"


@pytest.fixture
def old_url(database_url: str) -> str:
    """A database with the schema of an earlier version."""
    with_schema(database_url, OLD)
    return database_url


def test_a_migration_takes_a_dump_first(old_url: str, tmp_path: Path) -> None:
    asyncio.run(migrate(old_url, lambda: backup.dump(old_url, tmp_path / "before.dump")))
    assert query(old_url, REVISION) == [(newest_revision(),)]
    assert backup.revision(tmp_path / "before.dump") == OLD


def test_without_its_dump_there_is_no_migration(old_url: str) -> None:
    def full() -> None:
        raise StartError("no space left on device")

    with pytest.raises(StartError, match="no space"):
        asyncio.run(migrate(old_url, full))
    assert query(old_url, REVISION) == [(OLD,)]


def test_nothing_is_dumped_where_nothing_changes(database_url: str) -> None:
    asyncio.run(migrate(database_url, lambda: pytest.fail("dumped")))
    assert query(database_url, REVISION) == [(newest_revision(),)]


def test_a_newer_schema_is_refused_and_left_alone(database_url: str) -> None:
    sql(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StartError, match="newer version"):
        asyncio.run(migrate(database_url, lambda: pytest.fail("dumped")))
    assert query(database_url, REVISION) == [("9999",)]
