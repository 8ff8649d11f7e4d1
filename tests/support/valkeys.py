"""The embedded Valkey as an operator meets it, and a second one that takes its place."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis

from python_duel.platform.embedded import binaries
from python_duel.platform.process import Process
from tests.faults.conftest import Hall
from tests.support.processes import until


def valkey(hall: Hall) -> Process:
    """Its process."""
    return next(process for process in hall.stores.processes if process.name == "Valkey")


def command(url: str, *parts: object) -> Any:
    """One command, as the user that may do everything."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return client.execute_command(*parts)


def kill(hall: Hall) -> None:
    """kill -9."""
    process = valkey(hall)
    process.kill()
    process.join(10)


def forget(hall: Hall) -> None:
    """Its file is gone, while it does not run."""
    shutil.rmtree(hall.plan.parent / "data" / "valkey" / "appendonlydir")


class Replica:
    """Follows the embedded one until `cut`; `promote` puts it in its place, at its address."""

    def __init__(self, hall: Hall, folder: Path) -> None:
        self._hall, self._folder = hall, folder
        self._own = folder / "replica.sock"
        url = urlsplit(hall.stores.redis_url)
        self._real = Path(url.path)
        self._password = url.password or ""
        self.url = hall.stores.redis_url.replace(url.path, str(self._own))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it has everything."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command(self._hall.stores.redis_url, "CONFIG", "SET", "port", port)
        lines = self._real.with_name("valkey.conf").read_text().splitlines()
        kept = [line for line in lines if not line.startswith(("unixsocket ", "dir ", "appendonly "))]
        link = [f"replicaof 127.0.0.1 {port}", "masteruser web", f"masterauth {self._password}"]
        config = self._folder / "replica.conf"
        config.write_text("\n".join([*kept, f"unixsocket {self._own}", f"dir {self._folder}", *link]))
        self._process = subprocess.Popen([binaries.valkey().path, config], stdout=subprocess.DEVNULL)
        until(lambda: self._own.exists() and command(self.url, "ROLE")[3] == "connected")
        self.follow()

    def follow(self) -> None:
        """Returns when it has what was written until now."""
        until(lambda: command(self._hall.stores.redis_url, "WAIT", 1, 100) == 1)

    def cut(self) -> None:
        """It hears nothing more."""
        command(self.url, "CONFIG", "SET", "masterauth", "wrong")
        command(self._hall.stores.redis_url, "CLIENT", "KILL", "TYPE", "replica")
        until(lambda: command(self.url, "ROLE")[3] != "connected")

    def promote(self) -> None:
        """The other one dies, and this one answers where it did."""
        kill(self._hall)
        command(self.url, "REPLICAOF", "NO", "ONE")
        self._own.rename(self._real)

    def stop(self) -> None:
        """End it."""
        if self._process:
            self._process.kill()
            self._process.wait()


@contextmanager
def replica(hall: Hall, folder: Path) -> Iterator[Replica]:
    """Ready; at the end the embedded one runs again, and is empty."""
    made = Replica(hall, folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        hall.stores.restart_dead()
        command(hall.stores.redis_url, "FLUSHALL")
