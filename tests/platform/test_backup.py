"""A backup of any size is restored: all of it or nothing, and never all of it in memory."""

import fcntl
import os
import subprocess
import sys
import termios
import tracemalloc
from pathlib import Path

import pytest

from python_duel.errors import StartError
from python_duel.platform import backup
from tests.conftest import sql
from tests.support.database import connected, locked, query, waiting
from tests.support.processes import tree, until

MB = 1 << 20
BULK = 32
"""Megabytes that a dump makes small."""
FULL = 15 * 4096
"""Bytes in a pipe that has no room for more than a page."""


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


def test_what_a_killed_restore_has_begun_is_not_kept(database_url: str, bulky: Path) -> None:
    """By then psql has what fits into its pipe: whole statements, and a row that ends where it was cut."""
    command = "import sys; from pathlib import Path; from python_duel.platform import backup; "
    command += "backup.restore(sys.argv[1], Path(sys.argv[2]))"
    with locked(database_url, "players"):
        restore = subprocess.Popen([sys.executable, "-c", command, database_url, str(bulky)])
        until(lambda: waiting(database_url, "psql"))
        [psql] = [pid for pid in tree(restore.pid) if Path(f"/proc/{pid}/comm").read_text() == "psql\n"]
        until(lambda: _unread(Path(f"/proc/{psql}/fd/0")) >= FULL)
        restore.kill()
        restore.wait()
    until(lambda: not connected(database_url, "psql"))
    assert query(database_url, "SELECT to_regclass('bulk'), to_regclass('players') IS NOT NULL") == [(None, True)]


def _unread(pipe: Path) -> int:
    """How many bytes wait in it."""
    fd = os.open(pipe, os.O_RDONLY)
    try:
        return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)
    finally:
        os.close(fd)
