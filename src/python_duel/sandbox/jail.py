"""The ways out, closed one after another. The zygote enters the jail once; each child then locks its own door."""

import ctypes
import os
import resource
import struct
from typing import Literal

from python_duel.sandbox import landlock, roots
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
    checked,
    libc,
    prctl,
    syscall,
)

Level = Literal["full", "no-userns", "seccomp"]
"""full: namespaces, Landlock and seccomp. no-userns: without namespaces. seccomp: without Landlock too."""
LEVELS: tuple[Level, ...] = ("full", "no-userns", "seccomp")
"""From the strongest to the weakest."""

Layer = Literal["namespaces", "landlock", "seccomp", "rlimits", "capabilities", "cgroup"]
LAYERS: tuple[Layer, ...] = ("namespaces", "landlock", "seccomp", "rlimits", "capabilities", "cgroup")
_MISSING: dict[Level, set[Layer]] = {"full": set(), "no-userns": {"namespaces"}, "seccomp": {"namespaces", "landlock"}}

NOBODY = 65534
SIGKILL = 9
PER_RUN_NAMESPACES = NEWPID | NEWIPC
PER_BUILD_NAMESPACES = PER_RUN_NAMESPACES | NEWNS
_ONCE = NEWUSER | NEWNS | NEWIPC | NEWUTS | NEWNET | NEWCGROUP


def layers_of(level: Level) -> frozenset[Layer]:
    """What a level is made of."""
    return frozenset(LAYERS) - _MISSING[level]


def enter(layers: frozenset[Layer], level: Level, files: tuple[str, ...]) -> int:
    """Shuts this single-threaded process in, gives the Landlock version; `files` of the host stay in reach, read-only.

    With files, Landlock is left to each child: a process bound by it can mount nothing. Each child has a pid namespace
    of its own, so none is needed here. OSError names the step that failed.
    """
    become_nobody()
    user, group = os.getuid(), os.getgid()
    if "namespaces" in layers:
        syscall("unshare", _ONCE)
        _map_user(user, group)
        roots.change(files)
    os.environ.clear()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    version = landlock.abi() if "landlock" in layers else 0
    if level == "no-userns" and "landlock" in layers and not version:
        raise OSError("Landlock is missing")
    if version and not files:
        landlock.restrict()
    if "capabilities" in layers:
        bound_capabilities()
        if "namespaces" not in layers:
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


def _map_user(user: int, group: int) -> None:
    for name, text in (("setgroups", "deny"), ("uid_map", f"{NOBODY} {user} 1"), ("gid_map", f"{NOBODY} {group} 1")):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def bound_capabilities() -> None:
    """Nothing that this process or its children become may gain a capability; what they have they keep."""
    none = ctypes.c_ulong(0)
    for capability in range(64):
        if libc().prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), none, none, none) < 0:
            break
    clear_all = ctypes.c_ulong(4)
    checked(libc().prctl(PR_CAP_AMBIENT, clear_all, none, none, none), "clear ambient capabilities")


def drop_capabilities() -> None:
    """Gives up every capability."""
    version_3 = struct.pack("Ii", 0x20080522, 0)
    syscall("capset", version_3, bytes(24))


def set_limits(most: dict[int, int]) -> None:
    """The kernel's limits on one child, by resource. CPU time of a case is the parent's to watch."""
    for which, value in most.items():
        resource.setrlimit(which, (value, value))
