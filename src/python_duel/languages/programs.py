"""Programs compiled lately, shared by the runners of one process: the same source is compiled once."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

P = TypeVar("P")


class Programs(Generic[P]):
    """By key, bounded in number and in size; for any number of threads. What was not asked for longest goes first."""

    def __init__(self, entries: int, most_bytes: int, size_of: Callable[[P], int]) -> None:
        self._entries, self._left, self._size_of = entries, most_bytes, size_of
        self._found: OrderedDict[bytes, Future[P]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes, make: Callable[[], P]) -> P:
        """What is kept under `key`; else what `make` gives, which is then kept.

        Who asks meanwhile waits for it, and gets what it raises; that is not kept.
        """
        with self._lock:
            is_new = key not in self._found
            future = self._found.setdefault(key, Future())
            self._found.move_to_end(key)
        if is_new:
            self._make(key, future, make)
        return future.result()

    def _make(self, key: bytes, future: Future[P], make: Callable[[], P]) -> None:
        try:
            program = make()
        except BaseException as error:  # noqa: BLE001 - all of them are told, to everyone who waits
            with self._lock:
                del self._found[key]
            future.set_exception(error)
            return
        future.set_result(program)
        self._make_room(program)

    def _make_room(self, program: P) -> None:
        with self._lock:
            self._left -= self._size_of(program)
            done = [key for key, future in self._found.items() if future.done()]
            for key in done:
                if self._left >= 0 and len(self._found) <= self._entries:
                    break
                self._left += self._size_of(self._found.pop(key).result())
