"""The Java compiler, kept warm in a jail of its own, and shared by all runners of a process."""

import hashlib
import json
import threading
from typing import Any

from python_duel.languages.jdk import Jdk
from python_duel.languages.programs import Programs
from python_duel.sandbox import Level, Overrun, Refusal, Session, Slot, SlotLost, limits
from python_duel.sandbox.report import clean

HEAP_BYTES = 192 * limits.MIB
OVERHEAD_BYTES = 288 * limits.MIB
"""What the session may hold beside its heap: the stack, the compiler's own classes and code."""
STACK_BYTES = 64 * limits.MIB
SAMPLES = 4
"""Programs compiled before the first request, so that this is as quick as the next ones."""
COMPILES = 500
"""After so many the session is replaced."""
CPU_MS, WALL_MS = 3_000, 10_000
"""Of one compilation."""
CACHE_ENTRIES, CACHE_BYTES = 256, 32 * limits.MIB

Compiled = bytes | Refusal
"""Class files, as `Program.java` reads them, or why there are none."""
_TOO_COMPLEX = Refusal("syntax", "This program is nested too deeply, or is too large, to be compiled.")
_CLASSES = 0


class Compiler:
    """Started by the first source. For any number of threads; each compilation waits for its turn."""

    def __init__(self, jdk: Jdk, level: Level) -> None:
        self._jdk, self._level = jdk, level
        self._lock = threading.Lock()
        self._slot: Slot | None = None
        self._session: Session | None = None
        self._left = 0
        self._known: Programs[Compiled] = Programs(CACHE_ENTRIES, CACHE_BYTES, _size)

    def compile(self, source: str) -> Compiled:
        """Class files or a refusal, from the cache if it can be. Raises SlotLost."""
        return self._known.get(hashlib.sha256(source.encode()).digest(), lambda: self._compiled(source))

    def close(self) -> None:
        """Ends the session; a later compilation starts another."""
        with self._lock:
            self._drop()

    def _compiled(self, source: str) -> Compiled:
        with self._lock:
            for _ in range(2):
                session = self._ready()
                self._left -= 1
                try:
                    return _parsed(session.ask(source.encode(), CPU_MS, WALL_MS))
                except Overrun:
                    break
                except SlotLost:
                    self._drop()
            # The source takes too long, or has ended the compiler twice.
            self._drop()
            self._ready()
            return _TOO_COMPLEX

    def _ready(self) -> Session:
        if self._left <= 0:
            self._drop()
        if self._session is None:
            command = self._jdk.command("duel.Compile", "session", HEAP_BYTES, STACK_BYTES, SAMPLES)
            self._slot = Slot(self._level, room=self._jdk.room(command))
            self._session = self._slot.session(0, HEAP_BYTES + OVERHEAD_BYTES)
            self._left = COMPILES
        return self._session

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
        if self._slot is not None:
            self._slot.close()
        self._session = self._slot = None


def _size(value: Compiled) -> int:
    return len(value) if isinstance(value, bytes) else len(value.message)


def _parsed(answer: bytes) -> Compiled:
    if answer[:1] == bytes([_CLASSES]):
        return answer[1:]
    told: dict[str, Any] = json.loads(answer[1:])
    return Refusal("syntax", clean(told["message"])[: limits.TEXT_CHARS], told.get("line"), told.get("column"))
