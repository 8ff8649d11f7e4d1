"""Landlock: every file that is not named, every TCP port, every foreign socket and signal is out of reach."""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from python_duel.sandbox.syscalls import libc, number, syscall

_VERSION_FLAG = 1
_NET_ABI, _SCOPE_ABI = 4, 6
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = 1, 2, 4, 8, 16, 32
_MAKE_DIR, _MAKE_REG, _MAKE_SYM, _TRUNCATE = 1 << 7, 1 << 8, 1 << 12, 1 << 14
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_WRITING = _READING | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _TRUNCATE
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
"""The rights that a rule about a single file may name."""


def abi() -> int:
    """The Landlock version of this kernel, 0 where there is none."""
    call = ctypes.c_long(number("landlock_create_ruleset") or -1)
    return max(0, int(libc().syscall(call, None, ctypes.c_size_t(0), _VERSION_FLAG)))


def _file_rights(version: int) -> int:
    """All the rights over files that this version knows: 13, then refer, truncate and ioctl."""
    return (1 << (13 + (version >= 2) + (version >= 3) + (version >= 5))) - 1


def restrict(readable: Iterable[str] = (), writable: Iterable[str] = ()) -> None:
    """Binds this process and its children for good; needs no_new_privs. Without arguments nothing is in reach.

    `readable` files and folders may be read and executed, `writable` ones also changed; missing ones are left out.
    """
    version = abi()
    rights = _file_rights(version)
    tcp, scopes = (3 if version >= _NET_ABI else 0), (3 if version >= _SCOPE_ABI else 0)
    size = 24 if version >= _SCOPE_ABI else 16 if version >= _NET_ABI else 8
    ruleset = syscall("landlock_create_ruleset", struct.pack("QQQ", rights, tcp, scopes), ctypes.c_size_t(size), 0)
    for path in readable:
        _allow(ruleset, path, _READING & rights)
    for path in writable:
        _allow(ruleset, path, _WRITING & rights)
    syscall("landlock_restrict_self", ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        rights &= _OF_FILES
    rule = struct.pack("=Qi", rights, descriptor)
    syscall("landlock_add_rule", ruleset, _PATH_BENEATH, rule, 0)
    os.close(descriptor)
