"""The child's end of its channel: frames in, frames out. The parent's end is in `wire` and `run`."""

import json
import os
import struct
from contextlib import suppress
from functools import cache
from select import POLLIN, poll
from typing import Any

from python_duel.sandbox import limits

CHANNEL = 3
HARNESS_FAILED = 99
"""Exit code of a child that could not begin."""
BELL = b"\0"
_BELL_ROPE = 2
"""Rung when several cases are answered, for a parent that is not woken by each. What a function prints to its standard
error does not come here, it is caught.
"""
_HEADER = struct.Struct(">I")


def send(message: dict[str, Any]) -> None:
    """One message as JSON."""
    write(encoded(message))


def encoded(message: dict[str, Any]) -> bytes:
    """A message, ready to be written."""
    return _encoder().encode(message).encode()


@cache
def _encoder() -> json.JSONEncoder:
    return json.JSONEncoder(allow_nan=False, check_circular=False)


def write(data: bytes) -> None:
    """One frame."""
    view = memoryview(_HEADER.pack(len(data)) + data)
    while view:
        view = view[os.write(CHANNEL, view) :]


def waiting() -> bool:
    """Whether there is something to read."""
    look = poll()
    look.register(CHANNEL, POLLIN)
    return bool(look.poll(0))


def read_frame() -> bytes:
    """The next frame; the process ends when the parent is gone."""
    size = _HEADER.unpack(_read(_HEADER.size))[0]
    if size > limits.JOB_BYTES:
        os._exit(HARNESS_FAILED)
    return _read(size)


def _read(size: int) -> bytes:
    parts = []
    while size:
        part = os.read(CHANNEL, min(size, 1 << 20))
        if not part:
            os._exit(0)  # the parent is gone: nobody wants an answer
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class Inbox:
    """Reads as many frames at once as are there: a system call for each would cost more than a quick function."""

    def __init__(self) -> None:
        self._data = b""
        self._several = False

    def frame(self) -> bytes:
        """The next one; the process ends when the parent is gone."""
        size = _HEADER.unpack(self._take(_HEADER.size))[0]
        if size > limits.JOB_BYTES:
            os._exit(HARNESS_FAILED)
        return self._take(size)

    def case(self) -> bytes:
        """The next frame, as `frame` has it. Rings before it waits, if several cases came together."""
        if not self._data and self._several:
            with suppress(OSError):  # the program may have closed it; then the parent hears a little later
                os.write(_BELL_ROPE, BELL)
        self._several = bool(self._data)
        return self.frame()

    def _take(self, size: int) -> bytes:
        if len(self._data) < size:
            self._data = self._more(size)
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def _more(self, size: int) -> bytes:
        """At least `size` bytes."""
        parts, have = [self._data], len(self._data)
        while have < size:
            part = os.read(CHANNEL, 1 << 16)
            if not part:
                os._exit(0)  # the parent is gone: nobody wants an answer
            parts.append(part)
            have += len(part)
        return b"".join(parts)
