"""A slot: one jailed zygote and one child primed ahead. Each run takes the primed child; then a new one is made."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from python_duel.sandbox import boot, limits
from python_duel.sandbox.child import Child, Ends
from python_duel.sandbox.errors import SandboxError, SlotLost
from python_duel.sandbox.jail import Level
from python_duel.sandbox.limits import DEFAULT, Limits
from python_duel.sandbox.outcome import Outcome
from python_duel.sandbox.run import Exit, Run
from python_duel.sandbox.wire import frame
from python_duel.sandbox.zygote import EXITED, FAILED, GONE, MADE, PACKET_BYTES, READY, REQUEST

FLAGS = ("-P", "-s", "-S", "-B", "-X", "utf8")
"""As -I, which would also ignore the one variable of the environment."""
ENVIRONMENT = {"PYTHONHASHSEED": "0"}
"""Nothing but a fixed hash seed: the order of a set is no matter of luck."""


class Slot:
    """Runs one program at a time, for one thread at a time. A context manager; closing it ends every process of it."""

    def __init__(self, level: Level = "full", check: str = "") -> None:
        """`check` is `module:function`, given the source before it runs and outside of its reach; see `zygote.Check`.

        Raises SandboxError when this machine cannot do `level`.
        """
        self.level, self._check = level, check
        self.landlock = 0
        self._control: socket.socket | None = None
        self._aborted = False
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def script(self, source: str, stdin: bytes = b"", limits: Limits = DEFAULT, check: bool = True) -> Outcome:
        """Runs `source` as a program with `stdin`. Raises SlotLost when the sandbox itself failed: start again."""
        return self._run({"source": source, "check": check, "function": None}, stdin, limits, None)

    def call(
        self, source: str, function: str, cases: list[str], limits: Limits = DEFAULT, check: bool = True
    ) -> Outcome:
        """Runs `source` once, then its `function` with each case: a JSON list of arguments. One process for all cases:
        what the function keeps in globals stays. Each case is handed over when the one before it is answered.
        Raises SlotLost.
        """
        job = {"source": source, "check": check, "function": function, "output_bytes": limits.output_bytes}
        return self._run(job, b"", limits, cases)

    @property
    def pid(self) -> int:
        """Of the process that every other one of this slot descends from."""
        return self._zygote.pid

    def abort(self) -> None:
        """Ends every process, from any thread: the run under way raises SlotLost, and so does each one after it."""
        self._aborted = True
        self.kill_zygote()

    def kill_zygote(self) -> None:
        """Ends every process, from any thread: the run under way raises SlotLost, the next one starts anew."""
        self._zygote.kill()

    def close(self) -> None:
        """Ends the zygote and whatever it made, and waits for that."""
        if self._control is None:
            return
        self._control.close()
        self._control = None
        if self._child is not None:
            self._child.close()
        if self._ends is not None:
            self._ends.close()
        self._zygote.kill()
        self._zygote.wait()

    def _start(self) -> None:
        if self._aborted:
            raise SlotLost("the slot was aborted")
        self._child: Child | None = None
        self._ends: Ends | None = None
        self._asked = self._made = 0
        self._exits: dict[int, Exit] = {}
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        package = Path(boot.__file__)
        arguments = [str(package.parents[2]), str(theirs.fileno()), self.level, self._check]
        with theirs:
            self._zygote = subprocess.Popen(
                [interpreter(), *FLAGS, str(package), *arguments],
                env=ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        try:
            self._await_ready()
            self._ask(limits.MEMORY_BYTES)
        except BaseException:
            self.close()
            raise

    def _await_ready(self) -> None:
        data, _ = self._packet(limits.START_S)
        if data[:1] == FAILED:
            raise SandboxError(f"level {self.level} is not possible here: {data[1:].decode(errors='replace')}")
        if data[:1] != READY:
            raise SlotLost("the zygote did not start")
        self.landlock = data[1]

    def _run(self, job: dict[str, object], stdin: bytes, most: Limits, cases: list[str] | None) -> Outcome:
        if self._control is None or self._asked >= limits.RUNS_PER_ZYGOTE:
            self.close()
            self._start()
        child = self._take(most.memory_bytes)
        try:
            data = frame(json.dumps(job).encode())
            outcome = Run(child, data, stdin, most, cases).execute(self._socket.fileno(), lambda: self._exit_of(child))
            self._ask(most.memory_bytes)
        except BaseException:
            self.close()
            raise
        finally:
            child.close()
        return outcome

    @property
    def _socket(self) -> socket.socket:
        if self._control is None:
            raise SlotLost("the slot is closed")
        return self._control

    def _ask(self, memory_bytes: int) -> None:
        """Has the next child made; does not wait for it."""
        self._ends, self._memory = Ends.make(), memory_bytes
        try:
            socket.send_fds(self._socket, [REQUEST.pack(memory_bytes)], self._ends.theirs)
        except OSError as error:
            raise SlotLost("the zygote is gone") from error
        finally:
            self._ends.close_theirs()
        self._asked += 1

    def _take(self, memory_bytes: int) -> Child:
        """The primed child; one with another memory limit is thrown away."""
        try:
            child = self._primed()
            if child.memory_bytes != memory_bytes:
                child.kill()
                child.close()
                self._ask(memory_bytes)
                child = self._primed()
        except BaseException:
            self.close()
            raise
        return child

    def _primed(self) -> Child:
        while self._child is None:
            self._listen()
        child, self._child = self._child, None
        return child

    def _exit_of(self, child: Child) -> Exit | None:
        self._listen()
        gone = self._exits.get(child.serial)
        if gone is not None:
            self._exits.clear()  # what else is in it are children that were thrown away
        return gone

    def _listen(self) -> None:
        """Takes one packet of the zygote: a child was made, or is gone."""
        data, descriptors = self._packet(limits.REPLY_S)
        if data[:1] == MADE and len(descriptors) == 1 and self._ends is not None:
            self._child = Child(self._made, self._memory, self._ends, descriptors[0])
            self._ends, self._made = None, self._made + 1
        elif data[:1] == GONE:
            serial, status, user, system, peak = EXITED.unpack(data[1:])
            self._exits[serial] = Exit(status, (user + system) * 1000, peak)
        else:
            raise SlotLost("the zygote is gone")

    def _packet(self, seconds: float) -> tuple[bytes, list[int]]:
        self._socket.settimeout(seconds)
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, PACKET_BYTES, 1)
        except OSError as error:
            raise SlotLost("the zygote does not answer") from error
        return data, descriptors


def interpreter() -> str:
    """The Python outside of any virtual environment: same version, and needs nothing but its own library."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
