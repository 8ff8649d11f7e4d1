"""Reads the text files of a challenge folder. No file outside the folder is read, symbolic links included."""

from pathlib import Path

from python_duel.errors import Invalid

MAX_FILE_BYTES = 1 << 20


class BadChallenge(Invalid):
    """A challenge folder that cannot be used; the message names the file and the fault."""


def read(folder: Path, name: str) -> str:
    """The text of a file in `folder`. Raises BadChallenge."""
    path = folder / name
    if not path.is_file():
        raise BadChallenge(f"{path}: this file is missing.")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BadChallenge(f"{path}: this link leaves the challenge's folder; put the file itself there.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise BadChallenge(f"{path}: larger than {MAX_FILE_BYTES} bytes.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadChallenge(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}).") from None
