"""A Redis Cluster of three servers on ports of this machine, made and ended by a test."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis

from python_duel.platform.embedded import binaries
from python_duel.platform.pipelined import SLOTS
from tests.support.processes import until

PORTS = (27101, 27102, 27103)
BUS = 100
"""So much above are the ports of their own talk."""


class Cluster:
    """Its servers share the keys evenly, until `move`."""

    def __init__(self, servers: list[redis.Redis]) -> None:
        self.servers = servers
        self.ids = [str(self.ask(n, "CLUSTER MYID")) for n in range(len(servers))]
        self.url = f"redis://127.0.0.1:{PORTS[0]}/0"

    def ask(self, number: int, command: str, *args: object) -> Any:
        """One of them, as nobody's client."""
        return _ask(self.servers[number], command, *args)

    def owner(self, slot: int) -> int:
        """Which server has a slot."""
        for first, last, (_, port, *_), *_ in self.ask(0, "CLUSTER SLOTS"):
            if first <= slot <= last:
                return PORTS.index(port)
        raise AssertionError("nobody has it")

    def move(self, slot: int, to: int) -> None:
        """Hand a slot with its keys to another server, as an operator would."""
        source = self.begin(slot, to)
        while keys := self.ask(source, "CLUSTER GETKEYSINSLOT", slot, 100):
            self.ask(source, "MIGRATE", "127.0.0.1", PORTS[to], "", 0, 5000, "KEYS", *keys)
        for number in (to, source):
            self.ask(number, "CLUSTER SETSLOT", slot, "NODE", self.ids[to])

    def begin(self, slot: int, to: int) -> int:
        """The first step of that: from now on keys that are not there are made elsewhere. Whose they were."""
        source = self.owner(slot)
        self.ask(to, "CLUSTER SETSLOT", slot, "IMPORTING", self.ids[source])
        self.ask(source, "CLUSTER SETSLOT", slot, "MIGRATING", self.ids[to])
        return source


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Three masters; all slots are served."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = []
        for port in PORTS:
            home = Path(folder) / str(port)
            home.mkdir()
            options = ["--port", str(port), "--cluster-enabled", "yes", "--cluster-port", str(port + BUS)]
            process = subprocess.Popen(
                [binaries.valkey().path, *options, "--save", "", "--appendonly", "no"],
                cwd=home,
                stdout=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            servers.append(stack.enter_context(redis.Redis(port=port, decode_responses=True)))
        for n, server in enumerate(servers):
            until(lambda server=server: _answers(server))  # type: ignore[misc]
            first, last = SLOTS * n // 3, SLOTS * (n + 1) // 3 - 1
            _ask(server, "CLUSTER ADDSLOTSRANGE", first, last)
        for server in servers[1:]:
            _ask(server, "CLUSTER MEET", "127.0.0.1", PORTS[0], PORTS[0] + BUS)
        until(lambda: all(_whole(server) for server in servers))
        yield Cluster(servers)


def _answers(server: redis.Redis) -> bool:
    try:
        return bool(server.ping())
    except redis.ConnectionError:
        return False


def _whole(server: redis.Redis) -> bool:
    state = _ask(server, "CLUSTER INFO")
    return bool(state["cluster_state"] == "ok" and state["cluster_known_nodes"] == "3")


def _ask(server: redis.Redis, command: str, *args: object) -> Any:
    return server.execute_command(command, *args)  # type: ignore[no-untyped-call]
