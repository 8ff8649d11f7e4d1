"""The ways out, closed one after another. The zygote enters the jail once; each child then locks its own door."""

import ctypes
import os
import resource
import struct
from typing import Literal, NoReturn

from python_duel.sandbox import landlock, limits
from python_duel.sandbox.syscalls import (
    NEWCGROUP,
    NEWIPC,
    NEWNET,
    NEWNS,
    NEWPID,
    NEWUSER,
    NEWUTS,
    PR_CAP_AMBIENT,
    PR_CAPBSET_DROP,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    checked,
    clone,
    libc,
    prctl,
    syscall,
)

Level = Literal["full", "no-userns", "seccomp"]
"""full: namespaces, Landlock and seccomp. no-userns: without namespaces. seccomp: without Landlock too."""
LEVELS: tuple[Level, ...] = ("full", "no-userns", "seccomp")
"""From the strongest to the weakest."""

NOBODY = 65534
SIGKILL = 9
PER_RUN_NAMESPACES = NEWPID | NEWIPC
_ALL_NAMESPACES = NEWUSER | NEWNS | NEWPID | NEWIPC | NEWUTS | NEWNET | NEWCGROUP
_NOSUID, _NODEV, _NOEXEC, _READONLY, _REMOUNT, _BIND, _REC, _PRIVATE = 2, 4, 8, 1, 32, 4096, 0x4000, 0x40000
_DETACH = 2


def enter(level: Level, control: int) -> int:
    """Shuts this single-threaded process in and gives the Landlock version. At `full` it returns in a child.

    `control` is the descriptor that only the jailed process keeps. OSError names the step that failed.
    """
    become_nobody()
    user, group = os.getuid(), os.getgid()
    if level == "full":
        if pid := clone(_ALL_NAMESPACES):
            _supervise(pid, control)
        prctl(PR_SET_PDEATHSIG, SIGKILL)
        _map_user(user, group)
        _empty_root()
    os.environ.clear()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    version = 0 if level == "seccomp" else landlock.deny_all()
    if level == "no-userns" and not version:
        raise OSError("Landlock is missing")
    if level != "full":
        drop_capabilities()
    prctl(PR_SET_DUMPABLE, 0)
    return version


def become_nobody() -> None:
    """Root becomes an unprivileged user first, so that a hole in a namespace leads to nobody."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        # The change made /proc/self root's own, and the user map is written there.
        prctl(PR_SET_DUMPABLE, 1)


def _supervise(pid: int, control: int) -> NoReturn:
    """Outside the jail: nothing left to do but to end when it ends."""
    prctl(PR_SET_DUMPABLE, 0)
    os.close(control)
    _, status = os.waitpid(pid, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _map_user(user: int, group: int) -> None:
    for name, text in (("setgroups", "deny"), ("uid_map", f"{NOBODY} {user} 1"), ("gid_map", f"{NOBODY} {group} 1")):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def _empty_root() -> None:
    """An empty read-only tmpfs becomes the whole file system: no /usr, no /proc, no /dev."""
    _mount("none", "/", "", _REC | _PRIVATE)
    _mount("none", "/tmp", "tmpfs", _NOSUID | _NODEV | _NOEXEC, "size=4k,nr_inodes=2,mode=555")
    os.chdir("/tmp")
    syscall("pivot_root", b".", b".")
    checked(libc().umount2(b".", _DETACH), "umount the old root")
    os.chdir("/")
    _mount("none", "/", "", _REMOUNT | _BIND | _READONLY | _NOSUID | _NODEV | _NOEXEC)


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    texts = [text.encode() for text in (source, target, kind)]
    checked(libc().mount(*texts, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def drop_capabilities() -> None:
    """Gives up every capability, now and for whatever this process may become."""
    none = ctypes.c_ulong(0)
    for capability in range(64):
        if libc().prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), none, none, none) < 0:
            break
    clear_all = ctypes.c_ulong(4)
    checked(libc().prctl(PR_CAP_AMBIENT, clear_all, none, none, none), "clear ambient capabilities")
    version_3 = struct.pack("Ii", 0x20080522, 0)
    syscall("capset", version_3, bytes(24))


def set_limits(memory_bytes: int) -> None:
    """The kernel's limits on one child. CPU time of a case is watched by the parent; this is its backstop."""
    for which, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, limits.PROCESS_CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, limits.OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_STACK, limits.STACK_BYTES),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, limits.PENDING_SIGNALS),
    ):
        resource.setrlimit(which, (most, most))
