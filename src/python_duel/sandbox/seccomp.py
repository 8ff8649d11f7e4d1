"""The filters that children run under: lists of the system calls they may make; every other one fails."""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from typing import Literal

from python_duel.sandbox.syscalls import libc, machine, number, syscall

Kind = Literal["source", "binary", "runtime", "build"]
"""source: this very interpreter runs on. binary: one static executable is exec'd, from descriptor 4. runtime: a program
with threads, its own machine code and files to read. build: a compiler, which also starts programs and writes files."""

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
EXECUTABLE = 4
"""The descriptor of a binary, closed by the exec."""

ALLOWED = (
    "read write close lseek brk munmap mremap madvise futex rseq set_robust_list fstat "
    "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall exit exit_group "
    "nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getrusage "
    "getpid gettid getppid getuid geteuid getgid getegid getrandom sched_yield poll ppoll select pselect6"
).split()
_START = ["set_tid_address"]
"""What the C library does when a program begins."""
_RUNTIME = (
    "execve open openat stat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat getcwd getdents64 "
    "pread64 pwrite64 readv writev dup dup2 dup3 pipe pipe2 eventfd2 epoll_create epoll_create1 epoll_ctl "
    "epoll_wait epoll_pwait sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max "
    "sched_get_priority_min sysinfo getrlimit membarrier mincore msync getcpu fstatfs statfs uname getpriority "
    "fadvise64 mmap mprotect"
).split()
_BUILD = (
    "wait4 waitid vfork fork chmod fchmod fchmodat umask unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir "
    "ftruncate truncate fallocate link linkat symlink symlinkat chdir fchdir utimensat fsync copy_file_range sendfile "
    "setrlimit getpgrp getpgid flock creat"
).split()
NOT_EXECUTABLE = ("mmap", "mprotect")
"""Allowed to source and binary as long as the memory is not made executable."""
REFUSED = {
    errno.EACCES: "open openat stat lstat newfstatat access faccessat readlink readlinkat getcwd getdents64 "
    "mkdir mkdirat unlink unlinkat rename renameat renameat2".split(),
    errno.EPERM: "clone fork vfork execve execveat socket socketpair connect kill tkill tgkill wait4 fcntl dup dup2 "
    "dup3 pipe pipe2 memfd_create uname prctl sched_setaffinity".split(),
    errno.ENOTTY: ["ioctl"],
}
"""Refused with an error that programs understand. Whatever is named nowhere is ENOSYS."""

_ALLOWED_TO: dict[Kind, list[str]] = {
    "source": ALLOWED,
    "binary": ALLOWED + _START,
    "runtime": ALLOWED + _START + _RUNTIME,
    "build": ALLOWED + _START + _RUNTIME + _BUILD,
}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _SKIP, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x05, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER_AT, _ARCH_AT = 0, 4
_PROT_EXEC = 4
_X32 = 0x40000000
_AT_EMPTY_PATH = 0x1000
_CLONE_THREAD, _CLONE_NEW = 0x00010000, 0x7E020080
_PR_SET_NAME = 15
_ARCH_SET_FS = 0x1002
_FIONBIO, _FIONREAD = 0x5421, 0x541B
"""Not to block, and to tell how much there is to read: what `System.in.available()` asks."""
_ITSELF = (0,)
"""Limits of others of the same user are not a program's to change."""
_FCNTL = (*range(8), 1030)
"""Duplicates, flags and locks of a descriptor. Never its owner or its signal: those kill other processes."""


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


_allow = _instruction(_RETURN, _ALLOW)


def _refuse(error: int) -> bytes:
    return _instruction(_RETURN, _ERRNO | error)


def _argument(index: int) -> bytes:
    """Loads the low half of an argument. The high half plays no part in the calls that are looked at: flags, options
    and descriptors are 32 bits wide.
    """
    return _instruction(_LOAD, 16 + 8 * index)


Rule = tuple[int, bytes]
"""The number of a system call, and instructions that end in a return whatever its arguments are."""


def _on(name: str, arch: str, *then: bytes) -> list[Rule]:
    """`then` for the system call `name`; nothing where the architecture has no such call."""
    wanted = number(name, arch)
    return [] if wanted is None else [(wanted, b"".join(then))]


