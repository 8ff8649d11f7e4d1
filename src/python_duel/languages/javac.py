"""The Java compiler, kept warm in a jail of its own, and shared by all runners of a process."""

import hashlib
import json
import threading
from collections import OrderedDict
from contextlib import suppress
from typing import Any

from python_duel.languages.jdk import Jdk
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
CPU_MS, WALL_MS = 5_000, 15_000
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
        self._cache = Cache()

    def compile(self, source: str) -> Compiled:
        """Class files or a refusal, from the cache if it can be. Raises SlotLost."""
        key = hashlib.sha256(source.encode()).digest()
        with self._lock:
            found = self._cache.get(key)
            if found is None:
                found = self._compiled(source)
                self._cache.put(key, found)
        return found

    def warm_up(self) -> None:
        """Starts the session, if there is none. Raises SandboxError or SlotLost."""
        with self._lock:
            self._ready()

    def close(self) -> None:
        """Ends the session; a later compilation starts another."""
        with self._lock:
            self._drop()

    def _compiled(self, source: str) -> Compiled:
        for _ in range(2):
            with suppress(SlotLost):
                try:
                    return _parsed(self._asked(source))
                except Overrun:
                    self._drop()
                    return _TOO_COMPLEX
            self._drop()
        # It is the source that ends the compiler, if a new one ends too.
        self._ready()
        return _TOO_COMPLEX

    def _asked(self, source: str) -> bytes:
        session = self._ready()
        self._left -= 1
        return session.ask(source.encode(), CPU_MS, WALL_MS)

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


class Cache:
    """What sources became, the ones asked for last. Bounded in number and in bytes."""

    def __init__(self, entries: int = CACHE_ENTRIES, most_bytes: int = CACHE_BYTES) -> None:
        self._entries, self._left = entries, most_bytes
        self._found: OrderedDict[bytes, Compiled] = OrderedDict()

    def get(self, key: bytes) -> Compiled | None:
        """None when it is not known, or no longer."""
        if key in self._found:
            self._found.move_to_end(key)
        return self._found.get(key)

    def put(self, key: bytes, value: Compiled) -> None:
        """Forgets what was not asked for longest."""
        self._found[key] = value
        self._left -= _size(value)
        while self._left < 0 or len(self._found) > self._entries:
            self._left += _size(self._found.popitem(last=False)[1])


def _size(value: Compiled) -> int:
    return len(value) if isinstance(value, bytes) else len(value.message)


def _parsed(answer: bytes) -> Compiled:
    if answer[:1] == bytes([_CLASSES]):
        return answer[1:]
    told: dict[str, Any] = json.loads(answer[1:])
    return Refusal("syntax", clean(told["message"])[: limits.TEXT_CHARS], told.get("line"), told.get("column"))
