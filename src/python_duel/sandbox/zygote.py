"""The process that children are cloned from. It is exec'd with an empty environment and enters the jail once.

It is never sent code: a packet with a memory limit, a number that says what for, and descriptors asks for a child. The
job goes to the child.
"""

import atexit
import gc
import importlib
import os
import random
import socket
import struct
import warnings
from collections.abc import Callable
from contextlib import suppress
from select import POLLIN, poll
from signal import pidfd_send_signal
from typing import NoReturn

from python_duel.sandbox import harness, jail, landlock, limits, modules, rlimits, roots, seccomp, workshop
from python_duel.sandbox.channel import CHANNEL, HARNESS_FAILED
from python_duel.sandbox.room import Command, Plan
from python_duel.sandbox.streams import Printed
from python_duel.sandbox.syscalls import PR_SET_PDEATHSIG, clone, close_from, prctl

REQUEST = struct.Struct("=QB")
"""Memory of the child in bytes, and what it is for: `SOURCE`, `BINARY`, or `COMMANDS` plus the number of a command.

With it come the child's descriptors 0 to 3 (input, output, errors, channel), and 4: the binary.
"""
SOURCE, BINARY, COMMANDS = 0, 1, 2
EXITED = struct.Struct("=qiddq")
"""Serial number of the child (from 0), wait status, user and system CPU time in seconds, peak memory in KiB."""
REHEARSALS = 20
"""Until the interpreter has adapted its code to what it is used for."""
GO, READY, FAILED, MADE, GONE = b"G", b"R", b"F", b"M", b"X"
PACKET_BYTES = 4096

Check = Callable[[str], tuple[int, int, str] | None]
"""A look at the source before it is run: None, or line and column (from 1) and a sentence that say why not."""


def main(control: int, plan: str) -> NoReturn:
    """Serves one slot over the descriptor `control` until that is closed; `plan` is a `Plan` as JSON."""
    connection = socket.socket(fileno=control)
    try:
        if connection.recv(len(GO)) != GO:  # the parent has put this process where it shall be
            os._exit(0)
        zygote = _prepare(connection, Plan.from_json(plan))
    except Exception as error:
        connection.send(FAILED + f"{type(error).__name__}: {error}".encode()[: PACKET_BYTES - 1])
        os._exit(1)
    zygote.serve()
    os._exit(0)


def _prepare(connection: socket.socket, plan: Plan) -> "Zygote":
    if not plan.room.files:
        modules.preload()
    module, _, name = plan.check.partition(":")
    check: Check | None = getattr(importlib.import_module(module), name) if plan.check else None
    close_from(connection.fileno() + 1)
    version = jail.enter(plan.layers, plan.level, plan.room.files)
    zygote = Zygote(connection, plan, check, version)
    if not plan.room.files:
        modules.shut()
        for _ in range(REHEARSALS):
            harness.rehearse(check, zygote.printed)
    random.seed(0)  # the same program shall get the same verdict every time
    atexit._clear()
    warnings.simplefilter("ignore")
    gc.collect()
    gc.freeze()
    connection.send(READY + bytes([version]))
    return zygote


