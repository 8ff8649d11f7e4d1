"""What the machine spends: CPU of processes from the scheduler's own count, memory, and everything else's share."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds that processes have used, all their threads (proc(5), schedstat). A process that is gone: 0."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            for task in (PROC / str(pid) / "task").iterdir():
                with suppress(OSError):
                    total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def busy_s() -> float:
    """CPU seconds that the whole machine has spent on anything."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, (PROC / "stat").read_text().splitlines()[0].split()[1:])
    return (user + nice + system + irq + softirq) / TICKS


def memory_kb(pids: Iterable[int]) -> int:
    """Proportional set size in KiB."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            text = (PROC / str(pid) / "smaps_rollup").read_text()
            total += int(text.split("Pss:")[1].split()[0])
    return total


def descendants(root: int) -> dict[int, str]:
    """The processes below `root`, by id, with their command lines."""
    parents, lines = {}, {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                pid = int(folder.name)
                parents[pid] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                lines[pid] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    below: dict[int, str] = {}
    fresh = {root}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh}
        below |= {pid: lines[pid] for pid in fresh}
    return below


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds a second."""

    generator: float
    server: float | None
    stores: float | None
    others: float


class Meter:
    """From its making to `read`."""

    def __init__(self, servers: list[int], stores: list[int]) -> None:
        self._servers, self._stores = servers, stores
        self._at, self._then = time.perf_counter(), self._now()

    def _now(self) -> tuple[float, float, float, float]:
        return cpu_s([os.getpid()]), cpu_s(self._servers), cpu_s(self._stores), busy_s()

    def read(self) -> Spent:
        """The means since then."""
        seconds = time.perf_counter() - self._at
        own, server, stores, busy = ((now - then) / seconds for now, then in zip(self._now(), self._then, strict=True))
        return Spent(
            own,
            server if self._servers else None,
            stores if self._stores else None,
            max(0.0, busy - own - server - stores),
        )


def listeners(port: int) -> list[int]:
    """The web processes that listen on a TCP port of this machine, as far as they may be looked at."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    return [int(folder.name) for folder in PROC.iterdir() if folder.name.isdigit() and _holds(folder, inodes)]


def _holds(process: Path, inodes: set[str]) -> bool:
    """Whether it has one of these sockets, and is a web process, not the supervisor that opened it."""
    try:
        if b"\0web\0" not in (process / "cmdline").read_bytes():
            return False
        return any(str(fd.readlink()) in inodes for fd in (process / "fd").iterdir())
    except OSError:
        return False
