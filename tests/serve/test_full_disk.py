"""A disk that is full for a while."""

import asyncio
import signal
from pathlib import Path

import asyncpg
import httpx
import pytest

from python_duel.platform.embedded.stores import database
from python_duel.settings import Settings
from tests.serve.conftest import Start
from tests.support.disks import disk, fill_write_ahead_log, full, possible
from tests.support.lasted import lasted
from tests.support.processes import until


@pytest.mark.slow
@pytest.mark.skipif(not possible(), reason="only root may mount a small disk")
def test_a_database_that_cannot_start_again_is_tried_until_it_can(start: Start, tmp_path: Path) -> None:
    with disk(tmp_path / "data", 256) as data:
        serve = start("--data", str(data))
        ready = f"{serve.url}/readyz"
        with database(Settings.model_construct(data=data)) as url:
            asyncio.run(_fill(data, url, serve.stderr))
        with lasted("`serve` with no room for the write-ahead log: room again to ready"):
            until(lambda: httpx.get(ready, timeout=20).status_code == 200, 60)
        assert serve.end(signal.SIGTERM) == 0


async def _fill(data: Path, url: str, stderr: Path) -> None:
    connection = await asyncpg.connect(url)
    with full(data):
        await fill_write_ahead_log(connection)
        await asyncio.to_thread(until, lambda: "tried again" in stderr.read_text(), 60)
