"""`serve` over a database of another version."""

import asyncio
import signal
import time
from pathlib import Path

import asyncpg
import pytest

from python_duel.serve.server import READY_SECONDS
from tests.conftest import sql
from tests.serve.conftest import Launch
from tests.support.database import query, with_schema
from tests.support.processes import running, tree, until

OLD = "0002"


def test_a_newer_schema_is_refused(launch: Launch, database_url: str, tmp_path: Path) -> None:
    sql(database_url, "UPDATE alembic_version SET version_num = '9999'")
    process = launch("--port", "0", "--data", str(tmp_path / "data"), DATABASE_URL=database_url)
    out, _ = process.communicate(timeout=60)
    said = (tmp_path / "stderr.txt").read_text()
    assert (process.returncode, out) == (2, "")
    assert "made by a newer version" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert query(database_url, "SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.parametrize("seconds", [0, pytest.param(READY_SECONDS + 5, marks=pytest.mark.slow)])
async def test_a_dump_takes_as_long_as_it_takes(
    launch: Launch, database_url: str, tmp_path: Path, seconds: float
) -> None:
    await asyncio.to_thread(with_schema, database_url, OLD)
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("LOCK TABLE players")  # pg_dump waits for it
        process = launch("--port", "0", "--data", str(tmp_path / "data"), DATABASE_URL=database_url)
        started = time.monotonic()
        async with asyncio.timeout(60):
            while not any((tmp_path / "data" / "backups").glob("*.part")):
                await asyncio.sleep(0.05)
        while time.monotonic() < started + seconds:
            assert process.poll() is None
            await asyncio.sleep(0.5)
    await other.close()
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    assert line.startswith("ready "), (tmp_path / "stderr.txt").read_text()
    [dump] = (tmp_path / "data" / "backups").glob("before-migration-*.dump")
    assert str(dump) in (tmp_path / "stderr.txt").read_text()


async def test_asked_to_stop_it_leaves_no_half_dump(launch: Launch, database_url: str, tmp_path: Path) -> None:
    await asyncio.to_thread(with_schema, database_url, OLD)
    backups = tmp_path / "data" / "backups"
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("LOCK TABLE players")
        process = launch("--port", "0", "--data", str(tmp_path / "data"), DATABASE_URL=database_url)
        async with asyncio.timeout(60):
            while not any(backups.glob("*.part")):
                await asyncio.sleep(0.05)
        pids = tree(process.pid)
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, 30) == 0
    await other.close()
    until(lambda: not running(pids))  # the judge was in the middle of its start, too
    assert list(backups.iterdir()) == []
    assert "Traceback" not in (tmp_path / "stderr.txt").read_text()
