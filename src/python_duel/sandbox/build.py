"""The parent's side of one build: sources in, diagnostics and the files made out, every limit held."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from select import POLLIN, POLLOUT, poll

from python_duel.sandbox import limits
from python_duel.sandbox.child import Child
from python_duel.sandbox.errors import SlotLost
from python_duel.sandbox.wire import BadFrame, Frames, frame, loads

CHUNK = 1 << 18


@dataclass(slots=True)
class Built:
    """What became of a build. `status` is the compiler's exit code, negative for a signal; None when it was stopped."""

    status: int | None = None
    diagnostics: str = ""
    """What it wrote to standard output and error, at most `limits.DIAGNOSTICS_BYTES`."""
    outputs: dict[str, bytes] = field(default_factory=dict)
    """The files asked for; one that was not made is empty."""
    stopped: str = ""
    """Why it was stopped: `time` or `output`."""
    wall_ms: int = 0

    @property
    def ok(self) -> bool:
        """Whether the compiler says that it succeeded, and the files are there."""
        return self.status == 0 and all(self.outputs.values())


class Build:
    """One compiler in one child. `execute` may be called once."""

    def __init__(self, child: Child, files: dict[str, str], outputs: tuple[str, ...], extra: tuple[str, ...]) -> None:
        self._child, self._outputs = child, outputs
        job = {"files": files, "outputs": outputs, "extra": extra}
        self._rest = memoryview(frame(json.dumps(job).encode()))
        self._frames = Frames(limits.BUILD_FILE_BYTES, limits.BUILD_FILE_BYTES * 2)
        self._got: list[bytes] = []
        self._said = bytearray()
        self._begin = child.clock_ms()
        self._built = Built()

    def execute(self, control: int, gone: Callable[[], bool]) -> Built:
        """Runs to the end. `gone` reads `control` when that is readable: whether the child is gone.

        Raises SlotLost when the child ended without a word, though nobody stopped it.
        """
        ends = self._child.ends
        ends.close_stdin()
        self._poll = poll()
        self._poll.register(control, POLLIN)
        self._poll.register(ends.channel, POLLIN | POLLOUT)
        for descriptor in (ends.stdout, ends.stderr):
            self._poll.register(descriptor, POLLIN)
        ended = False
        while not ended:
            for descriptor, _ in self._poll.poll(limits.LOOK_MS):
                if descriptor == control:
                    ended = gone()
                else:
                    self._serve(descriptor)
            self._child.turn()
            self._hold_limits()
        return self._finish()

    def _wall_ms(self) -> float:
        return self._child.clock_ms() - self._begin

    def _hold_limits(self) -> None:
        wall = self._wall_ms()
        if self._built.stopped:
            if wall > limits.BUILD_WALL_MS + limits.REPLY_S * 1000:
                raise SlotLost("a stopped compiler did not end")
        elif wall > limits.BUILD_WALL_MS:
            self._stop("time")

    def _stop(self, why: str) -> None:
        self._built.stopped = why
        self._child.kill_group()

    def _serve(self, descriptor: int) -> None:
        channel = self._child.ends.channel.fileno()
        try:
            if descriptor == channel and self._rest:
                self._rest = self._rest[os.write(channel, self._rest[:CHUNK]) :]
                self._poll.modify(channel, POLLIN | POLLOUT if self._rest else POLLIN)
                return
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._poll.unregister(descriptor)
        elif descriptor == channel:
            self._got += self._frames.feed(data)
        else:
            self._hear(data)

    def _hear(self, data: bytes) -> None:
        room = limits.DIAGNOSTICS_BYTES - len(self._said)
        self._said += data[:room]
        if len(data) > room and not self._built.stopped:
            self._stop("output")

    def _finish(self) -> Built:
        built = self._built
        self._drain()
        built.wall_ms = round(self._wall_ms())
        built.diagnostics = self._said.decode("utf-8", "replace").replace("\0", "")
        if not built.stopped:
            with suppress(BadFrame):
                self._read_frames()
            if built.status is None:
                raise SlotLost("a compiler could not begin")
        return built

    def _drain(self) -> None:
        ends = self._child.ends
        for descriptor in (ends.channel.fileno(), ends.stdout, ends.stderr):
            with suppress(OSError, BadFrame):
                while data := os.read(descriptor, CHUNK):
                    if descriptor == ends.channel.fileno():
                        self._got += self._frames.feed(data)
                    else:
                        self._hear(data)

    def _read_frames(self) -> None:
        if len(self._got) != 1 + len(self._outputs):
            raise BadFrame("not every file came")
        code = os.waitstatus_to_exitcode(int(loads(self._got[0])["status"]))
        self._built.outputs = dict(zip(self._outputs, self._got[1:], strict=True))
        # The kernel's own limits end a compiler by these.
        self._built.stopped = "time" if code == -signal.SIGXCPU else ""
        self._built.status = code
