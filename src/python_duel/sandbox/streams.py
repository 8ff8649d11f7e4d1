"""Standard streams inside a child: real descriptors for a program, a capped memory for a function."""

import atexit
import builtins as _builtins
import io
import sys
from time import process_time
from types import ModuleType
from typing import Any, NoReturn

from python_duel.sandbox import limits
from python_duel.sandbox.report import clean


class OutputLimit(BaseException):
    """Printed too much. No Exception, so that `except Exception` does not hide it."""


class Capture(io.RawIOBase):
    """Keeps the beginning of what is written; more than its room raises OutputLimit and sets `exceeded`."""

    def __init__(self) -> None:
        self._room = self._left = 0
        self._kept = bytearray()
        self.exceeded = False

    def begin(self, room: int) -> None:
        """There is room for so many bytes."""
        self._room = self._left = room

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


class Printed:
    """What a function prints, and the time it takes, from one answer to the next. Made in the zygote: a child has only
    to put it in place.
    """

    def __init__(self) -> None:
        self._out, self._err = Capture(), Capture()
        self._input = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        self._streams = [
            io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)  # type: ignore[type-var]
            for raw in (self._out, self._err)
        ]
        self._began = 0.0

    def begin(self, room: int) -> None:
        """Both outputs go into memory from here on, each up to so many bytes; the input is empty."""
        self._out.begin(room)
        self._err.begin(room)
        sys.stdin, (sys.stdout, sys.stderr) = self._input, self._streams
        self._began = process_time()

    @property
    def exceeded(self) -> bool:
        """Whether it was more than there is room for."""
        return self._out.exceeded or self._err.exceeded

    def take(self) -> dict[str, Any]:
        """The fields of a message; starts anew."""
        began, self._began = self._began, process_time()
        used = int((self._began - began) * 1e6)
        return {"stdout": self._out.take(), "stderr": self._err.take(), "cpu_us": used}


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