class Zygote:
    """Clones children on request, and reports the end of each."""

    def __init__(self, connection: socket.socket, plan: Plan, check: Check | None, version: int) -> None:
        self._connection, self._plan, self._check, self._landlock = connection, plan, check, version
        self._filters = {kind: seccomp.Filter(kind) for kind in ("source", "binary")}
        self._children: dict[int, tuple[int, int]] = {}  # pidfd: serial, pid
        self._made = 0
        self.printed = Printed()
        self._poll = poll()
        self._poll.register(connection, POLLIN)

    def serve(self) -> None:
        """Until the parent closes its end: then this process ends, and with it whatever it made."""
        with suppress(ConnectionError):  # closed with words of ours unread
            while self._serve_some():
                pass
        self._end_all()

    def _serve_some(self) -> bool:
        for descriptor, _ in self._poll.poll():
            if descriptor in self._children:
                self._reap(descriptor)
            elif not self._answer():
                return False
        return True

    def _end_all(self) -> None:
        """Kills and reaps what it made: left over, that would wait for a process 1 which may not care."""
        for pidfd in self._children:
            with suppress(ProcessLookupError):
                pidfd_send_signal(pidfd, jail.SIGKILL)
        for _, pid in self._children.values():
            os.waitpid(pid, 0)

    def _answer(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._connection, PACKET_BYTES, 5)
        if not data:
            return False
        memory_bytes, number = REQUEST.unpack(data)
        command = self._plan.room.commands[number - COMMANDS] if number >= COMMANDS else None
        pid = clone(self._namespaces(command))
        if pid == 0:
            self._become_child(memory_bytes, number, command, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = (self._made, pid)
        self._made += 1
        self._poll.register(pidfd, POLLIN)
        socket.send_fds(self._connection, [MADE], [pidfd])
        return True

    def _namespaces(self, command: Command | None) -> int:
        if "namespaces" not in self._plan.layers:
            return 0
        builds = command is not None and command.profile == "build"
        return jail.PER_BUILD_NAMESPACES if builds else jail.PER_RUN_NAMESPACES

    def _reap(self, pidfd: int) -> None:
        serial, pid = self._children.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        report = EXITED.pack(serial, status, usage.ru_utime, usage.ru_stime, usage.ru_maxrss)
        self._connection.send(GONE + report)

    def _become_child(
        self, memory_bytes: int, number: int, command: Command | None, descriptors: list[int]
    ) -> NoReturn:
        with suppress(BaseException):
            _arrange(descriptors, inheritable=number != SOURCE)
            prctl(PR_SET_PDEATHSIG, jail.SIGKILL)
            if command is not None:
                self._serve_room(memory_bytes, command)
            kind: seccomp.Kind = "binary" if number == BINARY else "source"
            self._lock_in(rlimits.alone(memory_bytes), self._filters[kind])
            if number == BINARY:
                workshop.execute()
            harness.serve(self._check, self.printed)
        os._exit(HARNESS_FAILED)

    def _serve_room(self, memory_bytes: int, command: Command) -> NoReturn:
        namespaces, builds = "namespaces" in self._plan.layers, command.profile == "build"
        directory = roots.WORK if namespaces else self._plan.workdir
        if builds:
            os.setpgid(0, 0)
            if namespaces:
                roots.work_space(limits.BUILD_SPACE_BYTES)
        if self._landlock:
            readable = ("/",) if namespaces else self._plan.room.files
            landlock.restrict(readable, ("/dev/null", directory) if builds else ("/dev/null",))
        most = rlimits.in_room(command.profile, memory_bytes, namespaces)
        self._lock_in(most, seccomp.Filter("build" if builds else "runtime"))
        if builds:
            workshop.build(command, directory)
        workshop.become(command)

    def _lock_in(self, most: dict[int, int], seccomp_filter: seccomp.Filter) -> None:
        """Everything that binds a child, in the order in which each step is still allowed."""
        layers = self._plan.layers
        if "namespaces" in layers and "capabilities" in layers:
            jail.drop_capabilities()
        if "rlimits" in layers:
            jail.set_limits(most)
        if "seccomp" in layers:
            seccomp_filter.install()


def _arrange(descriptors: list[int], inheritable: bool) -> None:
    """Puts them at 0 to 3, and the binary, which the exec shall close, behind; closes all others."""
    if min(descriptors) < len(descriptors):
        descriptors = [os.dup(descriptor) for descriptor in descriptors]  # else one could be put upon another
    for wanted, descriptor in enumerate(descriptors):
        os.dup2(descriptor, wanted, inheritable=inheritable and wanted <= CHANNEL)
    close_from(len(descriptors))
