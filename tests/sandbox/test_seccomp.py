"""The filter, executed by a small interpreter of classic BPF, for both architectures on any machine."""

import errno
import struct

import pytest

from python_duel.sandbox import seccomp
from python_duel.sandbox.syscalls import NUMBERS, number

KILL, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
ARCHITECTURES = ("x86_64", "aarch64")


def verdict(arch: str, call: int, third: int = 0, audit: int | None = None) -> int:
    """What the kernel would do with the system call."""
    data = struct.pack("=iIQ6Q", call, audit or seccomp.AUDIT_ARCH[arch], 0, 0, 0, third, 0, 0, 0)
    code = seccomp.program(arch)
    accumulator = position = 0
    while True:
        kind, if_true, if_false, value = struct.unpack_from("HBBI", code, position * 8)
        position += 1
        match kind:
            case 0x20:
                accumulator = struct.unpack_from("=I", data, value)[0]
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
