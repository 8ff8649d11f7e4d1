"""The filter a program runs under: a list of the system calls it may make; every other one fails."""

import ctypes
import errno
import struct

from python_duel.sandbox.syscalls import libc, machine, number, syscall

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

ALLOWED = (
    "read write close lseek brk munmap mremap madvise futex rseq set_robust_list fstat "
    "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall exit exit_group "
    "nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getrusage "
    "getpid gettid getppid getuid geteuid getgid getegid getrandom sched_yield poll ppoll select pselect6"
).split()
NOT_EXECUTABLE = ("mmap", "mprotect")
"""Allowed as long as the memory is not made executable."""
REFUSED = {
    errno.EACCES: "open openat stat lstat newfstatat access faccessat readlink readlinkat getcwd getdents64 "
    "mkdir mkdirat unlink unlinkat rename renameat renameat2".split(),
    errno.EPERM: "clone fork vfork execve execveat socket socketpair connect kill tkill tgkill wait4 fcntl dup dup2 "
    "dup3 pipe pipe2 memfd_create uname".split(),
    errno.ENOTTY: ["ioctl"],
}
"""Refused with an error that Python programs understand. Whatever is named nowhere is ENOSYS."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER_AT, _ARCH_AT, _THIRD_ARGUMENT_AT = 0, 4, 32
_PROT_EXEC = 4
_X32 = 0x40000000


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _on(name: str, arch: str, *then: bytes) -> bytes:
    """`then`, entered only by the system call `name`; nothing where the architecture has no such call."""
    wanted = number(name, arch)
    return b"" if wanted is None else _instruction(_EQUAL, wanted, 0, len(then)) + b"".join(then)


def program(arch: str) -> bytes:
    """The filter as classic BPF. Calls of another architecture, or of x32, kill the process."""
    allow = _instruction(_RETURN, _ALLOW)
    code = [
        _instruction(_LOAD, _ARCH_AT),
        _instruction(_EQUAL, AUDIT_ARCH[arch], 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER_AT),
        _instruction(_AT_LEAST, _X32, 0, 1),
        _instruction(_RETURN, _KILL),
    ]
    code += [_on(name, arch, allow) for name in ALLOWED]
    not_executable = (
        _instruction(_LOAD, _THIRD_ARGUMENT_AT),
        _instruction(_ANY_BIT, _PROT_EXEC, 0, 1),
        _instruction(_RETURN, _ERRNO | errno.EPERM),
        allow,
    )
    code += [_on(name, arch, *not_executable) for name in NOT_EXECUTABLE]
    for error, names in REFUSED.items():
        code += [_on(name, arch, _instruction(_RETURN, _ERRNO | error)) for name in names]
    return b"".join([*code, _instruction(_RETURN, _ERRNO | errno.ENOSYS)])


class _FilterProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


class Filter:
    """A filter built once in the zygote and installed in every child."""

    def __init__(self) -> None:
        code = program(machine())
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
