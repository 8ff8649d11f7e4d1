"""A root of our own for a jail: an empty read-only tmpfs, and in it, read-only, what a room brings along."""

import ctypes
import os
import struct
from pathlib import Path

from python_duel.sandbox.syscalls import checked, libc, syscall

WORK = "/build"
"""Where a build writes, in a tmpfs of its own."""

_NOSUID, _NODEV, _NOEXEC, _READONLY, _REMOUNT, _BIND, _REC, _PRIVATE = 2, 4, 8, 1, 32, 4096, 0x4000, 0x40000
_DETACH = 2
_AT_RECURSIVE, _AT_FDCWD = 0x8000, -100
_ATTR_READONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_EMPTY_OPTIONS = "size=4k,nr_inodes=2,mode=555"
_ROOM_OPTIONS = "size=1m,nr_inodes=4096,mode=755"


def change(files: tuple[str, ...]) -> None:
    """From here on the file system is a read-only tmpfs with `files` in it: no other /usr, no /proc, no /dev."""
    held = [(path, os.open(path, os.O_PATH | os.O_CLOEXEC)) for path in files if Path(path).exists()]
    _mount("none", "/", "", _REC | _PRIVATE)
    # The descriptors are needed where /tmp hides what is mounted over: files may come from there.
    _mount("none", "/tmp", "tmpfs", _NOSUID | _NODEV | _NOEXEC, _ROOM_OPTIONS if files else _EMPTY_OPTIONS)
    for path, descriptor in held:
        _bring(path, descriptor)
    os.chdir("/tmp")
    if files:
        Path(f".{WORK}").mkdir(exist_ok=True)
    syscall("pivot_root", b".", b".")
    checked(libc().umount2(b".", _DETACH), "umount the old root")
    os.chdir("/")
    _mount("none", "/", "", _REMOUNT | _BIND | _READONLY | _NOSUID | _NODEV | _NOEXEC)


def work_space(size_bytes: int) -> None:
    """A fresh tmpfs to build in, for this mount namespace alone."""
    _mount("none", WORK, "tmpfs", _NOSUID | _NODEV, f"size={size_bytes},nr_inodes=1024,mode=700")


def _bring(path: str, descriptor: int) -> None:
    """Binds what `descriptor` stands for to `path` below the new root."""
    source, target = Path(f"/proc/self/fd/{descriptor}"), Path(f"/tmp{path}")
    if target.exists() and not target.is_dir():
        os.close(descriptor)  # brought along by a folder that was named before
        return
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    device = path.startswith("/dev/")
    _mount(str(source), str(target), "", _BIND | _REC)
    os.close(descriptor)
    wanted = _ATTR_READONLY | _ATTR_NOSUID | (0 if device else _ATTR_NODEV)
    attributes = struct.pack("QQQQ", wanted, 0, 0, 0)
    size = ctypes.c_size_t(len(attributes))
    syscall("mount_setattr", _AT_FDCWD, bytes(target), _AT_RECURSIVE, attributes, size)


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    texts = [text.encode() for text in (source, target, kind)]
    checked(libc().mount(*texts, ctypes.c_ulong(flags), options.encode()), f"mount {target}")
