"""Landlock with no rule: every file, every TCP port, every foreign socket and signal is out of reach."""

import ctypes
import os
import struct

from python_duel.sandbox.syscalls import libc, number, syscall

_VERSION_FLAG = 1
_NET_ABI, _SCOPE_ABI = 4, 6


def abi() -> int:
    """The Landlock version of this kernel, 0 where there is none."""
    call = ctypes.c_long(number("landlock_create_ruleset") or -1)
    return max(0, int(libc().syscall(call, None, ctypes.c_size_t(0), _VERSION_FLAG)))


def _file_rights(version: int) -> int:
    """All the rights over files that this version knows: 13, then refer, truncate and ioctl."""
    return (1 << (13 + (version >= 2) + (version >= 3) + (version >= 5))) - 1


def deny_all() -> int:
    """Binds this process and its children for good; needs no_new_privs. Gives the version, 0 when there is none."""
    version = abi()
    if not version:
        return 0
    tcp, scopes = (3 if version >= _NET_ABI else 0), (3 if version >= _SCOPE_ABI else 0)
    size = 24 if version >= _SCOPE_ABI else 16 if version >= _NET_ABI else 8
    attributes = struct.pack("QQQ", _file_rights(version), tcp, scopes)
    ruleset = syscall("landlock_create_ruleset", attributes, ctypes.c_size_t(size), 0)
    syscall("landlock_restrict_self", ruleset, 0)
    os.close(ruleset)
    return version
