"""One locked-in process as its parent holds it: descriptors, the clock of its CPU time, the kill."""

import os
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass

from python_duel.sandbox.limits import STILL_S

_SCHEDULED_TIME = 2
"""CPUCLOCK_SCHED of the kernel's posix-timers: the low bits of a process' CPU clock."""


@dataclass(slots=True)
class Ends:
    """The parent's ends of a child's four descriptors, and the ends to hand over."""

    channel: socket.socket
    stdin: int
    stdout: int
    stderr: int
    theirs: list[int]

    @classmethod
    def make(cls) -> "Ends":
        """Three pipes and a socket pair; ours never block."""
        channel, theirs = socket.socketpair()
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        for descriptor in (in_write, out_read, err_read):
            os.set_blocking(descriptor, False)
        channel.setblocking(False)
        return cls(channel, in_write, out_read, err_read, [in_read, out_write, err_write, theirs.detach()])

    def close_theirs(self) -> None:
        """Once they are handed over, or will never be."""
        while self.theirs:
            os.close(self.theirs.pop())

    def close(self) -> None:
        """All that is still open; twice does no harm."""
        self.close_theirs()
        self.channel.close()
        self.close_stdin()
        for descriptor in (self.stdout, self.stderr):
            if descriptor >= 0:
                os.close(descriptor)
        self.stdout = self.stderr = -1

    def close_stdin(self) -> None:
        """The child reads the end of its input."""
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1


class Child:
    """A process that waits for its job."""

    def __init__(self, serial: int, memory_bytes: int, ends: Ends, pidfd: int) -> None:
        self.serial, self.memory_bytes, self.ends, self._pidfd = serial, memory_bytes, ends, pidfd
        self._pid = 0
        self._clock = self._schedstat = self._status = -1
        self._cpu_ms = self._starved_ms = self._still_ms = 0.0
        self._turned = time.monotonic()

    def watch(self) -> None:
        """Opens what the kernel tells of it. Until then its time stands still: the job need not wait for this."""
        self._pid, self._turned = _pid(self._pidfd), time.monotonic()
        self._clock = _cpu_clock(self._pid)
        self._schedstat, self._status = _proc_file(self._pid, "schedstat"), _proc_file(self._pid, "status")

    def cpu_ms(self) -> float:
        """CPU time used so far; once the process is gone, the last value seen."""
        with suppress(OSError):
            self._cpu_ms = time.clock_gettime(self._clock) * 1000
        return self._cpu_ms

    def starved_ms(self) -> float:
        """Time spent ready to run on a busy machine, the last value seen, 0 where the kernel does not count it; and
        what `turn` found.
        """
        with suppress(OSError, ValueError, IndexError):
            self._starved_ms = int(os.pread(self._schedstat, 100, 0).split()[1]) / 1e6
        return self._starved_ms + self._still_ms

    def clock_ms(self) -> float:
        """A clock that leaves out `starved_ms`."""
        return time.monotonic() * 1000 - self.starved_ms()

    def turn(self) -> bool:
        """To be called often while it works, as LOOK_MS says. Whether we, its parent, stood still since the last time:
        stopped, or the machine was. What it did not use of that counts as starved: it may have been stopped, too, or
        have waited for us. While a laptop sleeps, the clock does so, too.
        """
        before, self._turned = self._turned, time.monotonic()
        still = self._turned - before > STILL_S
        if still:
            seen = self._cpu_ms + self._starved_ms
            used = self.cpu_ms() + self.starved_ms() - self._still_ms - seen
            self._still_ms += max(0.0, (self._turned - before) * 1000 - used)
        return still

    def memory_kb(self) -> int:
        """Peak memory so far; 0 when the process is gone."""
        with suppress(OSError, ValueError, IndexError):
            return int(os.pread(self._status, 4096, 0).partition(b"VmHWM:")[2].split(None, 1)[0])
        return 0

    def kill(self) -> None:
        """SIGKILL; nothing happens when it is gone already."""
        if self._pidfd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def kill_group(self) -> None:
        """SIGKILL to it and to all that it started, if it leads a process group."""
        with suppress(OSError):
            pid = self._pid or _pid(self._pidfd)
            if pid and os.getpgid(pid) == pid:
                os.killpg(pid, signal.SIGKILL)
        self.kill()

    def close(self) -> None:
        """Lets go of every descriptor; twice does no harm."""
        self.ends.close()
        for descriptor in (self._pidfd, self._schedstat, self._status):
            if descriptor >= 0:
                os.close(descriptor)
        self._pidfd = self._schedstat = self._status = -1


@dataclass(frozen=True, slots=True)
class Reading:
    """All clocks of a child at one moment: seconds by the clock on the wall, milliseconds of CPU and of starving."""

    at: float
    cpu_ms: float
    starved_ms: float

    @classmethod
    def of(cls, child: Child) -> "Reading":
        """Now."""
        return cls(time.monotonic(), child.cpu_ms(), child.starved_ms())


class Stopwatch:
    """What a child has used since the last `restart`."""

    def __init__(self, child: Child) -> None:
        self._child, self._begin = child, Reading(time.monotonic(), 0, 0)

    def restart(self, now: Reading) -> None:
        """Everything counts from now on."""
        self._begin = now

    def cpu_ms(self, total: float | None = None) -> float:
        """CPU time; `total` is that of the whole process where it is known better."""
        return (self._child.cpu_ms() if total is None else total) - self._begin.cpu_ms

    def wall_ms(self) -> float:
        """Time by the clock on the wall."""
        return (time.monotonic() - self._begin.at) * 1000

    def starved_ms(self) -> float:
        """Of that: time in which a busy host gave it no CPU, or in which we stood still."""
        return self._child.starved_ms() - self._begin.starved_ms

    def over_ms(self, most_ms: float) -> float:
        """Milliseconds beyond a wall limit, negative before it. Starving does not count: it is no fault of the program,
        and a single thread cannot bring it about.
        """
        return self.wall_ms() - self.starved_ms() - most_ms


def _pid(pidfd: int) -> int:
    """The number of the process in our own pid namespace, 0 when it cannot be told."""
    descriptor = _proc_file("self", f"fdinfo/{pidfd}")
    try:
        return max(0, int(os.read(descriptor, 4096).partition(b"\nPid:")[2].split(None, 1)[0]))
    except (OSError, ValueError, IndexError):
        return 0
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _proc_file(pid: int | str, name: str) -> int:
    """A descriptor that goes on to tell of that very process, -1 where there is none."""
    try:
        return os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def _cpu_clock(pid: int) -> int:
    """The clock id of a process, as clock_getcpuclockid(3) would give it."""
    # Pid 0 would be our own clock: an id that exists nowhere makes every reading fail, and rusage decides.
    return (~(pid or 0x7FFFFFF) << 3) | _SCHEDULED_TIME
