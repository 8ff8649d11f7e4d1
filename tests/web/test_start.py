"""A web process alone brings the schema to its version before it answers, or says in one line why it does not start."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from python_duel.platform import backup
from tests.conftest import sql
from tests.support.database import query, with_schema
from tests.support.processes import running, tree, until

OLD = "0002"


@dataclass
class Web:
    """A web process that has been started."""

    url: str
    process: subprocess.Popen[bytes]
    said: Path
    backups: Path

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=1).status_code == 200
        except httpx.TransportError:
            return False


Start = Callable[..., Web]


@pytest.fixture
def start(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a web process, which may not answer yet."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(**settings: str) -> Web:
        said, backups = tmp_path / "stderr.txt", tmp_path / "backups"
        stores = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "DUEL_BACKUPS": str(backups)}
        with socket.create_server(("127.0.0.1", 0)) as listener, said.open("wb") as stderr:
            port, fd = listener.getsockname()[1], listener.fileno()
            command = [sys.executable, "-m", "python_duel", "web", "--fd", str(fd)]
            environ = {**os.environ, **stores, **settings}
            started.append(subprocess.Popen(command, env=environ, pass_fds=[fd], stderr=stderr))
        return Web(f"http://127.0.0.1:{port}", started[-1], said, backups)

    yield begin
    for process in started:
        process.kill()
        process.wait()


def test_a_schema_of_before_is_dumped_and_changed(start: Start, database_url: str) -> None:
    with_schema(database_url, OLD)
    web = start()
    until(web.answers, 60)
    [dump] = web.backups.glob("before-migration-*.dump")
    assert backup.revision(dump) == OLD
    assert str(dump) in web.said.read_text()


def test_whoever_takes_backups_of_his_own_gets_none(start: Start, database_url: str) -> None:
    with_schema(database_url, OLD)
    web = start(DUEL_MIGRATION_BACKUP="false")
    until(web.answers, 60)
    assert not web.backups.exists()


def test_a_newer_schema_is_refused_in_one_line(start: Start, database_url: str) -> None:
    sql(database_url, "UPDATE alembic_version SET version_num = '9999'")
    web = start()
    assert web.process.wait(60) == 2
    (line,) = web.said.read_text().splitlines()
    assert "made by a newer version" in line
    assert query(database_url, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_without_room_for_its_dump_nothing_changes(start: Start, database_url: str, tmp_path: Path) -> None:
    with_schema(database_url, OLD)
    (tmp_path / "backups").write_text("no folder")
    web = start()
    assert web.process.wait(60) == 2
    assert "cannot be written" in web.said.read_text().splitlines()[-1]
    assert query(database_url, "SELECT version_num FROM alembic_version") == [(OLD,)]


async def test_asked_to_stop_it_leaves_no_half_dump(start: Start, database_url: str) -> None:
    await asyncio.to_thread(with_schema, database_url, OLD)
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("LOCK TABLE players")
        web = start()
        async with asyncio.timeout(60):
            # pg_dump is at it, and waits.
            while not await other.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
                await asyncio.sleep(0.05)
        assert len(list(web.backups.iterdir())) == 1
        pids = tree(web.process.pid)
        assert len(pids) == 2
        web.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(web.process.wait, 20) == 128 + signal.SIGTERM
    await other.close()
    assert not running(pids)
    assert list(web.backups.iterdir()) == []
    assert len(web.said.read_text().splitlines()) == 1
