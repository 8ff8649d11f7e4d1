"""The shared libraries of a program of this host, for the room it will run in."""

import os
import stat
import subprocess
from pathlib import Path


def libraries_of(*binaries: Path) -> tuple[str, ...]:
    """Absolute paths of what the dynamic loader would load for `binaries`, the loader itself included.

    Only for binaries of the host's own: the loader looks at them outside of any jail. Empty where there is no `ldd`.
    """
    found: dict[str, None] = {}
    for binary in binaries:
        for line in _loader_says(binary).splitlines():
            words = line.split()
            path = words[2] if len(words) > 2 and words[1] == "=>" else words[0] if words else ""
            if path.startswith("/") and Path(path).exists():
                found[path] = None
    return tuple(found)


def _loader_says(binary: Path) -> str:
    try:
        return subprocess.run(["ldd", str(binary)], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def reachable(path: Path) -> bool:
    """Whether a program may run what is at `path`: a judge that is root runs programs as an unprivileged user."""
    if os.geteuid() != 0:
        return True
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))
