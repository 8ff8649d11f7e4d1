"""The parent's side of one run: feed the job, collect what comes, hold every limit.

What ends a run is the last answer, the program's own word that it is done, a limit, or the kernel's report that the
process is gone. Only the last of these is waited for to the end: else the process is killed and its report comes later.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from select import POLLERR, POLLHUP, POLLIN, POLLOUT, poll
from time import monotonic

from python_duel.sandbox import limits as fixed
from python_duel.sandbox.channel import BELL, HARNESS_FAILED
from python_duel.sandbox.child import Child, Reading, Stopwatch
from python_duel.sandbox.dialogue import Dialogue
from python_duel.sandbox.errors import NotBegun
from python_duel.sandbox.limits import Limits
from python_duel.sandbox.messages import Ended, Fatal, Message, NoMemory, Ready, Reply
from python_duel.sandbox.outcome import Ending, Failure, Outcome, Refusal
from python_duel.sandbox.report import clean
from python_duel.sandbox.wire import BadFrame

CHUNK = 1 << 16
QUIET_MS = 2
"""So long a child that has several cases may answer without waking us for each: it rings when all are answered."""
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

        `source`: whether the child is our own harness with text to compile, which may fail; what else does not begin is
        the sandbox's fault, and is handed its cases one by one, since it does not catch what it prints.
        """
        self._child, self._limits, self._source, self._calls = child, limits, source, cases is not None
        self._channel, self._stdin = child.ends.channel.fileno(), child.ends.stdin
        self._rings = source and self._calls
        self._dialogue = Dialogue(cases, fixed.WINDOW_CASES if source else 1, limits.shown)
        self._rest = {self._channel: memoryview(job + self._dialogue.more()), self._stdin: memoryview(stdin)}
        self._output = {child.ends.stdout: bytearray(), child.ends.stderr: bytearray()}
        self._room = limits.output_bytes
        self._outcome = Outcome(Ending.EXITED)
        self._done = self._no_memory = self._quiet = self._blind = False
        self._poll = poll()
        self._whole, self._case = Stopwatch(child), Stopwatch(child)
        self._next_look = 0.0
        self._write(self._channel)

    def execute(
        self, control: int, exit_of: Callable[[], Exit | None], meanwhile: Callable[[], None] = lambda: None
    ) -> Outcome:
        """Runs to the end. `exit_of` reads `control` when that is readable and tells the child's exit once it is known;
        `meanwhile` is called once, while the child is at work.

        Raises NotBegun when the child could not.
        """
        self._child.watch()
        self._restart(self._whole, self._case)
        for descriptor in (control, *self._output):
            self._poll.register(descriptor, POLLIN)
        self._serve(self._stdin, POLLOUT)
        meanwhile()
        gone = None
        while gone is None and not self._done:
            found = self._poll.poll(self._patience())
            self._blind |= self._child.turn()
            if self._quiet:
                found += self._end_quiet()
            for descriptor, events in found:
                if descriptor == control:
                    gone = exit_of()
                else:
                    self._serve(descriptor, events)
        return self._finish(gone)

    @property
    def _most(self) -> Limits:
        """The limits of what goes on now: the check and the compiler have their own."""
        return self._limits if self._dialogue.started else fixed.CHECK

    def _patience(self) -> float:
        """Milliseconds until the next look at the clocks; looks when it is time."""
        if (now := monotonic()) >= self._next_look:
            self._next_look = now + self._look() / 1000
        patience = 0 if self._done else (self._next_look - now) * 1000
        return min(patience, QUIET_MS) if self._quiet else patience

    def _end_quiet(self) -> list[tuple[int, int]]:
        """From now on each answer is heard at once; what there is already is to be read."""
        self._quiet = False
        self._listen_on_channel()
        return [(self._channel, POLLIN)]

    def _restart(self, *watches: Stopwatch) -> None:
        self._blind = False
        now = Reading.of(self._child)
        for watch in watches:
            watch.restart(now)

    def _look(self) -> float:
        """Holds the limits; milliseconds until one can be reached at the earliest."""
        if self._child.turn():
            self._blind = True
            return 0.0  # it is heard first: it may have answered long ago
        cpu_left = self._most.cpu_ms - self._case.cpu_ms()
        over = max(self._case.over_ms(self._most.wall_ms), self._whole.over_ms(self._most.total_ms))
        if cpu_left <= 0:
            self._stop(Ending.CPU)
        elif over >= 0:
            self._stop(Ending.WALL)
        return max(1.0, min(cpu_left, -over, fixed.LOOK_MS))

    def _stop(self, ending: Ending) -> None:
        """The run is over, unless it was already."""
        if not self._dialogue.started and not self._source:
            raise NotBegun("a program did not begin in time")
        if self._done:
            return
        self._outcome.ending, self._done = ending, True
        if not self._dialogue.started and ending in (Ending.CPU, Ending.WALL):
            self._outcome.ending, self._outcome.refusal = Ending.REFUSED, Refusal("syntax", TOO_COMPLEX)

    def _serve(self, descriptor: int, events: int) -> None:
        if events & POLLOUT or descriptor == self._stdin:
            self._write(descriptor)
        if events & (POLLIN | POLLHUP | POLLERR) and descriptor != self._stdin and not self._read(descriptor):
            self._forget(descriptor)

    def _write(self, descriptor: int) -> None:
        """As much as goes in at once. What is gone is of no interest: the kernel will tell."""
        rest = self._rest[descriptor]
        try:
            while rest:
                rest = rest[os.write(descriptor, rest[:CHUNK]) :]
        except BlockingIOError:
            pass
        except ConnectionError:
            rest = memoryview(b"")
        self._rest[descriptor] = rest
        if descriptor == self._channel:
            self._listen_on_channel()
        elif rest:
            self._poll.register(descriptor, POLLOUT)
        else:
            self._forget(descriptor)

    def _listen_on_channel(self) -> None:
        self._poll.register(
            self._channel, (0 if self._quiet else POLLIN) | (POLLOUT if self._rest[self._channel] else 0)
        )

    def _forget(self, descriptor: int) -> None:
        """Nothing more will be read or written there."""
        with suppress(KeyError):
            self._poll.unregister(descriptor)
        if descriptor == self._stdin:
            self._child.ends.close_stdin()

    def _read(self, descriptor: int) -> bool:
        """Takes what is there; whether the stream goes on."""
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return True  # taken already, for a message that came with it
        except ConnectionError:
            return False
        self._take(descriptor, data)
        return bool(data)

    def _take(self, descriptor: int, data: bytes) -> None:
        if descriptor in self._output:
            self._take_output(self._output[descriptor], data.replace(BELL, b"") if self._rings else data)
        elif not self._done:
            self._take_messages(data)

    def _take_output(self, kept: bytearray, data: bytes) -> None:
        kept += data[: self._room]
        self._room -= len(data)
        if self._room < 0:
            self._room = 0
            self._outcome.truncated = True
            self._stop(Ending.OUTPUT)

    def _take_messages(self, data: bytes) -> None:
        try:
            found = self._dialogue.hear(data)
        except BadFrame:
            self._stop(Ending.GARBLED)
            return
        replies = [message for message in found if isinstance(message, Reply)]
        for message in found:
            if not isinstance(message, Reply):
                self._act_on(message)
        if replies:
            self._keep(replies)
        if self._calls and self._dialogue.all_answered:
            self._stop(Ending.ANSWERED)

    def _act_on(self, message: Message) -> None:
        if isinstance(message, Ready):
            self._restart(self._whole, self._case)
        elif isinstance(message, Refusal):
            self._outcome.ending, self._outcome.refusal, self._done = Ending.REFUSED, message, True
        elif isinstance(message, Fatal):
            self._outcome.failure = message.failure
            self._outcome.failure_output = self._printed(message.stdout, message.stderr)
        elif isinstance(message, NoMemory):
            self._no_memory = True
        elif isinstance(message, Ended):
            self._end_by_itself(message.exit_code, self._case.cpu_ms())

    def _keep(self, replies: list[Reply]) -> None:
        """Several that came at once share the time that was measured, as they claim to have used it."""
        measured = self._case.cpu_ms()
        if self._blind:  # the next case may be well under way
            measured = min(measured, sum(reply.claimed_us for reply in replies) / 1000)
        for reply, cpu in zip(replies, _shares(measured, replies), strict=True):
            answer = reply.answer
            out, err = (answer.stdout, answer.stderr) if reply.captured else self._printed(None, None)
            if cpu >= self._limits.cpu_ms:
                self._stop(Ending.CPU)
            if self._done:
                return
            self._outcome.answers.append(replace(answer, stdout=out, stderr=err, cpu_ms=round(cpu)))
        self._restart(self._case)
        if data := self._dialogue.more():
            self._quiet = self._dialogue.several_under_way
            self._rest[self._channel] = memoryview(bytes(self._rest[self._channel]) + data)
            self._write(self._channel)

    def _printed(self, out: str | None, err: str | None) -> tuple[str, str]:
        """What a message says was printed; if it says nothing, what a function left in the pipes since the last one."""
        if not self._calls or out is not None:
            return out or "", err or ""
        self._drain_output()
        shown = [clean(kept[: fixed.CAPTURED_BYTES].decode("utf-8", "replace")) for kept in self._output.values()]
        if not self._done:
            self._room = self._limits.output_bytes
            for kept in self._output.values():
                kept.clear()
        return shown[0], shown[1]

    def _drain_output(self) -> None:
        for descriptor in self._output:
            self._drain(descriptor)

    def _drain(self, descriptor: int) -> None:
        """Whatever was written before now."""
        with suppress(BlockingIOError, ConnectionError):
            while data := os.read(descriptor, CHUNK):
                self._take(descriptor, data)

    def _finish(self, gone: Exit | None) -> Outcome:
        self._child.turn()
        outcome = self._outcome
        outcome.wall_ms, outcome.starved_ms = round(self._whole.wall_ms()), round(self._whole.starved_ms())
        outcome.cpu_ms = round(self._whole.cpu_ms(gone.cpu_ms if gone else None))
        outcome.memory_kb = gone.memory_kb if gone else self._child.memory_kb()
        self._child.kill()
        if gone is not None:
            self._drain(self._channel)
        if outcome.ending is not Ending.ANSWERED:
            self._drain_output()
        if gone is not None and not self._done:
            self._explain_exit(gone)
        outcome.stdout, outcome.stderr = map(bytes, self._output.values())
        return outcome

    def _explain_exit(self, gone: Exit) -> None:
        code = os.waitstatus_to_exitcode(gone.status)
        if self._dialogue.started:
            self._end_by_itself(code, self._case.cpu_ms(gone.cpu_ms))
        elif not self._source or code in (HARNESS_FAILED, -signal.SIGKILL):
            raise NotBegun("a child could not take its job")
        else:
            self._outcome.ending, self._outcome.refusal = Ending.REFUSED, Refusal("syntax", TOO_COMPLEX)

    def _end_by_itself(self, code: int, cpu_ms: float) -> None:
        self._drain_output()
        if cpu_ms >= self._limits.cpu_ms:
            self._stop(Ending.CPU)
        if not self._done:
            outcome, self._done = self._outcome, True
            outcome.exit_code, outcome.signal = (code, None) if code >= 0 else (None, -code)
            if self._no_memory and code and outcome.failure is None:
                outcome.failure = Failure("MemoryError", None, "")


def _shares(cpu_ms: float, replies: list[Reply]) -> list[float]:
    whole = sum(reply.claimed_us for reply in replies)
    return [cpu_ms * reply.claimed_us / whole if whole else cpu_ms / len(replies) for reply in replies]
