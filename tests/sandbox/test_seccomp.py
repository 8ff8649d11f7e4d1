"""The filter, executed by a small interpreter of classic BPF, for both architectures on any machine."""

import errno
import struct

import pytest

from python_duel.sandbox import seccomp
from python_duel.sandbox.syscalls import NUMBERS, number

KILL, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
ARCHITECTURES = ("x86_64", "aarch64")


OWN_PID = 7
THREAD, VM, NEWUSER, NEWPID = 0x10000, 0x100, 0x10000000, 0x20000000


def verdict(
    arch: str, call: int, third: int = 0, audit: int | None = None, kind: seccomp.Kind = "source", **others: int
) -> int:
    """What the kernel would do with the system call; `others` are arguments by their number, as `a0`."""
    arguments = [others.get(f"a{index}", 0) for index in range(6)]
    arguments[2] = others.get("a2", third)
    data = struct.pack("=iIQ6Q", call, audit or seccomp.AUDIT_ARCH[arch], 0, *arguments)
    code = seccomp.program(arch, kind, OWN_PID)
    accumulator = position = 0
    while True:
        code_of, if_true, if_false, value = struct.unpack_from("HBBI", code, position * 8)
        position += 1
        match code_of:
            case 0x20:
                accumulator = struct.unpack_from("=I", data, value)[0]
            case 0x05:
                position += value
            case 0x15:
                position += if_true if accumulator == value else if_false
            case 0x35:
                position += if_true if accumulator >= value else if_false
            case 0x45:
                position += if_true if accumulator & value else if_false
            case 0x06:
                return int(value)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_call_gets_what_the_tables_say(arch: str) -> None:
    refused = {name: ERRNO | error for error, names in seccomp.REFUSED.items() for name in names}
    for name in NUMBERS:
        if (call := number(name, arch)) is not None:
            allowed = name in seccomp.ALLOWED or name in seccomp.NOT_EXECUTABLE
            expected = ALLOW if allowed else refused.get(name, ERRNO | errno.ENOSYS)
            assert verdict(arch, call) == expected, name


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_all_other_calls_do_not_exist(arch: str) -> None:
    known = {number(name, arch) for name in NUMBERS}
    assert {verdict(arch, call) for call in range(600) if call not in known} == {ERRNO | errno.ENOSYS}


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("name", seccomp.NOT_EXECUTABLE)
def test_memory_never_becomes_executable(arch: str, name: str) -> None:
    call = number(name, arch)
    assert call is not None
    assert verdict(arch, call, third=3) == ALLOW
    assert verdict(arch, call, third=7) == verdict(arch, call, third=4) == ERRNO | errno.EPERM


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_calls_of_another_architecture_kill(arch: str) -> None:
    i386 = 0x40000003
    assert verdict(arch, 0, audit=i386) == KILL
    assert verdict(arch, 0x40000000) == KILL  # x32
    assert verdict(arch, -1) == KILL


KINDS: tuple[seccomp.Kind, ...] = ("source", "binary", "runtime", "build")


def named(arch: str, name: str, kind: seccomp.Kind, **arguments: int) -> int:
    call = number(name, arch)
    assert call is not None
    return verdict(arch, call, kind=kind, **arguments)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_of_program_reaches_beyond_itself(arch: str, kind: seccomp.Kind) -> None:
    for name in ("socket", "connect", "socketpair", "pivot_root", "unshare", "setsid", "memfd_create", "seccomp"):
        assert named(arch, name, kind) & ERRNO == ERRNO, name
    for other in (OWN_PID + 1, 1, 0, 0xFFFFFFFF):
        assert named(arch, "kill", kind, a0=other) == ERRNO | errno.EPERM
        assert named(arch, "tgkill", kind, a0=other) == ERRNO | errno.EPERM


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_binary_is_started_once_from_its_descriptor(arch: str) -> None:
    whole, refused = {"a0": seccomp.EXECUTABLE, "a4": 0x1000}, ERRNO | errno.EPERM
    assert named(arch, "execveat", "binary", **whole) == ALLOW
    assert named(arch, "execveat", "binary", **whole | {"a0": 3}) == refused
    assert named(arch, "execveat", "binary", **whole | {"a4": 0}) == refused
    assert named(arch, "execve", "binary") == refused
    assert named(arch, "execveat", "source", **whole) == refused


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_runtime_makes_threads_and_a_compiler_processes_but_neither_namespaces(arch: str) -> None:
    refused = ERRNO | errno.EPERM
    assert named(arch, "clone", "runtime", a0=THREAD | VM) == ALLOW
    assert named(arch, "clone", "runtime", a0=VM) == refused
    assert named(arch, "clone", "build", a0=VM) == ALLOW
    for kind in KINDS:
        for flag in (NEWUSER, NEWPID):
            assert named(arch, "clone", kind, a0=THREAD | VM | flag) == refused
        assert named(arch, "clone3", kind) == ERRNO | errno.ENOSYS
    for kind in ("source", "binary"):
        assert named(arch, "clone", kind, a0=THREAD | VM) == refused


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_runtime_may_name_itself_and_signal_itself(arch: str) -> None:
    set_name, set_dumpable = 15, 4
    assert named(arch, "prctl", "runtime", a0=set_name) == ALLOW
    assert named(arch, "prctl", "runtime", a0=set_dumpable) == ERRNO | errno.EPERM
    assert named(arch, "tgkill", "runtime", a0=OWN_PID) == ALLOW


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("kind", KINDS)
def test_limits_and_signals_of_other_processes_are_out_of_reach(arch: str, kind: seccomp.Kind) -> None:
    assert named(arch, "prlimit64", kind, a0=OWN_PID + 1) & ERRNO == ERRNO
    set_owner, set_signal, set_owner_ex, set_async = 8, 10, 15, 0x5452
    for command in (set_owner, set_signal, set_owner_ex):
        assert named(arch, "fcntl", kind, a1=command) == ERRNO | errno.EPERM
    assert named(arch, "ioctl", kind, a1=set_async) == ERRNO | errno.ENOTTY


@pytest.mark.parametrize("kind", ["binary", "runtime", "build"])
def test_a_program_may_set_its_thread_pointer_and_nothing_else_of_its_kind(kind: seccomp.Kind) -> None:
    set_fs, set_cpuid_fault, request_features = 0x1002, 0x1012, 0x1023
    assert named("x86_64", "arch_prctl", kind, a0=set_fs) == ALLOW
    for option in (set_cpuid_fault, request_features):
        assert named("x86_64", "arch_prctl", kind, a0=option) == ERRNO | errno.EPERM
