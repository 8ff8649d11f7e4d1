"""Embedded stores start, end, and are killed; what they hold stays."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
import redis

from tests.platform.embedded.conftest import Launch, Start, User
from tests.support.processes import kill_tree_root, running, tree, until


def test_a_restart_keeps_the_data(start: Start, user: User) -> None:
    server = start(user.data, prefix=user.prefix)
    pids = tree(server.process.pid)
    assert server.count() == (1, 1)
    assert server.stop() == 0
    assert not running(pids)
    assert start(user.data, prefix=user.prefix).count() == (2, 2)


def test_a_kill_leaves_no_process_and_loses_nothing(start: Start, user: User) -> None:
    server = start(user.data, prefix=user.prefix)
    assert server.count() == (1, 1)
    pids = kill_tree_root(server.process)
    # At once: the next start waits for the old stores by itself.
    assert start(user.data, prefix=user.prefix).count() == (2, 2)
    assert not running(pids)


def test_a_kill_in_the_first_start_damages_nothing(launch: Launch, start: Start, tmp_path: Path) -> None:
    first = launch(tmp_path / "data")
    until(lambda: any(tmp_path.glob("data/postgres*.new/base")))
    pids = kill_tree_root(first)
    assert start(tmp_path / "data").count() == (1, 1)
    assert not running(pids)


@pytest.mark.parametrize("engine", ["PostgreSQL", "Valkey"])
def test_a_dead_engine_is_started_again(start: Start, tmp_path: Path, engine: str) -> None:
    server = start(tmp_path / "data")
    assert server.count() == (1, 1)
    old = server.pids[engine]
    os.kill(old, signal.SIGKILL)
    until(lambda: not running([old]))

    def counts_on() -> bool:
        try:
            return server.count() >= (2, 2)
        except (OSError, asyncpg.PostgresError, redis.RedisError):
            return False

    until(counts_on)


@pytest.fixture
def short() -> Iterator[Path]:
    """A temporary folder that leaves room for a socket's name; pytest's own may not."""
    with TemporaryDirectory(prefix="pd", dir="/tmp") as folder:
        yield Path(folder)


def test_ephemeral_stores_leave_nothing(start: Start, short: Path) -> None:
    server = start(TMPDIR=str(short))
    (runtime,) = short.iterdir()
    assert runtime.stat().st_mode & 0o777 == 0o700
    assert server.stop() == 0
    assert not list(short.iterdir())


def test_the_next_start_removes_what_a_killed_one_left(start: Start, short: Path) -> None:
    killed = start(TMPDIR=str(short))
    pids = kill_tree_root(killed.process)
    until(lambda: not running(pids))
    (left,) = short.iterdir()
    start(TMPDIR=str(short))
    (own,) = short.iterdir()
    assert own != left


def test_a_long_temporary_folder_does_not_break_the_sockets(start: Start, tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)
    assert start(TMPDIR=str(deep)).count() == (1, 1)
