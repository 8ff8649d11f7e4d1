"""The zygote as its parent holds it: the process, the control socket, its cgroup, and its private directory."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from python_duel.sandbox import boot, cgroup, jail, limits
from python_duel.sandbox.errors import SandboxError, SlotLost
from python_duel.sandbox.jail import Layer, Level
from python_duel.sandbox.room import Room, planned
from python_duel.sandbox.zygote import FAILED, GO, PACKET_BYTES, READY

FLAGS = ("-P", "-s", "-S", "-B", "-X", "utf8")
"""As -I, which would also ignore the one variable of the environment."""
ENVIRONMENT = {"PYTHONHASHSEED": "0"}
"""Nothing but a fixed hash seed: the order of a set is no matter of luck."""


class ZygoteProcess:
    """Started and ready once it is made; `close` ends it and whatever it made, and waits for that."""

    def __init__(self, level: Level, check: str, room: Room, without: frozenset[Layer], python: str) -> None:
        """Raises SandboxError when this machine cannot do `level`, SlotLost when the zygote did not start."""
        self._group = cgroup.make(_processes(room)) if "cgroup" not in without else None
        self._workdir = _private_directory() if room.builds and level != "full" else ""
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        plan = planned(level, check, room, without, self._workdir).to_json()
        package = Path(boot.__file__)
        try:
            with theirs:
                self._process = _begin(python, package, theirs.fileno(), plan)
        except OSError as error:
            self.control.close()
            self._tidy()
            raise SlotLost(f"no process could be started: {error.strerror}") from error
        try:
            self.landlock = self._started(level)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Of the process that every other one of the slot descends from."""
        return self._process.pid

    @property
    def cgroup(self) -> cgroup.Group | None:
        """Where this machine has one."""
        return self._group

    def limit_memory(self, program_bytes: int) -> None:
        """What all processes together may hold while a program with so much runs."""
        if self._group is not None:
            with suppress(OSError):
                self._group.limit_memory(program_bytes + limits.SLOT_MEMORY_BYTES)

    def kill(self) -> None:
        """From any thread; twice does no harm."""
        self._process.kill()

    def close(self) -> None:
        """Twice does no harm."""
        self.control.close()  # the zygote ends what it made, and then itself
        try:
            self._process.wait(limits.CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._tidy()

    def _tidy(self) -> None:
        """Removes what it had outside of its processes."""
        if self._group is not None:
            self._group.close()
        if self._workdir:
            shutil.rmtree(self._workdir, ignore_errors=True)

    def _started(self, level: Level) -> int:
        """Lets it go, and waits until it is shut in; gives the Landlock version."""
        self.control.settimeout(limits.START_S)
        try:
            if self._group is not None:
                self._group.add(self.pid)
            self.control.send(GO)
            data = self.control.recv(PACKET_BYTES)
        except OSError as error:
            raise SlotLost(f"the zygote did not start: {error}") from error
        if data[:1] == FAILED:
            raise SandboxError(f"level {level} is not possible here: {data[1:].decode(errors='replace')}")
        if data[:1] != READY:
            raise SlotLost("the zygote did not start")
        return data[1]


def _begin(python: str, package: Path, control: int, plan: str) -> subprocess.Popen[bytes]:
    """The zygote, which waits for a word on `control`. Raises OSError."""
    return subprocess.Popen(
        [python, *FLAGS, str(package), str(package.parents[2]), str(control), plan],
        env=ENVIRONMENT,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[control],
        # Not a session: that would be a scheduling group of its own, at normal weight whatever ours is.
        process_group=0,
    )


def interpreter() -> str:
    """The Python outside of any virtual environment: same version, and needs nothing but its own library."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def _processes(room: Room) -> int:
    return limits.SLOT_PROCESSES + limits.ROOM_PROCESSES * 2 * bool(room.commands)


def _private_directory() -> str:
    """Where builds write when there are no namespaces: the user that the jail becomes owns it."""
    path = tempfile.mkdtemp(prefix="python-duel-build-")
    if os.geteuid() == 0:
        os.chown(path, jail.NOBODY, jail.NOBODY)
    return path
