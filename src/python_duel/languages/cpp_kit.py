"""What is compiled once for all C++ programs: the precompiled header, and the object that is linked with each."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from python_duel.languages.gxx import Gxx
from python_duel.languages.shelf import shelf
from python_duel.sandbox import SandboxError

TEMPLATES = Path(__file__).parent / "templates" / "cpp"
FLAGS = (
    "-std=c++20",
    "-O2",
    "-static",
    "-s",
    "-pipe",
    "-w",
    "-fmax-errors=3",
    "-fdiagnostics-plain-output",
    "-ftemplate-depth=256",
    "-ftemplate-backtrace-limit=4",
)
"""Those of a program are those of the header, or it would not be taken."""
WRAPPED = tuple(f"-Wl,--wrap={name}" for name in ("malloc", "calloc", "realloc", "aligned_alloc", "abort"))
HEADER, RUNTIME = "prelude.hpp", "runtime.cpp"
_BUILD_S = 120


def command(compiler: Gxx, kit: Path, source: str, program: str) -> tuple[str, ...]:
    """The command that compiles `source` in the directory it is in."""
    header, runtime = str(kit / HEADER), str(kit / "runtime.o")
    return (str(compiler.path), *FLAGS, "-include", header, source, runtime, "-o", program, *WRAPPED)


def made(compiler: Gxx) -> Path:
    """The folder with both; compiled at the first use on this machine, which takes seconds, in a cache for all judges.

    The sources are ours, so this needs no jail. Raises SandboxError when the compiler fails.
    """
    place = shelf()
    folder = place / f"cpp-{_digest(compiler)}"
    with _alone(place):
        if not _is_whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
            _make(compiler, place, folder)
    return folder


def _is_whole(folder: Path) -> bool:
    """What cleans caches up may have taken a part of it."""
    return all((folder / name).is_file() for name in (HEADER, f"{HEADER}.gch", "runtime.o"))


def _digest(compiler: Gxx) -> str:
    parts = [str(compiler.path), compiler.version, *FLAGS, *(path.read_text() for path in sorted(TEMPLATES.iterdir()))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _make(compiler: Gxx, place: Path, folder: Path) -> None:
    """In a folder of its own, which gets its name when all is there."""
    with tempfile.TemporaryDirectory(dir=place, prefix="begun-", ignore_cleanup_errors=True) as begun:
        for name in (HEADER, RUNTIME):
            shutil.copyfile(TEMPLATES / name, Path(begun, name))
        _run(compiler, begun, "-x", "c++-header", HEADER, "-o", f"{HEADER}.gch")
        _run(compiler, begun, "-include", f"./{HEADER}", "-c", RUNTIME, "-o", "runtime.o")
        for path in Path(begun).iterdir():
            path.chmod(0o644)
        Path(begun).chmod(0o755)
        with suppress(OSError):
            Path(begun).rename(folder)
    if not _is_whole(folder):
        raise SandboxError(f"the header that is compiled ahead cannot be kept in {place}")


def _run(compiler: Gxx, folder: str, *arguments: str) -> None:
    argv = [str(compiler.path), *FLAGS, *arguments]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=_BUILD_S, env=_environ(folder))
    if done.returncode:
        raise SandboxError(f"{compiler.path} cannot compile the judge's own header: {done.stderr[:500]}")


def _environ(folder: str) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TMPDIR": folder}


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One process at a time, one thread at a time; the others wait, and find it done."""
    with (place / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
