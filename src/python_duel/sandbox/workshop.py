"""Inside a locked-in child of a room: become a program, or have a compiler build one."""

import json
import os
from contextlib import suppress
from typing import NoReturn

from python_duel.sandbox import channel
from python_duel.sandbox.room import Command
from python_duel.sandbox.seccomp import EXECUTABLE


def execute() -> NoReturn:
    """Becomes the binary at `EXECUTABLE`. One that serves calls finds its first case on the channel: what it does
    before its `main` is done on its own time.
    """
    job = json.loads(channel.read_frame())
    channel.send({"ready": True})
    if job["function"] is None:
        channel.read_frame()
    os.execve(EXECUTABLE, ["program"], {})


def become(command: Command) -> NoReturn:
    """Becomes a runtime of the room, which reads its job itself."""
    os.execve(command.argv[0], command.argv, command.env)


def build(command: Command, directory: str) -> NoReturn:
    """Writes the job's files, runs the compiler beside them, sends its exit status and the files it made."""
    os.set_inheritable(channel.CHANNEL, False)
    job = json.loads(channel.read_frame())
    os.chdir(directory)
    _clear()
    for name, text in job["files"].items():
        with open(name, "w", encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
            file.write(text)
    argv = [*command.argv, *job["extra"]]
    pid = os.posix_spawn(argv[0], argv, {**command.env, "TMPDIR": directory})
    _, status, usage = os.wait4(pid, 0)
    channel.send({"status": status, "cpu_ms": round((usage.ru_utime + usage.ru_stime) * 1000)})
    for name in job["outputs"]:
        channel.write(_content(name))
    _clear()
    os._exit(0)


def _content(name: str) -> bytes:
    with suppress(OSError), open(name, "rb") as file:  # noqa: PTH123
        return file.read()
    return b""


def _clear() -> None:
    """Leaves the directory empty: without a mount namespace the next build meets it again."""
    for entry in os.scandir("."):
        _remove(entry)


def _remove(entry: os.DirEntry[str]) -> None:
    with suppress(OSError):
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.path)  # noqa: PTH108
            return
        os.chmod(entry.path, 0o700)  # noqa: PTH101
        for inner in os.scandir(entry.path):
            _remove(inner)
        os.rmdir(entry.path)  # noqa: PTH106
