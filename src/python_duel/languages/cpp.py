"""C++: compiled in a room with g++, then run as a static binary where there is no file at all."""

import hashlib
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from python_duel.languages import cpp_diagnostics, cpp_driver, cpp_kit, gxx
from python_duel.languages.base import Prepared, Runner
from python_duel.languages.programs import Programs
from python_duel.languages.text import hidden
from python_duel.protocol.server import Signature
from python_duel.sandbox import Binary, Command, Ending, Level, Limits, Outcome, Refusal, Room, SandboxError, Slot
from python_duel.sandbox.harness import normalised
from python_duel.sandbox.levels import Probe
from python_duel.sandbox.limits import MIB

CACHE_ENTRIES, CACHE_BYTES = 64, 128 * MIB
_UNIT, _PROGRAM = "unit.cpp", "program"

Compiled = Binary | Refusal


def _size(compiled: Compiled) -> int:
    return compiled.size if isinstance(compiled, Binary) else len(compiled.message)


_compiled: Programs[Compiled] = Programs(CACHE_ENTRIES, CACHE_BYTES, _size)
"""Of all runners of this process: a binary that was made at one level may run at every other."""


class Cpp:
    """g++ and nothing else: the header that is compiled ahead is in a format of its own."""

    name, title, suffix, comment = "cpp", "C++20", ".cpp", "//"
    least_level: Level = "no-userns"
    largest_int = 2**63 - 1
    errors = frozenset(
        "MemoryError std::exception std::logic_error std::runtime_error std::out_of_range std::length_error "
        "std::invalid_argument std::domain_error std::range_error std::overflow_error std::underflow_error "
        "std::bad_optional_access std::bad_variant_access std::bad_cast std::bad_typeid std::bad_function_call "
        "std::bad_array_new_length std::system_error std::format_error std::ios_base::failure std::regex_error "
        "std::terminate std::abort std::string int".split()
    )

    def starter(self, signature: Signature | None) -> str:
        return cpp_driver.starter(signature)

    def toolchain(self) -> Probe:
        compiler, probed = found(), "asked the g++ of the path for its version and its static libraries"
        if isinstance(compiler, str):
            return Probe("cpp", False, probed, compiler, gxx.MEND)
        return Probe("cpp", True, probed, f"{compiler.version}, {compiler.path}")

    def open(self, level: Level) -> Runner:
        """The first time on a machine this compiles a header, for some seconds."""
        compiler = found()
        if isinstance(compiler, str):
            raise SandboxError(f"{compiler}: {gxx.MEND}")
        return CppRunner(level, compiler)


@cache
def found() -> gxx.Gxx | str:
    """The compiler of this machine, or why there is none: looked for once."""
    return gxx.find()


@cache
def room(compiler: gxx.Gxx, kit: Path) -> Room:
    """For builds."""
    command = cpp_kit.command(compiler, kit, _UNIT, _PROGRAM)
    environ = {"PATH": compiler.folders_of_programs(), "LC_ALL": "C"}
    return Room((*compiler.files(), str(kit)), (Command(command, "build", environ),))


class CppRunner:
    """Two slots: a room to compile in, and an empty one to run in."""

    def __init__(self, level: Level, compiler: gxx.Gxx) -> None:
        self.level = level
        self._slot = Slot(level)
        try:
            self._workshop = Slot(level, room=room(compiler, cpp_kit.made(compiler)))
        except BaseException:
            self._slot.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prepare(self, source: str, signature: Signature | None, check: bool) -> Prepared | Outcome:
        compiled = hidden(source, check) or self._compiled(normalised(source), signature)
        if isinstance(compiled, Refusal):
            return Outcome(Ending.REFUSED, refusal=compiled)
        return Prepared(source, signature, check, compiled)

    def script(self, program: Prepared, stdin: bytes, limits: Limits) -> Outcome:
        return self._slot.script(program.program, stdin, limits)

    def call(self, program: Prepared, cases: list[str], limits: Limits) -> Outcome:
        """Global variables live from case to case."""
        name = program.signature.name if program.signature else ""
        return self._slot.call(program.program, name, cases, limits)

    def abort(self) -> None:
        self._slot.abort()
        self._workshop.abort()

    def close(self) -> None:
        self._slot.close()
        self._workshop.close()

    def _compiled(self, source: str, signature: Signature | None) -> Compiled:
        unit = cpp_driver.translation_unit(source, signature)
        key = hashlib.sha256(unit.encode("utf-8", "surrogateescape")).digest()
        return _compiled.get(key, lambda: self._compile(unit, signature, source.count("\n") + 1))

    def _compile(self, unit: str, signature: Signature | None, lines: int) -> Compiled:
        built = self._workshop.build(0, {_UNIT: unit}, (_PROGRAM,))
        if built.ok:
            return Binary(built.outputs[_PROGRAM])
        return cpp_diagnostics.refusal(built, signature, lines)
