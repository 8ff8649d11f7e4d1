"""A program of a room that serves many requests, such as a compiler kept warm. It never runs code of a player."""

import os
from select import POLLIN, POLLOUT, poll
from typing import Self

from python_duel.sandbox import limits
from python_duel.sandbox.child import Child
from python_duel.sandbox.errors import SandboxError, SlotLost
from python_duel.sandbox.wire import BadFrame, Frames, frame, loads

CHUNK = 1 << 18


class Overrun(SandboxError):
    """A request went over its limit; the session has ended."""


class Session:
    """One process. `ask` sends a frame and gives the frame that answers it. A context manager."""

    def __init__(self, child: Child) -> None:
        """Waits until the program says `{"ready": true}`. Raises SlotLost when it ends before that."""
        self._child = child
        child.watch()
        self._frames = Frames(limits.BUILD_FILE_BYTES, 1 << 40)
        self._answers: list[bytes] = []
        child.ends.close_stdin()
        if loads(self._answer(memoryview(b""), limits.START_S * 1000, limits.START_S * 1000)) != {"ready": True}:
            self.close()
            raise SlotLost("a session did not begin")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, request: bytes, cpu_ms: float, wall_ms: float) -> bytes:
        """Raises Overrun when a limit is reached, SlotLost when the program ended: either way the session is over."""
        try:
            return self._answer(memoryview(frame(request)), cpu_ms, wall_ms)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the process; twice does no harm."""
        self._child.kill()
        self._child.close()

    def _answer(self, rest: memoryview, cpu_ms: float, wall_ms: float) -> bytes:
        self._child.turn()  # it has been idle
        begin, cpu_begin = self._child.clock_ms(), self._child.cpu_ms()
        ends = self._child.ends
        channel = ends.channel.fileno()
        watch = poll()
        for descriptor in (ends.stdout, ends.stderr):
            watch.register(descriptor, POLLIN)
        watch.register(channel, POLLIN | POLLOUT if rest else POLLIN)
        while not self._answers:
            left = min(wall_ms + begin - self._child.clock_ms(), cpu_ms + cpu_begin - self._child.cpu_ms())
            if left <= 0:
                raise Overrun("a request took too long")
            for descriptor, events in watch.poll(min(left + 1, limits.LOOK_MS)):
                if descriptor == channel and events & POLLOUT:
                    rest = self._write(channel, rest)
                    watch.modify(channel, POLLIN | POLLOUT if rest else POLLIN)
                elif not self._read(descriptor, channel):
                    watch.unregister(descriptor)
            self._child.turn()
        return self._answers.pop(0)

    def _write(self, channel: int, rest: memoryview) -> memoryview:
        try:
            return rest[os.write(channel, rest[:CHUNK]) :]
        except BlockingIOError:
            return rest
        except ConnectionError as error:
            raise SlotLost("a session ended") from error

    def _read(self, descriptor: int, channel: int) -> bool:
        """Takes what is there; False at the end of a stream. What is said beside the channel is nobody's concern."""
        try:
            data = os.read(descriptor, CHUNK)
            if descriptor == channel:
                self._answers += self._frames.feed(data)
        except BlockingIOError:
            return True
        except (ConnectionError, BadFrame) as error:
            raise SlotLost("a session failed") from error
        if not data and descriptor == channel:
            raise SlotLost("a session ended")
        return bool(data)
