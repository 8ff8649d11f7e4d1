"""Becomes a program that cannot outlive its parent. Run as a script with `python -I -S`; standard library only.

`launcher.py PARENT DEATH_SIGNAL USER_NAMESPACE PROGRAM ARGUMENT...`, the first three as integers.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
UID_INSIDE = 1000


def call(result: int, what: str) -> None:
    """Raises OSError when a C call failed."""
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def leave_root(libc: ctypes.CDLL) -> None:
    """Enters a user namespace in which this user is not root: PostgreSQL refuses to run as root."""
    uid, gid = os.getuid(), os.getgid()
    call(libc.unshare(CLONE_NEWUSER), "no user namespace, and PostgreSQL does not run as root; run as a normal user")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{UID_INSIDE} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{UID_INSIDE} {gid} 1")


def main(argv: list[str]) -> None:
    """Executes the program; raises OSError when this machine cannot."""
    parent, death_signal, user_namespace = map(int, argv[:3])
    libc = ctypes.CDLL(None, use_errno=True)
    if user_namespace:
        leave_root(libc)
    # After the change of credentials, which clears it.
    call(libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        return  # It died before the signal was set.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.execv(argv[3], argv[3:])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.exit(f"cannot start {sys.argv[4]}: {error}")
