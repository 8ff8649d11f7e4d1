"""`serve` as a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import parent, running, tree, until

COMMAND = [sys.executable, "-P", "-m", "python_duel"]


@dataclass
class Serve:
    """A server that is ready."""

    process: "subprocess.Popen[str]"
    url: str
    stderr: Path

    def children(self, part: str) -> set[int]:
        """The pids of its web or judge processes, less the children they are just making, which look like them."""
        named = {pid for pid in running(tree(self.process.pid)) if f"\0python_duel\0{part}\0" in _command(pid)}
        return {pid for pid in named if parent(pid) not in named}

    def end(self, number: int) -> int:
        """Sends the signal; gives the exit code when no process is left."""
        pids = tree(self.process.pid)
        self.process.send_signal(number)
        code = self.process.wait(30)
        until(lambda: not running(pids))  # a sandbox sees a moment later that its judge was killed
        return code


def _command(pid: int) -> str:
    """Empty for a process that is gone since it was listed."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


Launch = Callable[..., "subprocess.Popen[str]"]
Start = Callable[..., Serve]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts `serve` with these options; its messages go to `stderr.txt`."""
    started: list[subprocess.Popen[str]] = []

    def begin(*options: str, **environ: str) -> "subprocess.Popen[str]":
        with (tmp_path / "stderr.txt").open("w") as stderr:
            process = subprocess.Popen(
                [*COMMAND, "serve", *options],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=tmp_path,
                env={**os.environ, **environ},
            )
        started.append(process)
        return process

    yield begin
    for process in started:
        pids = tree(process.pid)
        process.kill()
        process.communicate()
        until(lambda pids=pids: not running(pids))  # type: ignore[misc]


@pytest.fixture
def start(launch: Launch, tmp_path: Path) -> Start:
    """Starts `serve` and waits until it is ready."""

    def begin(*options: str, **environ: str) -> Serve:
        process = launch("--port", "0", *options, **environ)
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"ready (http://\S+)\n", line)
        assert match, (line, (tmp_path / "stderr.txt").read_text())
        return Serve(process, match[1], tmp_path / "stderr.txt")

    return begin
