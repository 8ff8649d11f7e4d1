"""Python: run as it is by the interpreter of the slot itself."""

import builtins
import sys
from types import TracebackType
from typing import Self

from python_duel.languages.base import Prepared, Runner
from python_duel.protocol.server import Signature
from python_duel.sandbox import Level, Limits, Outcome, Slot
from python_duel.sandbox.launch import interpreter
from python_duel.sandbox.levels import Probe
from python_duel.sandbox.report import OUTPUT_LIMIT

GATE = "python_duel.judge.gate:check"
"""The static gate, by name: a slot loads it into its own process."""

STDIO = '''def main() -> None:
    """Read standard input with input(), write the answer with print()."""


main()
'''


class Python:
    """The language of the sandbox itself: nothing to find, nothing to compile ahead."""

    name, title, suffix, comment = "python", "Python 3", ".py", "#"
    least_level: Level = "seccomp"
    largest_int = 0
    errors = frozenset(
        name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)
    ) | {OUTPUT_LIMIT}

    def starter(self, signature: Signature | None) -> str:
        if signature is None:
            return STDIO
        parameters = ", ".join(f"{p.name}: {p.type}" for p in signature.parameters)
        return f"def {signature.name}({parameters}) -> {signature.returns}:\n    # Your code here.\n    pass\n"

    def toolchain(self) -> Probe:
        version = ".".join(map(str, sys.version_info[:3]))
        return Probe("python", True, "the interpreter that programs run in", f"{version}, {interpreter()}")

    def open(self, level: Level) -> Runner:
        return PythonRunner(level)


class PythonRunner:
    """One slot. The gate and the compiler look at a source within its run, so there is nothing to prepare."""

    def __init__(self, level: Level) -> None:
        self.level, self.slot = level, Slot(level, GATE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prepare(self, source: str, signature: Signature | None, check: bool) -> Prepared | Outcome:
        return Prepared(source, signature, check)

    def script(self, program: Prepared, stdin: bytes, limits: Limits) -> Outcome:
        return self.slot.script(program.source, stdin, limits, program.check)

    def call(self, program: Prepared, cases: list[str], limits: Limits) -> Outcome:
        """Globals of the solution live from case to case."""
        name = program.signature.name if program.signature else ""
        return self.slot.call(program.source, name, cases, limits, program.check)

    def abort(self) -> None:
        self.slot.abort()

    def close(self) -> None:
        self.slot.close()