def _search(rules: list[Rule]) -> bytes:
    """Finds the rule by halves. The kernel tries the filter on each call there is when it is installed, so that a list
    gone through from its start would cost every child a tenth of a millisecond.
    """
    if len(rules) == 1:
        wanted, then = rules[0]
        return _instruction(_EQUAL, wanted, 0, len(then) // 8) + then
    middle = len(rules) // 2
    lower, upper = _search(rules[:middle]) + _refuse(errno.ENOSYS), _search(rules[middle:])
    return _instruction(_AT_LEAST, rules[middle][0], 0, 1) + _instruction(_SKIP, len(lower) // 8) + lower + upper


def program(arch: str, kind: Kind = "source", pid: int = 0) -> bytes:
    """The filter as classic BPF. Calls of another architecture, or of x32, kill the process. A runtime may signal the
    process `pid`, itself, and no other.
    """
    code = [
        _instruction(_LOAD, _ARCH_AT),
        _instruction(_EQUAL, AUDIT_ARCH[arch], 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER_AT),
        _instruction(_AT_LEAST, _X32, 0, 1),
        _instruction(_RETURN, _KILL),
    ]
    rules = _conditional(arch, kind, pid)
    for name in _ALLOWED_TO[kind]:
        rules += _on(name, arch, _allow)
    for error, names in REFUSED.items():
        for name in names:
            rules += _on(name, arch, _refuse(error))
    first = dict(reversed(rules))
    return b"".join([*code, _search(sorted(first.items())), _refuse(errno.ENOSYS)])


def _among(index: int, values: Iterable[int], error: int = errno.EPERM) -> list[bytes]:
    """Allowed if that argument is one of `values`."""
    either = [part for value in values for part in (_instruction(_EQUAL, value, 0, 1), _allow)]
    return [_argument(index), *either, _refuse(error)]


def _conditional(arch: str, kind: Kind, pid: int) -> list[Rule]:
    """Calls that are allowed with some arguments only; they come first."""
    refuse = _refuse(errno.EPERM)
    if kind in ("source", "binary"):
        plain_memory = (_argument(2), _instruction(_ANY_BIT, _PROT_EXEC, 0, 1), refuse, _allow)
        rules = [rule for name in NOT_EXECUTABLE for rule in _on(name, arch, *plain_memory)]
        if kind == "source":
            return rules
        begin = (_argument(0), _instruction(_EQUAL, EXECUTABLE, 1, 0), refuse, *_among(4, (_AT_EMPTY_PATH,)))
        return [*rules, *_on("execveat", arch, *begin), *_for_every_start(arch)]
    no_namespace = (_argument(0), _instruction(_ANY_BIT, _CLONE_NEW, 0, 1), refuse)
    thread_only = (_instruction(_ANY_BIT, _CLONE_THREAD, 1, 0), refuse) if kind == "runtime" else ()
    return [
        *_on("kill", arch, *_among(0, (pid,))),
        *_on("tgkill", arch, *_among(0, (pid,))),
        *_for_every_start(arch),
        *_on("prctl", arch, *_among(0, (_PR_SET_NAME,))),
        *_on("ioctl", arch, *_among(1, (_FIONBIO, _FIONREAD), errno.ENOTTY)),
        *_on("fcntl", arch, *_among(1, _FCNTL)),
        *_on("clone", arch, *no_namespace, *thread_only, _allow),
    ]


def _for_every_start(arch: str) -> list[Rule]:
    """What the C library does when a program begins: it asks for its own limits, and sets its thread pointer."""
    return [*_on("prlimit64", arch, *_among(0, _ITSELF)), *_on("arch_prctl", arch, *_among(0, (_ARCH_SET_FS,)))]


class _FilterProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


class Filter:
    """A filter, built ahead where that is possible: once in the zygote, and installed in every child."""

    def __init__(self, kind: Kind = "source") -> None:
        code = program(machine(), kind, os.getpid())
        self._code = ctypes.create_string_buffer(code, len(code))
        self._program = _FilterProgram(len(code) // 8, ctypes.addressof(self._code))

    def install(self) -> None:
        """From here on this process is bound by the filter; needs no_new_privs. OSError when the kernel refuses."""
        set_mode_filter = 1
        syscall("seccomp", set_mode_filter, 0, ctypes.byref(self._program))


def available() -> bool:
    """Whether the kernel knows seccomp filters."""
    get_action_avail, allow = 2, ctypes.c_uint(_ALLOW)
    return bool(libc().syscall(ctypes.c_long(number("seccomp") or -1), get_action_avail, 0, ctypes.byref(allow)) == 0)
