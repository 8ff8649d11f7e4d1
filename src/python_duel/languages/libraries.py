"""The shared libraries of a program of this host, for the room it will run in."""

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
