"""The checksum beside a backup, in the form of `sha256sum`: PostgreSQL's archives have none of indexes and triggers."""

import hashlib
import os
from pathlib import Path

from python_duel.errors import StartError

DIGITS = 64


def beside(file: Path) -> Path:
    """Where that of `file` is."""
    return file.with_name(file.name + ".sha256")


def write(file: Path, content: Path) -> None:
    """Write that of `file`, which has this content when it is there, to the disk as pg_dump does. Raises OSError."""
    name = file.name.replace("\\", "\\\\").replace("\n", "\\n")
    mark = "\\" if name != file.name else ""
    with beside(file).open("w", encoding="utf-8", errors="surrogateescape") as opened:
        opened.write(f"{mark}{_digest(content)}  {name}\n")
        opened.flush()
        os.fsync(opened.fileno())


def check(file: Path) -> bool:
    """Whether there is one, and then `file` is what was written. Raises StartError when it is not."""
    try:
        with beside(file).open("rb") as opened:
            written = opened.read(1 + DIGITS).removeprefix(b"\\")[:DIGITS].decode(errors="replace")
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StartError(f"{beside(file)} cannot be read: {error.strerror}.") from None
    try:
        found = _digest(file)
    except OSError as error:
        raise StartError(f"{file} cannot be read: {error.strerror}.") from None
    if found != written.lower():
        raise StartError(f"{file} is damaged, by its {beside(file).name}: take another copy. Nothing has changed.")
    return True


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
