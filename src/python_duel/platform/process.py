"""Child processes that end with this one, however this one ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from python_duel.errors import StartError

LAUNCHER = Path(__file__).with_name("launcher.py")


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """In the block SIGTERM and SIGINT are a SystemExit, so that what was begun is cleaned up."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda number, _: sys.exit(128 + number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@dataclass(kw_only=True)
class Process:
    """A program and how to run, stop and kill it. Start it from the main thread: the kernel ties it to that thread."""

    name: str
    argv: Sequence[str | os.PathLike[str]]
    environ: Mapping[str, str] | None = None
    """None: this process's own."""
    folder: Path | None = None
    """Its working directory; None: this process's own."""
    log: Path | None = None
    """Takes both outputs, from the start of the file; None: this process's stderr."""
    keep_fds: Sequence[int] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    kill_signal: signal.Signals = signal.SIGKILL
    death_signal: signal.Signals = signal.SIGKILL
    """What it gets when this process dies."""
    user_namespace: bool = False
    popen: "subprocess.Popen[bytes] | None" = None

    def start(self, stdin: int = subprocess.DEVNULL) -> None:
        """Starts it, in a session of its own so that a terminal's Ctrl-C reaches only this process."""
        with _output(self.log) as output:
            self.popen = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env=self.environ,
                stdin=stdin,
                stdout=output,
                stderr=output,
                pass_fds=self.keep_fds,
                start_new_session=True,
            )

    def run(self, text: str = "") -> None:
        """Runs it to its end with `text` as standard input; raises StartError when it fails."""
        self.start(subprocess.PIPE)
        assert self.popen is not None
        try:
            self.popen.communicate(text.encode())
        except BaseException:
            os.killpg(self.popen.pid, signal.SIGKILL)
            raise
        if self.popen.returncode:
            raise self.failure("failed")

    def _command(self) -> list[str | os.PathLike[str]]:
        flags = [os.getpid(), int(self.death_signal), int(self.user_namespace)]
        return [sys.executable, "-I", "-S", LAUNCHER, *map(str, flags), *self.argv]

    @property
    def alive(self) -> bool:
        """Started, and not ended yet."""
        return self.popen is not None and self.popen.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id, once started."""
        return None if self.popen is None else self.popen.pid

    @property
    def code(self) -> int | None:
        """Its exit code, once ended."""
        return None if self.popen is None else self.popen.returncode

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Waits for `ready()`; raises StartError when the process ends first or takes longer."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive:
                raise self.failure("ended at once")
            if time.monotonic() > deadline:
                raise self.failure(f"did not answer within {seconds:g} s")
            time.sleep(0.01)

    def failure(self, what: str) -> StartError:
        """The error that says so, with the last lines of the log."""
        lines = self.log.read_text(errors="replace").strip().splitlines()[-20:] if self.log else []
        tail = "\n  ".join([f"; {self.log} ends:", *lines]) if lines else ""
        return StartError(f"{self.name} {what}{tail}", exit_code=3)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, if it still runs."""
        if self.popen is not None:
            with suppress(ProcessLookupError):
                self.popen.send_signal(number)

    def kill(self) -> None:
        """Ends it without ceremony."""
        self.signal(self.kill_signal)

    def stop(self, seconds: float = 20) -> None:
        """Asks it to end and waits; kills it after that many seconds."""
        self.signal(self.stop_signal)
        self.join(seconds)

    def join(self, seconds: float) -> None:
        """Waits for its end; kills it after that many seconds."""
        if self.popen is None:
            return
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def _output(log: Path | None) -> IO[bytes]:
    return log.open("wb") if log else os.fdopen(os.dup(2), "wb")
