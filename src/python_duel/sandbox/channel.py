"""The child's end of its channel: frames in, frames out. The parent's end is in `wire` and `run`."""

import json
import os
import struct
from typing import Any

from python_duel.sandbox import limits

CHANNEL = 3
HARNESS_FAILED = 99
"""Exit code of a child that could not begin."""
_HEADER = struct.Struct(">I")


def send(message: dict[str, Any]) -> None:
    """One message as JSON."""
    write(json.dumps(message, allow_nan=False).encode())


def write(data: bytes) -> None:
    """One frame."""
    view = memoryview(_HEADER.pack(len(data)) + data)
    while view:
        view = view[os.write(CHANNEL, view) :]


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
