"""What is put under load: a server that runs already, or one of our own for the time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from python_duel.errors import StartError
from python_duel.load.machine import descendants, listeners

START_S = 120
STOP_S = 20


@dataclass(frozen=True, slots=True)
class Target:
    """Where the players go, and the processes whose CPU is counted: none if nobody knows them."""

    urls: Sequence[str]
    servers: list[int] = field(default_factory=list)
    stores: list[int] = field(default_factory=list)


@contextmanager
def own_server(webs: int, environ: dict[str, str] | None = None) -> Iterator[Target]:
    """`serve --ephemeral` on a free port, ended afterwards. Raises `StartError`."""
    command = [sys.executable, "-m", "python_duel", "serve", "--ephemeral", "--port", "0", "--web", str(webs)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environ or {})})
    try:
        assert child.stdout is not None
        ready = child.stdout.readline()
        if not ready.startswith("ready "):
            raise StartError(f"the server did not start: exit code {child.wait(START_S)}")
        url = ready.split()[1]
        tree = descendants(child.pid)
        web = sorted(pid for pid, line in tree.items() if "-m python_duel web" in line and "launcher.py" not in line)
        stores = [pid for pid, line in tree.items() if "valkey-server" in line.split(" ")[0] or "valkey" in line[:60]]
        homes = [f"{url}/home/{n + 1}" for n in range(webs)] if webs > 1 else [url]
        yield Target(homes, web, stores)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def known(urls: Sequence[str]) -> Target:
    """Servers that run already. Their CPU is counted where they listen on this machine and nobody shares the port."""
    ports = {urlsplit(url).port for url in urls if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")}
    pids = sorted({pid for port in ports if port for pid in listeners(port)})
    return Target(urls, pids)
