"""A cgroup for each slot, where this process may make one: memory and processes of all in it, summed by the kernel.

It has the lowest weight where the process that makes it runs at the lowest priority: a group's weight outranks nice.

Version 1 and 2 of the interface: docs.kernel.org/admin-guide/cgroup-v1 and cgroup-v2.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

PREFIX = "python-duel-"
_REMOVE_S = 2.0
_numbers = count()
_left: set[Path] = set()
"""Folders that could not be removed in time: whoever makes the next group tries again."""
_MEMORY = {1: "memory.limit_in_bytes", 2: "memory.max"}
LOWEST = 19
"""Of all nice values."""
_WEIGHT = {1: ("cpu.shares", "10"), 2: ("cpu.weight", "1")}
"""A hundredth of the usual one. `cpu.idle` would be a third of that: too little for a verdict on a busy machine."""


@dataclass(frozen=True, slots=True)
class Parent:
    """Folders below which groups can be made, by controller; one and the same in version 2."""

    version: int
    memory: Path
    pids: Path
    cpu: Path | None
    """None where a group has no weight."""


class Group:
    """The group of one slot: made empty; `close` removes it when nothing is in it any more."""

    def __init__(self, parent: Parent, processes: int) -> None:
        """Raises OSError where that is not possible."""
        name = f"{PREFIX}{os.getpid()}-{next(_numbers)}"
        self._version, self._memory, self._pids = parent.version, parent.memory / name, parent.pids / name
        self._cpu = parent.cpu / name if parent.cpu and _lowest() else None
        self.folders = list(dict.fromkeys(one for one in (self._memory, self._pids, self._cpu) if one))
        self._most = 0
        try:
            for folder in self.folders:
                folder.mkdir()
            (self._pids / "pids.max").write_text(str(processes))
            if self._cpu:
                file, weight = _WEIGHT[self._version]
                (self._cpu / file).write_text(weight)
        except OSError:
            self.close()
            raise

    def members(self) -> set[str]:
        """The numbers of the processes in it."""
        return set((self.folders[0] / "cgroup.procs").read_text().split())

    def add(self, pid: int) -> None:
        """Moves a process in; what it starts from then on is in it too."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def limit_memory(self, most_bytes: int) -> None:
        """From now on all processes of the group share so much."""
        if most_bytes != self._most:
            (self._memory / _MEMORY[self._version]).write_text(str(most_bytes))
            self._most = most_bytes

    def close(self) -> None:
        """Removes the group, later if it cannot be now; processes that were killed need a moment to be gone."""
        deadline = time.monotonic() + _REMOVE_S
        for folder in self.folders:
            while not (gone := _removed(folder)) and time.monotonic() < deadline:
                time.sleep(0.001)
            if not gone:
                _left.add(folder)


def _lowest() -> bool:
    return os.getpriority(os.PRIO_PROCESS, 0) == LOWEST


def _removed(folder: Path) -> bool:
    """Whether it is gone, by this or before."""
    with suppress(OSError):
        folder.rmdir()
    return not folder.exists()


def make(processes: int) -> Group | None:
    """A group for one slot; None where this process may make none."""
    sweep()
    for folder in list(_left):
        if _removed(folder):
            _left.discard(folder)
    for parent in _parents():
        with suppress(OSError):
            return Group(parent, processes)
    return None


def problem() -> str | None:
    """Why there is no group to be had here; None when one could be made."""
    group = make(1)
    if group is None:
        return "this process may make no cgroup with the controllers memory and pids"
    group.close()
    return None


def weighs() -> bool:
    """Whether the group of a slot can have a weight of its own."""
    return any(parent.cpu for parent in _parents())


@cache
def sweep() -> None:
    """Removes the empty groups of processes that are gone: a judge that was killed could not. Once is enough."""
    for parent in _parents():
        for folder in filter(None, (parent.memory, parent.pids, parent.cpu)):
            for old in folder.glob(f"{PREFIX}*"):
                found = re.fullmatch(rf"{PREFIX}(\d+)-\d+", old.name)
                if found and not Path(f"/proc/{found[1]}").exists():
                    _removed(old)


def _parents() -> list[Parent]:
    """Where groups might be made, the newer interface first."""
    own, mounts = (Path(f"/proc/self/{name}").read_text() for name in ("cgroup", "mountinfo"))
    folders = {name: folder for name, folder in folders_of(own, mounts) if folder.is_dir()}
    found = []
    if "" in folders and _delegates(folders[""]):
        children = (folders[""] / "cgroup.subtree_control").read_text().split()
        found.append(Parent(2, folders[""], folders[""], folders[""] if "cpu" in children else None))
    if {"memory", "pids"} <= folders.keys():
        cpu = folders.get("cpu")
        found.append(Parent(1, folders["memory"], folders["pids"], cpu if cpu and os.access(cpu, os.W_OK) else None))
    return found


def _delegates(folder: Path) -> bool:
    """Whether groups below `folder` of version 2 have the controllers; asks for them if this process is alone there."""
    wanted = {"memory", "pids"}
    try:
        if wanted <= set((folder / "cgroup.subtree_control").read_text().split()):
            return True
        alone = (folder / "cgroup.procs").read_text().split() == [str(os.getpid())]
        if not alone or not wanted <= set((folder / "cgroup.controllers").read_text().split()):
            return False
        # Processes live in the leaves only: this one moves out of the way.
        leaf = folder / f"{PREFIX}judge"
        leaf.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text(str(os.getpid()))
        (folder / "cgroup.subtree_control").write_text("+memory +pids")
    except OSError:
        return False
    return True


def folders_of(groups: str, mounts: str) -> Iterator[tuple[str, Path]]:
    """The folder of a process' own group by controller, from its `cgroup` and `mountinfo`; "" stands for version 2."""
    lines = [line.split(":", 2) for line in groups.splitlines()]
    own = {name: path for _, names, path in lines for name in names.split(",")}
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, point = before.split()[3:5]
        names = {"cgroup": options.split()[-1].split(","), "cgroup2": [""]}.get(kind, [])
        for name in set(names) & own.keys():
            yield name, Path(point) / own[name].removeprefix(root.rstrip("/")).lstrip("/")
