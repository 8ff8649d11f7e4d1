"""Challenge packages by digest, kept in memory: the same few are asked for again and again."""

from collections import OrderedDict

from pydantic import ValidationError

from python_duel.challenges.package import Package
from python_duel.judge.queue import Queue

KEPT = 64


class MissingPackage(Exception):
    """The store has no such challenge; the web puts it there and asks again."""


class BadPackage(Exception):
    """The store's challenge is none, or another one."""


class Packages:
    """The last `KEPT` packages used."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._kept: OrderedDict[str, Package] = OrderedDict()

    async def get(self, digest: str) -> Package:
        """Raises MissingPackage or BadPackage, or what the queue raises."""
        if digest not in self._kept:
            self._kept[digest] = await self._fetch(digest)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(digest)
        return self._kept[digest]

    async def _fetch(self, digest: str) -> Package:
        text = await self._queue.package(digest)
        if text is None:
            raise MissingPackage(digest)
        try:
            package = Package.model_validate_json(text)
        except ValidationError as error:
            raise BadPackage(f"{error.error_count()} faults") from None
        if package.digest != digest:
            raise BadPackage("its digest is another one")
        return package
