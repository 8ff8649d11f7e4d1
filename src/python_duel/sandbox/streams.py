"""Standard streams inside a child: real descriptors for a program, a capped memory for a function."""

import atexit
import builtins as _builtins
import io
import sys
from types import ModuleType
from typing import Any, NoReturn

from python_duel.sandbox import limits
from python_duel.sandbox.report import clean


class OutputLimit(BaseException):
    """Printed too much. No Exception, so that `except Exception` does not hide it."""


class Capture(io.RawIOBase):
    """Keeps the beginning of what is written; more than `room` bytes raise OutputLimit and set `exceeded`."""

    def __init__(self, room: int) -> None:
        self._room = self._left = room
        self._kept = bytearray()
        self.exceeded = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Takes all of `data`, or as much as there is room for and raises."""
        view = memoryview(data).cast("B")
        size = view.nbytes
        self._kept += view[: limits.CAPTURED_BYTES - len(self._kept)]
        self._left -= size
        if self._left < 0:
            self._left, self.exceeded = 0, True
            raise OutputLimit
        return size

    def take(self) -> str:
        """The text kept since the last time; starts anew."""
        text = clean(self._kept.decode("utf-8", "replace")) if self._kept else ""
        self._kept.clear()
        self._left, self.exceeded = self._room, False
        return text


def capture(room: int) -> tuple[Capture, Capture]:
    """Puts both outputs into memory, and an empty input in place."""
    out, err = Capture(room), Capture(room)
    sys.stdin = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)  # type: ignore[type-var]
        for raw in (out, err)
    )
    return out, err


def open_standard() -> None:
    """Descriptors 0, 1 and 2 as Python opens them, in UTF-8."""
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False), 1 << 16), encoding="utf-8")
    sys.stdout = _writer(1, "strict")
    sys.stderr = _writer(2, "backslashreplace", write_through=True)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def _writer(descriptor: int, errors: str, write_through: bool = False) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    buffered: Any = raw if write_through else io.BufferedWriter(raw, 1 << 16)
    return io.TextIOWrapper(buffered, encoding="utf-8", errors=errors, newline="\n", write_through=write_through)


def flush() -> None:
    """What the program printed leaves the process, even if it put another stream in place or closed this one."""
    for stream in (sys.stdout, sys.__stdout__):
        if stream is not None and not getattr(stream, "closed", False):
            stream.flush()


def run_exit_functions() -> None:
    """What the program registered with atexit."""
    atexit._run_exitfuncs()


def builtins() -> ModuleType:
    """The builtins, with the `exit` and `quit` that the site module would add; `open` gives standard input only."""
    _builtins.exit = _builtins.quit = _stop  # type: ignore[assignment]
    _builtins.open = _open
    return _builtins


def _stop(code: Any = None) -> NoReturn:
    raise SystemExit(code)


def _open(file: Any, mode: str = "r", *_: Any, **__: Any) -> Any:
    if file in (0, "/dev/stdin"):
        return sys.stdin.buffer if "b" in mode else sys.stdin
    raise PermissionError(f"there are no files here: {str(file)[:100]!r}")
