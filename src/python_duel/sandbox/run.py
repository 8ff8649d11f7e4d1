"""The parent's side of one run: feed the job, collect what comes, hold every limit.

A child hears and answers in turn: the job, then `Ready`; after it one frame for each case, which a script gets too, as
the sign to begin. So no input is in the process before its time, and nothing is answered before it was asked.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from select import POLLERR, POLLHUP, POLLIN, POLLOUT, poll

from python_duel.sandbox import limits as fixed
from python_duel.sandbox.child import Child, Stopwatch
from python_duel.sandbox.errors import SlotLost
from python_duel.sandbox.limits import Limits
from python_duel.sandbox.messages import Fatal, Message, NoMemory, Ready, parsed
from python_duel.sandbox.outcome import Answer, Ending, Failure, Outcome, Refusal
from python_duel.sandbox.wire import BadFrame, Frames, frame

CHUNK = 1 << 16
LOOK_MS = 100
"""How long a child starved can no longer be asked when it is gone."""
HARNESS_FAILED = 99
"""Exit code of a child that could not begin."""
TOO_COMPLEX = "This program is nested too deeply, or is too large, to be compiled."


@dataclass(frozen=True, slots=True)
class Exit:
    """What the kernel says of a process that is gone."""

    status: int
    cpu_ms: float
    memory_kb: int


class Run:
    """One child and one job. `execute` may be called once."""

    def __init__(
        self, child: Child, job: bytes, stdin: bytes, limits: Limits, cases: list[str] | None, source: bool = True
    ) -> None:
        """`cases` are a function's arguments as JSON; None for a script.

        `source`: whether text is to be compiled, which may fail; what else does not begin is the sandbox's fault.
        """
        self._source = source
        self._child, self._limits, self._cases = child, limits, cases
        self._stdin, self._channel = child.ends.stdin, child.ends.channel.fileno()
        self._outgoing = {self._channel: memoryview(job), self._stdin: memoryview(stdin)}
        self._output = {child.ends.stdout: bytearray(), child.ends.stderr: bytearray()}
        self._room = limits.output_bytes
        self._frames = Frames()
        self._started = self._asked = self._out_of_memory = False
        self._outcome = Outcome(Ending.EXITED)
        self._poll = poll()
        self._whole, self._case = Stopwatch(child), Stopwatch(child)

    def execute(self, control: int, exit_of: Callable[[], Exit | None]) -> Outcome:
        """Runs to the end. `exit_of` reads `control` when that is readable and tells the child's exit once it is known.

        Raises SlotLost when the end of a killed child is not reported in time.
        """
        self._poll.register(control, POLLIN)
        self._poll.register(self._channel, POLLIN | POLLOUT)
        self._poll.register(self._stdin, POLLOUT)
        for descriptor in self._output:
            self._poll.register(descriptor, POLLIN)
        gone = None
        while gone is None:
            for descriptor, events in self._poll.poll(self._patience()):
                if descriptor == control:
                    gone = exit_of()
                else:
                    self._serve(descriptor, events)
            self._hold_limits()
        return self._finish(gone)

    @property
    def _most(self) -> Limits:
        """The limits of what goes on now: the check and the compiler have their own."""
        return self._limits if self._started else fixed.CHECK

    def _patience(self) -> float:
        """Milliseconds until a limit can be reached at the earliest, or until the next look at how a child fares."""
        return max(1.0, min(-self._over_wall(), self._most.cpu_ms - self._case.cpu_ms(), LOOK_MS) + 1)

    def _over_wall(self) -> float:
        """Milliseconds beyond the wall limit of the case or of all cases, negative before both."""
        return max(self._case.over_ms(self._most.wall_ms), self._whole.over_ms(self._most.total_ms))

    def _hold_limits(self) -> None:
        over = self._over_wall()
        if self._outcome.ending is not Ending.EXITED:
            if over > fixed.REPLY_S * 1000:
                raise SlotLost("a killed program did not end")
        elif self._case.cpu_ms() >= self._most.cpu_ms:
            self._stop(Ending.CPU)
        elif over >= 0:
            self._stop(Ending.WALL)

    def _stop(self, ending: Ending) -> None:
        if not self._started and not self._source:
            raise SlotLost("a program did not begin in time")
        if not self._started and ending in (Ending.CPU, Ending.WALL):
            ending, self._outcome.refusal = Ending.REFUSED, Refusal("syntax", TOO_COMPLEX)
        self._outcome.ending = ending
        self._child.kill()

    def _serve(self, descriptor: int, events: int) -> None:
        try:
            if descriptor == self._stdin and events & POLLERR:
                raise BrokenPipeError
            if events & POLLOUT:
                self._write(descriptor)
            if events & (POLLIN | POLLHUP | POLLERR):
                self._read(descriptor)
        except ConnectionError:
            self._poll.unregister(descriptor)

    def _write(self, descriptor: int) -> None:
        rest = self._outgoing[descriptor]
        rest = rest[os.write(descriptor, rest[:CHUNK]) :] if rest else rest
        self._outgoing[descriptor] = rest
        if descriptor == self._channel:
            self._poll.register(descriptor, POLLIN | POLLOUT if rest else POLLIN)
        elif not rest:
            self._poll.unregister(descriptor)
            self._child.ends.close_stdin()

    def _read(self, descriptor: int) -> None:
        data = os.read(descriptor, CHUNK)
        if not data:
            self._poll.unregister(descriptor)
        else:
            self._take(descriptor, data)

    def _take(self, descriptor: int, data: bytes) -> None:
        if descriptor in self._output:
            self._take_output(self._output[descriptor], data)
        else:
            self._take_frames(data)

    def _take_output(self, kept: bytearray, data: bytes) -> None:
        kept += data[: self._room]
        self._room -= len(data)
        if self._room < 0:
            self._room = 0
            self._outcome.truncated = True
            if self._outcome.ending is Ending.EXITED:
                self._stop(Ending.OUTPUT)

    def _take_frames(self, data: bytes) -> None:
        if self._outcome.ending is not Ending.EXITED:
            return
        try:
            messages = map(parsed, self._frames.feed(data))
            for number, message in enumerate(m for m in messages if not self._is_aside(m)):
                if number:
                    raise BadFrame("an answer before its question")
                self._hear(message)
        except BadFrame:
            self._stop(Ending.GARBLED)

    def _is_aside(self, message: Message) -> bool:
        """Whether it belongs to no turn: it may stand before any other."""
        self._out_of_memory |= isinstance(message, NoMemory)
        return isinstance(message, NoMemory)

    def _hear(self, message: Message) -> None:
        if isinstance(message, Answer) and self._asked:
            self._keep(message)
        elif isinstance(message, Ready) and not self._started:
            self._started = True
            self._whole.restart()
            self._go_on()
        elif isinstance(message, Refusal) and not self._started:
            self._outcome.refusal, self._outcome.ending = message, Ending.REFUSED
        elif isinstance(message, Fatal) and self._started and self._outcome.failure is None:
            self._outcome.failure, self._outcome.failure_output = message.failure, (message.stdout, message.stderr)
            self._asked = False
        else:
            raise BadFrame("a message out of turn")

    def _go_on(self) -> None:
        """Hands over the next case, whose time begins."""
        self._asked = self._cases is not None
        case = self._cases[len(self._outcome.answers)] if self._cases else ""
        self._case.restart()
        self._outgoing[self._channel] = memoryview(frame(case.encode()))
        self._write(self._channel)

    def _keep(self, answer: Answer) -> None:
        cpu = self._case.cpu_ms()
        if cpu >= self._limits.cpu_ms:
            self._stop(Ending.CPU)
            return
        self._outcome.answers.append(replace(answer, cpu_ms=round(cpu)))
        if len(self._outcome.answers) == len(self._cases or ()):
            self._stop(Ending.ANSWERED)
        else:
            self._go_on()

    def _finish(self, gone: Exit) -> Outcome:
        self._drain()
        outcome = self._outcome
        outcome.wall_ms, outcome.starved_ms = round(self._whole.wall_ms()), round(self._whole.starved_ms())
        outcome.cpu_ms = round(self._whole.cpu_ms(gone.cpu_ms))
        outcome.memory_kb = gone.memory_kb
        outcome.stdout, outcome.stderr = map(bytes, self._output.values())
        if outcome.ending is Ending.EXITED:
            self._explain_exit(gone)
        return outcome

    def _drain(self) -> None:
        """The process is gone: what it left in its pipes is all there is."""
        for descriptor in (self._channel, *self._output):
            with suppress(BlockingIOError, ConnectionError):
                while data := os.read(descriptor, CHUNK):
                    self._take(descriptor, data)

    def _explain_exit(self, gone: Exit) -> None:
        outcome, code = self._outcome, os.waitstatus_to_exitcode(gone.status)
        outcome.exit_code, outcome.signal = (code, None) if code >= 0 else (None, -code)
        if not self._started and (not self._source or code == HARNESS_FAILED or outcome.signal == signal.SIGKILL):
            raise SlotLost("a child could not take its job")
        if not self._started:
            outcome.ending, outcome.refusal = Ending.REFUSED, Refusal("syntax", TOO_COMPLEX)
        elif self._case.cpu_ms(gone.cpu_ms) >= self._limits.cpu_ms:
            outcome.ending = Ending.CPU
        elif self._out_of_memory and code and outcome.failure is None:
            outcome.failure = Failure("MemoryError", None, "")
