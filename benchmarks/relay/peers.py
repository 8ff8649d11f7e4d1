"""The servers beside ours: how they are started, and pairs of clients on them."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.npm import command as npm

from python_duel.load.players import Pair, Player, each
from python_duel.load.socket import connect

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "python-duel" / "relay-benchmark"
START_S = 20
PYTHON = {"bare picows": "benchmarks.relay.floor", "python-socketio": "benchmarks.relay.stock"}
NODE = "Node socket.io"


@contextmanager
def peer(name: str) -> Iterator[tuple[str, int]]:
    """One of them, running: its address and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = None if name in PYTHON else node_folder()
    command = [sys.executable, "-m", PYTHON[name]] if name in PYTHON else [npm()[0], str(HERE / "node.mjs")]
    child = subprocess.Popen([*command, str(port)], cwd=folder)
    try:
        _await(port)
        yield f"http://127.0.0.1:{port}", child.pid
    finally:
        child.kill()
        child.wait()


def node_folder() -> Path:
    """Where npm has put socket.io; it is fetched at the first use."""
    if not (CACHE / "node_modules" / "socket.io").is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, CACHE / name)
        environ = {**os.environ, "PATH": os.pathsep.join([str(Path(npm()[0]).parent), os.environ["PATH"]])}
        done = subprocess.run([*npm(), "ci", "--silent"], cwd=CACHE, env=environ)
        if done.returncode:
            shutil.rmtree(CACHE)
            sys.exit("socket.io could not be fetched with npm: this benchmark needs the network once")
    return CACHE


def _await(port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("a server to compare with did not start")


async def pairs(url: str, players: int) -> list[Pair]:
    """Clients in twos that share a token."""
    made = []

    async def one(n: int) -> None:
        two = [Player(url, f"{n} {side}", f"pair {n}", await connect(url, f"pair {n}")) for side in (0, 1)]
        made.append(Pair(f"pair-{n:017d}", (two[0], two[1]), (0, 0), (856, 856)))

    await each(one, range(players // 2))
    return made
