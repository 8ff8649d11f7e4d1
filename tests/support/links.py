"""The links between processes and their stores, each of which can be cut: by a proxy in between, or by packets dropped
between network namespaces.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from python_duel.platform import embedded
from python_duel.platform.embedded import Stores, postgres
from python_duel.platform.embedded.valkey import Valkey
from python_duel.settings import Settings
from tests.support.proxy import Proxy, Way

Store = Literal["postgres", "redis"]
PORTS: dict[Store, int] = {"postgres": 5432, "redis": 6379}


class Links(Protocol):
    """Links of the processes `who` to the stores: "up" is to the store."""

    def address(self, who: str, store: Store) -> tuple[str, int]:
        """Where that process finds the store."""

    def inside(self, who: str) -> AbstractContextManager[None]:
        """Processes started in this block are where `who` is."""

    def part(self, who: str, store: Store, *ways: Way) -> None:
        """Packets on these ways are dropped; nobody is told."""

    def heal(self) -> None:
        """All links are as they were."""


class Proxies:
    """A proxy a link."""

    def __init__(self, stores: Stores, stack: ExitStack) -> None:
        self._stack = stack
        self._targets: dict[Store, str] = {"postgres": path(stores.database_url), "redis": path(stores.redis_url)}
        self._proxies: dict[tuple[str, Store], Proxy] = {}

    def address(self, who: str, store: Store) -> tuple[str, int]:
        if (who, store) not in self._proxies:
            proxy = self._proxies[who, store] = Proxy(self._targets[store])
            self._stack.callback(proxy.close)
        return "127.0.0.1", self._proxies[who, store].port

    def inside(self, who: str) -> AbstractContextManager[None]:
        return nullcontext()

    def part(self, who: str, store: Store, *ways: Way) -> None:
        self._proxies[who, store].stall(*ways)

    def heal(self) -> None:
        for proxy in self._proxies.values():
            proxy.flow()


class Namespaces:
    """A network namespace a process, joined to that of the stores by a pair of devices."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._numbers: dict[str, int] = {}
        self._stores = self._make("stores")

    def _make(self, who: str) -> str:
        name = f"duel-{os.getpid()}-{who}"
        _run("ip", "netns", "add", name)
        self._stack.callback(_run, "ip", "netns", "del", name)
        _run("ip", "-n", name, "link", "set", "lo", "up")
        return name

    def _number(self, who: str) -> int:
        if who not in self._numbers:
            number = self._numbers[who] = len(self._numbers) + 1
            there, device = self._make(who), f"link{number}"
            pair = ["type", "veth", "peer", "name", device, "netns", there]
            _run("ip", "-n", self._stores, "link", "add", device, *pair)
            for name, host in ((self._stores, 1), (there, 2)):
                _run("ip", "-n", name, "addr", "add", f"10.79.{number}.{host}/24", "dev", device)
                _run("ip", "-n", name, "link", "set", device, "up")
        return self._numbers[who]

    def address(self, who: str, store: Store) -> tuple[str, int]:
        return f"10.79.{self._number(who)}.1", PORTS[store]

    @contextmanager
    def inside(self, who: str) -> Iterator[None]:
        name = self._stores if who == "stores" else self._stores.replace("stores", who)
        with Path("/proc/thread-self/ns/net").open() as here, Path(f"/run/netns/{name}").open() as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(here.fileno())

    def part(self, who: str, store: Store, *ways: Way) -> None:
        device, port = f"link{self._number(who)}", str(PORTS[store])
        for way in ways:
            of = {"up": ["INPUT", "-i", device, "-p", "tcp", "--dport", port]}
            of["down"] = ["OUTPUT", "-o", device, "-p", "tcp", "--sport", port]
            _run("ip", "netns", "exec", self._stores, "iptables", "-w", "-A", *of[way], "-j", "DROP")

    def heal(self) -> None:
        _run("ip", "netns", "exec", self._stores, "iptables", "-w", "-F")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def _enter(namespace: int) -> None:
    """Move this thread: os.setns comes with Python 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, 0x4000_0000):  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "setns")


def namespaces_possible() -> bool:
    """Whether this user may make them here."""
    name = f"duel-{os.getpid()}-try"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True)
    subprocess.run(["ip", "netns", "del", name], capture_output=True)
    return tried.returncode == 0


@contextmanager
def by_proxies() -> Iterator[tuple[Links, Stores]]:
    """Stores as they are embedded, on unix sockets."""
    with embedded.stores(None, Settings.model_construct()) as stores, ExitStack() as stack:
        yield Proxies(stores, stack), stores


@contextmanager
def by_namespaces(folder: Path) -> Iterator[tuple[Links, Stores]]:
    """Stores that listen on TCP as well, in a namespace of their own."""
    with ExitStack() as stack:
        links = Namespaces(stack)
        hba = folder / "pg_hba.conf"
        hba.write_text("local all duel scram-sha-256\nhost all duel 10.79.0.0/16 scram-sha-256\n")
        folder.chmod(0o755)
        config = Valkey._config
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(postgres.SAFE, "listen_addresses", "*")
            patch.setitem(postgres.SAFE, "hba_file", str(hba))
            patch.setattr(Valkey, "_config", lambda it: config(it).replace("port 0", "port 6379\nprotected-mode no"))
            with links.inside("stores"):
                stores = stack.enter_context(embedded.stores(None, Settings.model_construct()))
        yield links, stores


def url(plain: str, at: tuple[str, int]) -> str:
    """A store's URL by way of a link."""
    parts = urlsplit(plain)
    scheme, name = ("postgresql", parts.path) if parts.scheme == "postgresql" else ("redis", "/0")
    return f"{scheme}://{parts.username}:{parts.password}@{at[0]}:{at[1]}{name}"


def path(plain: str) -> str:
    """The unix socket on which an embedded store listens."""
    parts = urlsplit(plain)
    folder = parse_qs(parts.query).get("host")
    return f"{folder[0]}/.s.PGSQL.5432" if folder else unquote(parts.path)
