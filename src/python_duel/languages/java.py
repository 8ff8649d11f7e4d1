"""Java: compiled by a compiler that stays warm, run by a virtual machine of its own each time, started ahead."""

import struct
from dataclasses import replace
from functools import cache
from threading import Lock
from types import TracebackType
from typing import Self

from python_duel.languages import jdk, types
from python_duel.languages.base import Prepared, Runner
from python_duel.languages.javac import Compiler
from python_duel.languages.text import hidden
from python_duel.protocol.server import Signature
from python_duel.sandbox import Ending, Level, Limits, Outcome, Refusal, Runtime, SandboxError, Slot, limits
from python_duel.sandbox.harness import normalised
from python_duel.sandbox.levels import Probe

STACK_BYTES = 64 * limits.MIB
"""Of the program's main thread: some 500,000 levels of recursion."""
OVERHEAD_BYTES = 288 * limits.MIB
"""What a virtual machine may hold beside the heap, which is what `Limits.memory_bytes` bounds: stacks, code, itself."""

_PLAIN = {"int": "long", "float": "double", "bool": "boolean", "str": "String"}
_BOXED = {"int": "Long", "float": "Double", "bool": "Boolean", "str": "String"}
_SCRIPT = "public static void main(String[] args)"

_STDIO = """\
import java.util.*;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        // Your code here: read with in.next(), in.nextLong(), in.nextLine(); write with System.out.println().
    }
}
"""
_FUNCTION = """\
import java.util.*;

class Solution {{
    {declaration} {{
        // Your code here.
        return {nothing};
    }}
}}
"""


class Java:
    """Its runners share one compiler a level, which is closed with the last of them."""

    name, title, suffix, comment = "java", "Java 17+", ".java", "//"
    least_level: Level = "no-userns"
    largest_int = 2**63 - 1
    errors = frozenset(
        "MemoryError StackOverflowError ArithmeticException ArrayIndexOutOfBoundsException ArrayStoreException "
        "ClassCastException ConcurrentModificationException EmptyStackException IllegalArgumentException "
        "IllegalStateException IndexOutOfBoundsException InputMismatchException NegativeArraySizeException "
        "NoSuchElementException NullPointerException NumberFormatException StringIndexOutOfBoundsException "
        "UnsupportedOperationException IOException AssertionError".split()
    )

    def __init__(self) -> None:
        self._lock = Lock()
        self._compilers: dict[Level, tuple[Compiler, int]] = {}  # with the number of runners that use it

    def starter(self, signature: Signature | None) -> str:
        if signature is None:
            return _STDIO
        nothing = {"long": "0", "double": "0.0", "boolean": "false"}.get(written(types.parse_type(signature.returns)))
        return _FUNCTION.format(declaration=declaration(signature), nothing=nothing or "null")

    def toolchain(self) -> Probe:
        kit = found()
        probed = f"looked for a JDK of version {jdk.LEAST_VERSION} or newer: JAVA_HOME, PATH, /usr/lib/jvm"
        if kit is None:
            return Probe("java", False, probed, "none found", "install one: apt install openjdk-17-jdk-headless")
        return Probe("java", True, probed, f"{kit.version}, {kit.home}")

    def open(self, level: Level) -> Runner:
        kit = found()
        if kit is None:
            raise SandboxError(f"there is no JDK here: {self.toolchain().mend}")
        with self._lock:
            compiler, users = self._compilers.get(level) or (Compiler(kit, level), 0)
            self._compilers[level] = compiler, users + 1
        return JavaRunner(self, kit, level, compiler)

    def release(self, level: Level) -> None:
        """A runner is closed."""
        with self._lock:
            compiler, users = self._compilers[level]
            self._compilers[level] = compiler, users - 1
            if users == 1:
                del self._compilers[level]
                compiler.close()


class JavaRunner:
    """A slot in which virtual machines are made, for one size of the heap at a time, and a share of the compiler."""

    def __init__(self, language: Java, kit: jdk.Jdk, level: Level, compiler: Compiler) -> None:
        self.level, self._language, self._kit, self._compiler = level, language, kit, compiler
        self._slot: Slot | None = None
        self._heap_bytes = 0
        self._aborted = self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prepare(self, source: str, signature: Signature | None, check: bool) -> Prepared | Outcome:
        text = normalised(source)
        compiled = hidden(text, check) or self._compiler.compile(text)
        if isinstance(compiled, Refusal):
            return Outcome(Ending.REFUSED, refusal=compiled)
        return Prepared(source, signature, check, compiled)

    def script(self, program: Prepared, stdin: bytes, limits: Limits) -> Outcome:
        return self._slot_for(limits).script(Runtime(_job(program, limits)), stdin, _whole(limits))

    def call(self, program: Prepared, cases: list[str], limits: Limits) -> Outcome:
        """Static fields live from case to case; an object of the class is made for each."""
        name = program.signature.name if program.signature else ""
        return self._slot_for(limits).call(Runtime(_job(program, limits)), name, cases, _whole(limits))

    def abort(self) -> None:
        self._aborted = True
        if (slot := self._slot) is not None:
            slot.abort()

    def close(self) -> None:
        if self._slot is not None:
            self._slot.close()
            self._slot = None
        if not self._closed:
            self._closed = True
            self._language.release(self.level)

    def _slot_for(self, limits: Limits) -> Slot:
        """The size of the heap is fixed when a virtual machine starts, and the next one has started already."""
        if self._slot is None or self._heap_bytes != limits.memory_bytes:
            if self._slot is not None:
                self._slot.close()
            command = self._kit.command("duel.Run", "runtime", limits.memory_bytes, STACK_BYTES)
            self._slot, self._heap_bytes = Slot(self.level, room=self._kit.room(command)), limits.memory_bytes
            if self._aborted:
                self._slot.abort()
        return self._slot


@cache
def found() -> jdk.Jdk | None:
    """The kit of this machine: looked for once."""
    return jdk.find()


def _whole(most: Limits) -> Limits:
    return replace(most, memory_bytes=most.memory_bytes + OVERHEAD_BYTES)


def _job(program: Prepared, most: Limits) -> bytes:
    """As `Run.java` reads it."""
    signature = program.signature
    parts = [struct.pack(">I", most.output_bytes), _text(declaration(signature) if signature else _SCRIPT)]
    if signature is None:
        parts.append(_text(""))
    else:
        parts += [_text(signature.name), struct.pack(">I", len(signature.parameters))]
        parts += [_text(_canonical(text)) for text in (*(p.type for p in signature.parameters), signature.returns)]
    return b"".join([*parts, program.program])


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def _canonical(text: str) -> str:
    return str(types.parse_type(text))


def declaration(signature: Signature) -> str:
    """The head of the method that a player writes."""
    parameters = ", ".join(f"{written(types.parse_type(p.type))} {p.name}" for p in signature.parameters)
    return f"static {written(types.parse_type(signature.returns))} {signature.name}({parameters})"


def written(kind: types.Type, boxed: bool = False) -> str:
    """A type of the challenge format as Java has it: arrays for lists, boxes where null or an object must be."""
    match kind:
        case types.ListOf(item):
            return f"{written(item)}[]"
        case types.DictOf(item):
            return f"Map<String, {written(item, boxed=True)}>"
        case types.Maybe(item):
            return written(item, boxed=True)
        case types.Scalar(name):
            return (_BOXED if boxed else _PLAIN)[name]
