"""Processes of the tests' own: waiting for them, and counting what is left of them."""

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from python_duel.sandbox.cgroup import Group


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Returns as soon as the condition holds; fails after that many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def tree(pid: int) -> set[int]:
    """The process and all that descend from it."""
    children = [int(c) for t in Path(f"/proc/{pid}/task").glob("*/children") for c in t.read_text().split()]
    return {pid}.union(*map(tree, children))


def running(pids: Iterable[int]) -> set[int]:
    """Those that still run; a zombie does not."""
    return {pid for pid in pids if _state(pid) not in {"", "Z", "X"}}


def parent(pid: int) -> int:
    """0 for a process that is gone."""
    return int(_stat(pid)[1])


def _state(pid: int) -> str:
    return _stat(pid)[0]


def _stat(pid: int) -> list[str]:
    """Its state, its parent, and so on: proc(5)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["", "0"]


@contextmanager
def stuck(group: Group) -> Iterator[None]:
    """A process in the group of a slot that does not end with it, as one that hangs in the kernel: the group stays."""
    process = subprocess.Popen(["sleep", "600"])
    try:
        group.add(process.pid)
        yield
    finally:
        process.kill()
        process.wait()


def kill_tree_root(process: "subprocess.Popen[str]") -> set[int]:
    """SIGKILL to the process alone; gives what was its tree."""
    pids = tree(process.pid)
    process.kill()
    process.wait()
    return pids


def as_normal_user() -> list[str]:
    """A command that begins another as a user who is not root; it may read everything, so that it finds Python."""
    caps = "+dac_read_search"
    prefix = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        f"--inh-caps={caps}",
        f"--ambient-caps={caps}",
    ]
    works = os.getuid() == 0 and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    return prefix if works else []
