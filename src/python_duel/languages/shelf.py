"""Where the judge keeps what it compiled for itself: made once on a machine, used by all judges of one user."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from python_duel.languages.libraries import reachable


def shelf() -> Path:
    """A folder that only we write to and every user can read: a judge that is root runs programs as another.

    The first of DUEL_CACHE_DIR, XDG_CACHE_HOME, the usual cache folder and the one for temporary files that will do;
    else a new one, which nobody will find again.
    """
    for folder in _candidates():
        with suppress(OSError):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            if _is_ours(folder) and reachable(folder):
                return folder
    folder = Path(tempfile.mkdtemp(prefix="python-duel-"))
    folder.chmod(0o755)
    return folder


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("DUEL_CACHE_DIR"):
        yield Path(named).absolute()
    if named := os.environ.get("XDG_CACHE_HOME"):
        yield Path(named, "python-duel").absolute()
    if os.geteuid() == 0:
        yield Path("/var/cache/python-duel")
    else:
        with suppress(RuntimeError):
            yield Path.home() / ".cache" / "python-duel"
    yield Path(tempfile.gettempdir(), f"python-duel-{os.geteuid()}")


def _is_ours(folder: Path) -> bool:
    about = folder.lstat()
    alone = stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & 0o022
    return alone and os.access(folder, os.W_OK | os.X_OK)
