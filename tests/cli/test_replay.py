"""`replay verify` where there is nothing to prove with; what it says of duels is in tests/contract/test_replay.py."""

import os
import subprocess
import sys

from tests.conftest import sql


def verify(url: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "python_duel", "replay", "verify", "some-duel", "--json"]
    return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, timeout=60)


def test_without_its_database_nothing_is_said_of_the_duel() -> None:
    """Exit code 1 would say that the duel is faulty."""
    done = verify("postgresql://nobody@127.0.0.1:1/duel")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("python-duel: PostgreSQL does not answer (")
    assert done.stderr.count("\n") == 1


def test_another_schema_is_said(database_url: str) -> None:
    sql(database_url, "UPDATE alembic_version SET version_num = '0001'")
    done = verify(database_url)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("python-duel: The database has another schema")
    sql(database_url, "DROP TABLE alembic_version")
    assert (done := verify(database_url)).returncode == 3, done.stderr
