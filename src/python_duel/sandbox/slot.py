"""A slot: one jailed zygote and one child primed ahead. Each run takes the primed child; then a new one is made."""

import json
import socket
from types import TracebackType
from typing import Self

from python_duel.sandbox import limits
from python_duel.sandbox.build import Build, Built
from python_duel.sandbox.cgroup import Group
from python_duel.sandbox.child import Child, Ends
from python_duel.sandbox.errors import NotBegun, SlotLost
from python_duel.sandbox.jail import Layer, Level
from python_duel.sandbox.launch import ZygoteProcess, interpreter
from python_duel.sandbox.limits import DEFAULT, Limits
from python_duel.sandbox.outcome import Outcome
from python_duel.sandbox.program import Binary, Program, Runtime
from python_duel.sandbox.room import EMPTY, Room
from python_duel.sandbox.run import Exit, Run
from python_duel.sandbox.session import Session
from python_duel.sandbox.wire import frame
from python_duel.sandbox.zygote import BINARY, COMMANDS, EXITED, GONE, MADE, PACKET_BYTES, REQUEST, SOURCE


class Slot:
    """Runs one program at a time, for one thread at a time. A context manager; closing it ends every process of it."""

    def __init__(
        self,
        level: Level = "full",
        check: str = "",
        room: Room = EMPTY,
        without: frozenset[Layer] = frozenset(),
        python: str = "",
    ) -> None:
        """`check` is `module:function`, given the source before it runs and outside of its reach; see `zygote.Check`.

        `room` holds the files and commands for runtimes, sessions and builds. `without` leaves layers out, to show what
        they hold: never for real programs. `python` is another interpreter than our own.
        Raises SandboxError when this machine cannot do `level`.
        """
        self.level, self._check, self._room, self._without = level, check, room, without
        self._python = python or interpreter()
        self._zygote: ZygoteProcess | None = None
        self._aborted = False
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def script(self, program: Program, stdin: bytes = b"", limits: Limits = DEFAULT, check: bool = True) -> Outcome:
        """Runs `program` with `stdin`. Raises SlotLost when the sandbox itself failed: start again."""
        return self._run(program, _job(program, None, check, limits), stdin, limits, None)

    def call(
        self, program: Program, function: str, cases: list[str], limits: Limits = DEFAULT, check: bool = True
    ) -> Outcome:
        """Starts `program` once, then calls its `function` with each case: a JSON list of arguments.

        One process for all cases: what the function keeps in globals stays. Raises SlotLost.
        """
        return self._run(program, _job(program, function, check, limits), b"", limits, cases)

    def build(
        self, command: int, files: dict[str, str], outputs: tuple[str, ...], extra: tuple[str, ...] = ()
    ) -> Built:
        """Has command `command` of the room, with the arguments `extra`, turn `files` into `outputs`, in a directory of
        its own that is gone afterwards. Raises SlotLost.
        """
        self._ensure()
        child = self._made_for(COMMANDS + command, limits.BUILD_MEMORY_BYTES)
        try:
            return Build(child, files, outputs, extra).execute(
                self._socket.fileno(), lambda: bool(self._exit_of(child))
            )
        except BaseException:
            self.close()
            raise
        finally:
            child.close()

    def session(self, command: int, memory_bytes: int) -> Session:
        """Starts command `command` of the room, to serve requests until it is closed. Raises SlotLost."""
        self._ensure()
        return Session(self._made_for(COMMANDS + command, memory_bytes))

    @property
    def pid(self) -> int:
        """Of the process that every other one of this slot descends from."""
        return self._process.pid

    @property
    def landlock(self) -> int:
        """The version of Landlock that binds its programs, 0 for none."""
        return self._process.landlock

    @property
    def cgroup(self) -> Group | None:
        """The group that its processes are in, where this machine lets us make one."""
        return self._process.cgroup

    def abort(self) -> None:
        """Ends every process, from any thread: the run under way raises SlotLost, and so does each one after it."""
        self._aborted = True
        self.kill_zygote()

    def kill_zygote(self) -> None:
        """Ends every process, from any thread: the run under way raises SlotLost, the next one starts anew."""
        if (zygote := self._zygote) is not None:
            zygote.kill()

    def close(self) -> None:
        """Ends the zygote and whatever it made, and waits for that."""
        if self._zygote is None:
            return
        zygote, self._zygote = self._zygote, None
        for child in (self._child, self._used):
            if child is not None:
                child.close()
        if self._ends is not None:
            self._ends.close()
        zygote.close()

    def _start(self) -> None:
        if self._aborted:
            raise SlotLost("the slot was aborted")
        self._child: Child | None = None
        self._used: Child | None = None
        self._ends: Ends | None = None
        self._asked = self._made = self._gone = 0
        self._exits: dict[int, Exit] = {}
        self._zygote = ZygoteProcess(self.level, self._check, self._room, self._without, self._python)
        try:
            if not self._room.commands:
                self._ask(SOURCE, limits.MEMORY_BYTES)
        except BaseException:
            self.close()
            raise

    def settle(self) -> None:
        """Waits until the last program is gone and the next child is there. No run needs it. Raises SlotLost."""
        self._ensure()
        try:
            self._child = self._primed()
            while self._made - self._gone > 1:
                self._listen()
            self._forget_used()
        except BaseException:
            self.close()
            raise

    def _ensure(self) -> None:
        """A zygote that lives and is not worn out."""
        if self._zygote is None or self._asked >= limits.RUNS_PER_ZYGOTE:
            self.close()
            self._start()
        self._exits.clear()  # of children that were killed, and whose end nobody waited for
        try:
            while self._made - self._gone > limits.CHILDREN_AT_ONCE:
                self._listen()
        except SlotLost:
            self.close()
            raise

    @property
    def _primary(self) -> int:
        """What children are made ahead for."""
        return COMMANDS if self._room.commands else SOURCE

    def _run(self, program: Program, job: bytes, stdin: bytes, most: Limits, cases: list[str] | None) -> Outcome:
        try:
            return self._attempt(program, job, stdin, most, cases)
        except NotBegun:
            # It was made while the last program ran, which may have left it no thread or no memory to start with.
            return self._attempt(program, job, stdin, most, cases)

    def _attempt(self, program: Program, job: bytes, stdin: bytes, most: Limits, cases: list[str] | None) -> Outcome:
        """A slot that could not do it is closed: the next attempt starts anew, with nobody beside it."""
        self._ensure()
        child = self._take(program, most.memory_bytes)
        try:
            run = Run(child, job, stdin, most, cases, isinstance(program, str))
            outcome = run.execute(self._socket.fileno(), lambda: self._exit_of(child), lambda: self._tidy(most))
        except BaseException:
            self.close()
            child.close()
            raise
        self._used = child
        return outcome

    @property
    def _process(self) -> ZygoteProcess:
        if self._zygote is None:
            raise SlotLost("the slot is closed")
        return self._zygote

    @property
    def _socket(self) -> socket.socket:
        return self._process.control

    def _tidy(self, most: Limits) -> None:
        """What can be done while a child is at work: lets go of the last one, has the next one made."""
        self._forget_used()
        if self._child is None:
            self._ask(self._primary, most.memory_bytes)

    def _forget_used(self) -> None:
        if self._used is not None:
            self._used.close()
            self._used = None

    def _ask(self, number: int, memory_bytes: int, binary: Binary | None = None) -> None:
        """Has the next child made; does not wait for it."""
        self._ends, self._memory = Ends.make(), memory_bytes
        descriptors = [*self._ends.theirs, *([binary.descriptor] if binary else [])]
        self._process.limit_memory(memory_bytes)
        try:
            socket.send_fds(self._socket, [REQUEST.pack(memory_bytes, number)], descriptors)
        except OSError as error:
            raise SlotLost("the zygote is gone") from error
        finally:
            self._ends.close_theirs()
        self._asked += 1

    def _take(self, program: Program, memory_bytes: int) -> Child:
        """The primed child if it fits; one with another memory limit is thrown away, a binary has one of its own."""
        if isinstance(program, Binary):
            return self._made_for(BINARY, memory_bytes, program)
        number = COMMANDS + program.command if isinstance(program, Runtime) else SOURCE
        if number != self._primary:
            return self._made_for(number, memory_bytes)
        try:
            child = self._primed()
            if child.memory_bytes != memory_bytes:
                _discard(child)
                child = self._made_for(number, memory_bytes)
        except BaseException:
            self.close()
            raise
        return child

    def _made_for(self, number: int, memory_bytes: int, binary: Binary | None = None) -> Child:
        """A child made now; one that is primed stays so."""
        try:
            kept = self._child or (self._primed() if self._ends else None)
            self._child = None
            self._ask(number, memory_bytes, binary)
            child, self._child = self._primed(), kept
        except BaseException:
            self.close()
            raise
        return child

    def _primed(self) -> Child:
        while self._child is None:
            if self._ends is None:
                self._ask(self._primary, limits.MEMORY_BYTES)
            self._listen()
        child, self._child = self._child, None
        return child

    def _exit_of(self, child: Child) -> Exit | None:
        self._listen()
        return self._exits.pop(child.serial, None)

    def _listen(self) -> None:
        """Takes one packet of the zygote: a child was made, or is gone."""
        data, descriptors = self._packet(limits.REPLY_S)
        if data[:1] == MADE and len(descriptors) == 1 and self._ends is not None:
            self._child = Child(self._made, self._memory, self._ends, descriptors[0])
            self._ends, self._made = None, self._made + 1
        elif data[:1] == GONE:
            self._gone += 1
            serial, status, user, system, peak = EXITED.unpack(data[1:])
            self._exits[serial] = Exit(status, (user + system) * 1000, peak)
        else:
            raise SlotLost("the zygote is gone")

    def _packet(self, seconds: float) -> tuple[bytes, list[int]]:
        if self._socket.gettimeout() != seconds:
            self._socket.settimeout(seconds)
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, PACKET_BYTES, 1)
        except OSError as error:
            raise SlotLost("the zygote does not answer") from error
        return data, descriptors


def _discard(child: Child) -> None:
    child.kill()
    child.close()


def _job(program: Program, function: str | None, check: bool, most: Limits) -> bytes:
    """The first frame that a child of each kind waits for."""
    if isinstance(program, Runtime):
        return frame(program.job)
    job: dict[str, object] = {"function": function, "output_bytes": most.output_bytes}
    if isinstance(program, str):
        job |= {"source": program, "check": check}
    return frame(json.dumps(job).encode())
