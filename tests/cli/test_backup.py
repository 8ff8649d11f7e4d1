"""`backup` and `restore`: a file that holds everything, and everything back from it or nothing changed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from python_duel.platform import backup, checksum
from python_duel.platform.postgres import newest_revision
from tests.conftest import drop, sql, with_database
from tests.support.database import locked, query, waiting
from tests.support.processes import running, tree, until

BEFORE = Path(__file__).parent.parent / "platform" / "backups" / "schema-0002.dump"
"""Written beside version 0.1.0's second schema: Ada and Bob have played one duel, which Ada won."""


def duel(url: str, *arguments: str | Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    known = {**os.environ, "DATABASE_URL": url, "REDIS_URL": "redis://not.used", **environ}
    command = [sys.executable, "-m", "python_duel", *map(str, arguments)]
    return subprocess.run(command, env=known, capture_output=True, text=True, timeout=60)


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    tables = query(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {str(name): sorted(query(url, f"SELECT * FROM {name}"), key=repr) for (name,) in tables}


@pytest.fixture
def other_url(stores, database_url: str):
    """An empty database of the same server."""
    sql(stores.database_url, "CREATE DATABASE other")
    yield with_database(stores.database_url, "other")
    drop(stores.database_url, "other")


def test_what_was_there_is_there_again(database_url: str, other_url: str, tmp_path: Path) -> None:
    assert duel(database_url, "restore", BEFORE).returncode == 0
    before = everything(database_url)
    done = duel(database_url, "backup", tmp_path / "all.dump")
    assert done.returncode == 0, done.stderr
    restored = duel(other_url, "restore", tmp_path / "all.dump")
    assert restored.returncode == 0, restored.stderr
    assert everything(other_url) == before
    assert (tmp_path / "all.dump").stat().st_mode & 0o777 == 0o600


def test_a_backup_of_the_version_before_is_brought_to_this_one(database_url: str) -> None:
    done = duel(database_url, "restore", BEFORE)
    assert done.returncode == 0, done.stderr
    assert query(database_url, "SELECT version_num FROM alembic_version") == [(newest_revision(),)]
    names = "SELECT nickname, outcome, reason FROM duels JOIN players ON winner_id = players.id"
    assert query(database_url, names) == [("Ada", "win", "solved")]
    sent = "SELECT submission_id, verdict FROM submissions ORDER BY receipt"
    assert query(database_url, sent) == [("wrong", "WA"), ("right", "AC")]
    assert query(database_url, "SELECT to_regclass('replays') IS NOT NULL") == [(True,)]


def test_players_are_replaced_only_when_asked_for_and_kept_aside_then(database_url: str, tmp_path: Path) -> None:
    duel(database_url, "restore", BEFORE)
    sql(database_url, "UPDATE players SET nickname = 'Eve'")
    before = everything(database_url)
    refused = duel(database_url, "restore", BEFORE)
    assert refused.returncode == 2
    assert "--replace" in refused.stderr
    assert everything(database_url) == before
    done = duel(database_url, "restore", BEFORE, "--replace", DUEL_BACKUPS=str(tmp_path / "kept"))
    assert done.returncode == 0, done.stderr
    assert query(database_url, "SELECT count(*) FROM players WHERE nickname = 'Eve'") == [(0,)]
    [kept] = (tmp_path / "kept").glob("*.dump")
    duel(database_url, "restore", kept, "--replace", DUEL_BACKUPS=str(tmp_path / "more"))
    assert everything(database_url) == before


@pytest.mark.parametrize("cut", [0, 4, 300, -50], ids=str)
def test_what_is_no_whole_backup_changes_nothing(database_url: str, tmp_path: Path, cut: int) -> None:
    before, bad = everything(database_url), tmp_path / "bad.dump"
    bad.write_bytes(BEFORE.read_bytes()[:cut])
    done = duel(database_url, "restore", bad)
    assert done.returncode in (2, 3)
    assert str(bad) in done.stderr
    assert "Traceback" not in done.stderr
    assert everything(database_url) == before


def test_a_flipped_bit_where_postgres_looks_for_none_changes_nothing(database_url: str, tmp_path: Path) -> None:
    """In a trigger's function: the archive has no checksum of it, and PostgreSQL reads it when it is called."""
    file = tmp_path / "all.dump"
    assert duel(database_url, "backup", file).returncode == 0
    before, content = everything(database_url), bytearray(file.read_bytes())
    content[content.index(b"RAISE EXCEPTION")] ^= 1
    file.write_bytes(content)
    done = duel(database_url, "restore", file)
    assert (done.returncode, "is damaged" in done.stderr) == (2, True)
    assert len(done.stderr.splitlines()) == 1
    assert everything(database_url) == before
    checksum.beside(file).unlink()
    done = duel(database_url, "restore", file)
    assert (done.returncode, "not checked" in done.stdout) == (0, True)


def test_a_backup_of_a_newer_version_is_refused(database_url: str, other_url: str, tmp_path: Path) -> None:
    duel(database_url, "restore", BEFORE)
    sql(database_url, "UPDATE alembic_version SET version_num = '9999'")
    newer = tmp_path / "newer.dump"
    backup.dump(database_url, newer)
    done = duel(other_url, "restore", newer)
    assert (done.returncode, "newer Python-Duel" in done.stderr) == (2, True)
    assert everything(other_url) == {}


def test_a_file_that_is_there_is_not_overwritten(database_url: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    assert duel(database_url, "backup", mine).returncode == 2
    assert mine.read_text() == "mine"


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    done = duel("postgresql://duel@127.0.0.1:9/duel", "backup", tmp_path / "x.dump")
    assert done.returncode == 3
    assert list(tmp_path.iterdir()) == []


def test_a_backup_that_is_stopped_leaves_no_file_and_no_process(database_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "python_duel", "backup", str(tmp_path / "x.dump")]
    with locked(database_url, "players"):
        asked = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": database_url})
        until(lambda: waiting(database_url, "pg_dump"))
        pids = tree(asked.pid)
        asked.terminate()
        assert asked.wait(20) == 128 + signal.SIGTERM
        assert (len(pids), running(pids)) == (2, set())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_there_is_one_line(tmp_path: Path) -> None:
    done = duel("postgresql://duel@127.0.0.1:9/duel", "backup", tmp_path / ("x" * 256))
    assert (done.returncode, "cannot be written: File name too long" in done.stderr) == (2, True)
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_without_a_server_has_nothing_to_back_up(tmp_path: Path) -> None:
    done = duel("", "backup", tmp_path / "x.dump", "--data", tmp_path / "none")
    assert (done.returncode, "has no database" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
