"""The process that children are cloned from. It is exec'd with an empty environment and enters the jail once.

It is never sent code: one packet with a memory limit and four descriptors asks for a child. The job goes to the child.
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
from typing import NoReturn

from python_duel.sandbox import harness, jail, modules
from python_duel.sandbox.seccomp import Filter
from python_duel.sandbox.syscalls import PR_SET_PDEATHSIG, clone, close_from, prctl

REQUEST = struct.Struct("=Q")
"""Address space of the child in bytes; with it come its descriptors 0 to 3: input, output, errors, channel."""
EXITED = struct.Struct("=qiddq")
"""Serial number of the child (from 0), wait status, user and system CPU time in seconds, peak memory in KiB."""
READY, FAILED, MADE, GONE = b"R", b"F", b"M", b"X"
PACKET_BYTES = 4096

Check = Callable[[str], tuple[int, int, str] | None]
"""A look at the source before it is run: None, or line and column (from 1) and a sentence that say why not."""


def main(control: int, level: jail.Level, check: str) -> NoReturn:
    """Serves one slot over the descriptor `control` until that is closed. `check` is `module:function`, or empty."""
    connection = socket.socket(fileno=control)
    try:
        zygote = _prepare(connection, level, check)
    except Exception as error:
        connection.send(FAILED + f"{type(error).__name__}: {error}".encode()[: PACKET_BYTES - 1])
        os._exit(1)
    zygote.serve()
    os._exit(0)


def _prepare(connection: socket.socket, level: jail.Level, check: str) -> "Zygote":
    modules.preload()
    module, _, name = check.partition(":")
    found: Check | None = getattr(importlib.import_module(module), name) if check else None
    zygote = Zygote(connection, level, found, Filter())
    close_from(connection.fileno() + 1)
    version = jail.enter(level, connection.fileno())
    modules.shut()
    atexit._clear()
    warnings.simplefilter("ignore")
    gc.collect()
    gc.freeze()
    connection.send(READY + bytes([version]))
    return zygote


class Zygote:
    """Clones children on request, and reports the end of each."""

    def __init__(
        self, connection: socket.socket, level: jail.Level, check: Check | None, seccomp_filter: Filter
    ) -> None:
        self._connection, self._check, self._filter = connection, check, seccomp_filter
        self._namespaces = jail.PER_RUN_NAMESPACES if level == "full" else 0
        self._children: dict[int, tuple[int, int]] = {}  # pidfd: serial, pid
        self._made = 0
        self._poll = poll()
        self._poll.register(connection, POLLIN)

    def serve(self) -> None:
        """Until the parent closes its end: then this process ends, and with it whatever it made."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._children:
                    self._reap(descriptor)
                elif not self._answer():
                    return

    def _answer(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._connection, PACKET_BYTES, 4)
        if not data:
            return False
        memory_bytes = REQUEST.unpack(data)[0]
        pid = clone(self._namespaces)
        if pid == 0:
            self._become_child(memory_bytes, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = (self._made, pid)
        self._made += 1
        self._poll.register(pidfd, POLLIN)
        socket.send_fds(self._connection, [MADE], [pidfd])
        return True

    def _reap(self, pidfd: int) -> None:
        serial, pid = self._children.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        report = EXITED.pack(serial, status, usage.ru_utime, usage.ru_stime, usage.ru_maxrss)
        self._connection.send(GONE + report)

    def _become_child(self, memory_bytes: int, descriptors: list[int]) -> NoReturn:
        with suppress(BaseException):
            # The module seeds itself anew after a fork; the same program shall get the same verdict every time.
            random.seed(0)
            _lock_in(memory_bytes, descriptors, self._filter, drop=bool(self._namespaces))
            harness.serve(self._check)
        os._exit(harness.HARNESS_FAILED)


def _lock_in(memory_bytes: int, descriptors: list[int], seccomp_filter: Filter, drop: bool) -> None:
    """Everything that binds a child, in the order in which each step is still allowed."""
    highest = [os.dup(descriptor) for descriptor in descriptors]
    for wanted, descriptor in enumerate(highest):
        os.dup2(descriptor, wanted, inheritable=False)
    close_from(len(descriptors))
    prctl(PR_SET_PDEATHSIG, jail.SIGKILL)
    if drop:
        jail.drop_capabilities()
    jail.set_limits(memory_bytes)
    seccomp_filter.install()
