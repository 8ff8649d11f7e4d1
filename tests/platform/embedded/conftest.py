"""Servers of stores as processes of their own, so that they can be killed."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis

from tests.support.processes import as_normal_user

SCRIPT = Path(__file__).with_name("run_stores.py")


@dataclass
class Server:
    """Running stores."""

    process: "subprocess.Popen[str]"
    database_url: str
    redis_url: str
    judge_redis_url: str
    pids: dict[str, int]

    def count(self) -> tuple[int, int]:
        """Adds a row and a step to a counter; gives how many there are of each."""
        with redis.Redis.from_url(self.redis_url) as client:
            return asyncio.run(add_row(self.database_url)), client.incr("counter")

    def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        self.process.terminate()
        return self.process.wait(20)


async def add_row(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS rows (n int)")
        await connection.execute("INSERT INTO rows VALUES (1)")
        return int(await connection.fetchval("SELECT count(*) FROM rows"))
    finally:
        await connection.close()


Launch = Callable[..., "subprocess.Popen[str]"]
Start = Callable[..., Server]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Starts stores without waiting for them."""
    started: list[subprocess.Popen[str]] = []

    def begin(*data: Path, prefix: list[str] | None = None, **environ: str) -> "subprocess.Popen[str]":
        command = [*(prefix or []), sys.executable, "-P", str(SCRIPT), *map(str, data)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env={**os.environ, **environ}))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def start(launch: Launch) -> Start:
    """Starts stores and waits until they answer."""

    def begin(*data: Path, **options: Any) -> Server:
        process = launch(*data, **options)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        return Server(process, *json.loads(line))

    return begin


@dataclass
class User:
    """Who runs the stores, and where."""

    prefix: list[str]
    data: Path


@pytest.fixture(params=["this user", "normal user"])
def user(request: pytest.FixtureRequest, tmp_path: Path) -> User:
    """This user and, for root, one without its rights; the folder's name is not an easy one."""
    prefix = [] if request.param == "this user" else as_normal_user()
    if request.param == "normal user" and not prefix:
        pytest.skip("only root with setpriv can become another user")
    home = tmp_path / "Räume & Zeiten, 'für' \"alle\""
    home.mkdir()
    if prefix:
        shutil.chown(home, 65534, 65534)
    return User(prefix, home / "data")
