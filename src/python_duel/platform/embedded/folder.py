"""The data folder: its format, its locks and its secrets.

`VERSION`, `lock` (this server's), `stores.lock` (its stores'), `secrets.json`, `postgres18/`, `valkey/` and two logs.
"""

import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from python_duel.errors import StartError

FORMAT = 1
OLD_STORES_SECONDS = 20
"""How long the stores of a killed server may take to end."""


@dataclass(frozen=True)
class Secrets:
    """Generated passwords."""

    postgres: str = field(repr=False)
    valkey_web: str = field(repr=False)
    valkey_judge: str = field(repr=False)


def check(data: Path, postgres_version: int) -> None:
    """Raises StartError when the folder is of a version that this server cannot use; touches nothing."""
    _check_format(data)
    names = [cluster.parent.name for cluster in data.glob("postgres*/PG_VERSION")]
    found = [int(match[1]) for name in names if (match := re.fullmatch(r"postgres(\d+)", name))]
    if found and (max(found) > postgres_version or postgres_version not in found):
        raise StartError(
            f"{data} has data of PostgreSQL {max(found)}, this server runs {postgres_version}: "
            "use the version of Python-Duel that made it, or another folder with --data"
        )


def _check_format(data: Path) -> None:
    try:
        version = int((data / "VERSION").read_text())
    except FileNotFoundError:
        return
    except ValueError:
        raise StartError(f"{data / 'VERSION'} is damaged: it must hold one number") from None
    if version > FORMAT:
        raise StartError(
            f"{data} is of a newer Python-Duel (data format {version}, this one knows {FORMAT}): "
            "update Python-Duel, or choose another folder with --data"
        )


@contextmanager
def held(data: Path) -> Iterator[int]:
    """Makes the folder if need be and holds it; gives the descriptor of the lock that the stores must inherit."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(data / "lock") as own:
        if not _try_lock(own):
            raise StartError(
                f"{data} is in use by process {_owner(own)}: stop it, or choose another folder with --data"
            )
        os.pwrite(own, f"{os.getpid():<20}\n".encode(), 0)
        with _locked(data / "stores.lock") as stores:
            _wait_for_old_stores(data, stores)
            (data / "VERSION").write_text(f"{FORMAT}\n")
            yield stores


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode().strip() or "?"


def _wait_for_old_stores(data: Path, descriptor: int) -> None:
    deadline = time.monotonic() + OLD_STORES_SECONDS
    while not _try_lock(descriptor):
        if time.monotonic() > deadline:
            raise StartError(f"stores of an earlier server still run on {data}: end those processes first")
        time.sleep(0.01)


def load_secrets(data: Path) -> Secrets:
    """The folder's secrets, generated at its first use; raises StartError when they were lost."""
    path = data / "secrets.json"
    if not path.exists():
        if any(data.glob("postgres*/PG_VERSION")):
            raise StartError(f"{path} is missing and the database needs it: restore it from a backup")
        _write_secrets(path)
    try:
        return Secrets(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        raise StartError(f"{path} is damaged: restore it from a backup") from None


def _write_secrets(path: Path) -> None:
    new = Secrets(*(secrets.token_urlsafe(32) for _ in range(3)))
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(new), file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
