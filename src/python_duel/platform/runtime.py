"""A folder for the sockets and such of one start. Its path must be short: that of a socket has at most 107 bytes."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PREFIX = "python-duel-"
LONGEST = 70
"""Bytes of the folder that leave room for the sockets' own names."""


@dataclass(frozen=True)
class Runtime:
    """`lock` is open and held; processes that inherit it keep the folder in use."""

    folder: Path
    lock: int


@contextmanager
def runtime() -> Iterator[Runtime]:
    """A fresh folder, removed at the end. Those that a killed server left behind are removed too."""
    base = _base()
    _sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Runtime(folder, lock)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _base() -> Path:
    chosen = Path(tempfile.gettempdir())
    return chosen if len(os.fsencode(chosen)) <= LONGEST - len(PREFIX) - 8 else Path("/tmp")


def _sweep(base: Path) -> None:
    for folder in base.glob(PREFIX + "*"):
        with suppress(OSError):
            _remove_if_free(folder)


def _remove_if_free(folder: Path) -> None:
    """Raises OSError for a folder that is in use, just being made, or another user's."""
    if folder.stat().st_uid != os.getuid():
        return
    lock = os.open(folder / "lock", os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
