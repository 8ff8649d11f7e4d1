"""A backup of any size is restored: all of it or nothing, and never all of it in memory."""

import tracemalloc
from pathlib import Path

import pytest

from python_duel.errors import StartError
from python_duel.platform import backup
from tests.conftest import sql
from tests.support.database import query

MB = 1 << 20
BULK = 32
"""Megabytes that a dump makes small."""


@pytest.fixture
def bulky(database_url: str, tmp_path: Path) -> Path:
    """A backup with a table that is large, and gone."""
    sql(database_url, f"CREATE TABLE bulk AS SELECT repeat('x', {MB}) AS x FROM generate_series(1, {BULK})")
    backup.dump(database_url, tmp_path / "bulky.dump")
    sql(database_url, "DROP TABLE bulk")
    return tmp_path / "bulky.dump"


def test_it_is_not_held_in_memory(database_url: str, bulky: Path) -> None:
    tracemalloc.start()
    backup.restore(database_url, bulky)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert query(database_url, "SELECT count(*), sum(length(x)) FROM bulk") == [(BULK, BULK * MB)]
    assert most < BULK * MB / 4


def test_what_is_cut_off_on_the_way_is_not_kept(database_url: str, bulky: Path) -> None:
    bulky.write_bytes(bulky.read_bytes()[:-200])
    with pytest.raises(StartError, match="is damaged, and nothing has changed"):
        backup.restore(database_url, bulky)
    assert query(database_url, "SELECT to_regclass('bulk'), to_regclass('players') IS NOT NULL") == [(None, True)]


def test_what_postgres_refuses_is_not_kept(database_url: str, tmp_path: Path) -> None:
    fits = "CREATE OR REPLACE FUNCTION public.fits(text) RETURNS bool LANGUAGE sql AS"
    sql(database_url, f"{fits} 'SELECT true'; CREATE TABLE bulk (x text CHECK (public.fits(x)))")
    sql(database_url, f"INSERT INTO bulk SELECT repeat('x', {MB}) FROM generate_series(1, 4)")
    sql(database_url, f"{fits} 'SELECT false'")
    backup.dump(database_url, tmp_path / "all.dump")
    sql(database_url, "DROP TABLE bulk")
    with pytest.raises(StartError, match=r"could not be restored, and nothing has changed: .*ERROR"):
        backup.restore(database_url, tmp_path / "all.dump")
    assert query(database_url, "SELECT to_regclass('bulk'), to_regclass('players') IS NOT NULL") == [(None, True)]
