"""The parent's side of one run: feed the job, collect what comes, hold every limit."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from select import POLLERR, POLLHUP, POLLIN, POLLOUT, poll

from python_duel.sandbox import limits as fixed
from python_duel.sandbox.child import Child
from python_duel.sandbox.errors import SlotLost
from python_duel.sandbox.limits import Limits
from python_duel.sandbox.messages import Fatal, Ready, parsed
from python_duel.sandbox.outcome import Answer, Ending, Outcome, Refusal
from python_duel.sandbox.wire import BadFrame, Frames

CHUNK = 1 << 16
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

    def __init__(self, child: Child, job: bytes, stdin: bytes, limits: Limits, calls: int) -> None:
        self._child, self._limits, self._calls = child, limits, calls
        self._outgoing = {child.ends.channel.fileno(): memoryview(job), child.ends.stdin: memoryview(stdin)}
        self._output = {child.ends.stdout: bytearray(), child.ends.stderr: bytearray()}
        self._room = limits.output_bytes
        self._frames = Frames()
        self._started = False
        self._outcome = Outcome(Ending.EXITED)
        self._poll = poll()
        self._begin = self._case_begin = time.monotonic()
        self._cpu_begin = self._case_cpu = child.cpu_ms()

    def execute(self, control: int, exit_of: Callable[[], Exit | None]) -> Outcome:
        """Runs to the end. `exit_of` reads `control` when that is readable and tells the child's exit once it is known.

        Raises SlotLost when the end of a killed child is not reported in time.
        """
        ends = self._child.ends
        channel = ends.channel.fileno()
        self._poll.register(control, POLLIN)
        self._poll.register(channel, POLLIN | POLLOUT)
        self._poll.register(ends.stdin, POLLOUT)
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

    def _patience(self) -> float:
        """Milliseconds until a limit can be reached at the earliest."""
        wall = -self._over_wall()
        cpu = self._limits.cpu_ms - (self._child.cpu_ms() - self._case_cpu)
        return max(1.0, min(wall, cpu) + 1)

    def _over_wall(self) -> float:
        """Milliseconds beyond the wall limit, negative before it.

        Time in which a busy host gave the program no CPU is not its fault, up to as much again.
        """
        over = (time.monotonic() - self._case_begin) * 1000 - self._limits.wall_ms
        if over < 0:
            return over
        return over - min(self._child.starved_ms(), self._limits.wall_ms)

    def _hold_limits(self) -> None:
        over = self._over_wall()
        if self._outcome.ending is not Ending.EXITED:
            if over > fixed.REPLY_S * 1000:
                raise SlotLost("a killed program did not end")
        elif self._child.cpu_ms() - self._case_cpu >= self._limits.cpu_ms:
            self._stop(Ending.CPU)
        elif over >= 0:
            self._stop(Ending.WALL)

    def _stop(self, ending: Ending) -> None:
        self._outcome.ending = ending
        self._child.kill()

    def _serve(self, descriptor: int, events: int) -> None:
        try:
            if events & POLLOUT:
                self._write(descriptor)
            if events & (POLLIN | POLLHUP | POLLERR):
                self._read(descriptor)
        except (BrokenPipeError, ConnectionResetError):
            self._forget(descriptor)

    def _write(self, descriptor: int) -> None:
        rest = self._outgoing.get(descriptor, memoryview(b""))
        rest = rest[os.write(descriptor, rest[:CHUNK]) :] if rest else rest
        self._outgoing[descriptor] = rest
        if rest:
            return
        if descriptor == self._child.ends.stdin:
            self._forget(descriptor)
            self._child.ends.close_stdin()
        else:
            self._poll.modify(descriptor, POLLIN)

    def _read(self, descriptor: int) -> None:
        if descriptor == self._child.ends.stdin:
            raise BrokenPipeError
        data = os.read(descriptor, CHUNK)
        if not data:
            self._forget(descriptor)
        elif descriptor in self._output:
            self._take_output(self._output[descriptor], data)
        else:
            self._take_frames(data)

    def _forget(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)

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
            answers = [a for frame in self._frames.feed(data) if (a := self._heard(frame)) is not None]
        except BadFrame:
            self._stop(Ending.GARBLED)
            return
        if answers:
            self._keep(answers)

    def _heard(self, frame: bytes) -> Answer | None:
        message = parsed(frame)
        if isinstance(message, Answer) and self._started:
            return message
        if isinstance(message, Ready) and not self._started:
            self._started = True
        elif isinstance(message, Refusal) and not self._started:
            self._outcome.refusal, self._outcome.ending = message, Ending.REFUSED
        elif isinstance(message, Fatal) and self._started:
            self._outcome.failure, self._outcome.failure_output = message.failure, (message.stdout, message.stderr)
        else:
            raise BadFrame("a message out of turn")
        return None

    def _keep(self, answers: list[Answer]) -> None:
        """Answers read together share the CPU time since the last ones."""
        cpu = self._child.cpu_ms()
        each = round((cpu - self._case_cpu) / len(answers))
        room = self._calls - len(self._outcome.answers)
        self._outcome.answers += [replace(answer, cpu_ms=each) for answer in answers[:room]]
        self._case_cpu, self._case_begin = cpu, time.monotonic()
        if len(self._outcome.answers) == self._calls:
            self._stop(Ending.ANSWERED)

    def _finish(self, gone: Exit) -> Outcome:
        self._drain()
        outcome = self._outcome
        outcome.wall_ms = round((time.monotonic() - self._begin) * 1000)
        outcome.cpu_ms = round(gone.cpu_ms - self._cpu_begin)
        outcome.memory_kb = gone.memory_kb
        outcome.stdout, outcome.stderr = map(bytes, self._output.values())
        if outcome.ending is Ending.EXITED:
            self._explain_exit(gone.status)
        return outcome

    def _drain(self) -> None:
        """The process is gone: what it left in its pipes is all there is."""
        ends = self._child.ends
        for descriptor in (ends.channel.fileno(), ends.stdout, ends.stderr):
            try:
                while self._room > 0 and (data := os.read(descriptor, CHUNK)):
                    self._take_output(self._output[descriptor], data) if descriptor in self._output else (
                        self._take_frames(data)
                    )
            except (BlockingIOError, ConnectionResetError):
                continue

    def _explain_exit(self, status: int) -> None:
        outcome, code = self._outcome, os.waitstatus_to_exitcode(status)
        outcome.exit_code, outcome.signal = (code, None) if code >= 0 else (None, -code)
        if outcome.signal in (signal.SIGXCPU, signal.SIGKILL) and outcome.cpu_ms >= fixed.PROCESS_CPU_S * 900:
            outcome.ending = Ending.CPU
        elif not self._started and code == HARNESS_FAILED:
            raise SlotLost("a child could not take its job")
        elif not self._started:
            outcome.ending, outcome.refusal = Ending.REFUSED, Refusal("syntax", TOO_COMPLEX)
