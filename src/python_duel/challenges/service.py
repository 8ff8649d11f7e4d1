"""The challenges on offer, and any version that a duel was made with."""

import random
from pathlib import Path

import structlog

from python_duel.challenges import repository
from python_duel.challenges.loader import load_all
from python_duel.challenges.package import Package
from python_duel.errors import NotFound
from python_duel.platform.postgres import START_S, Database, read_now

_chance = random.SystemRandom()
log = structlog.get_logger(__name__)


class Challenges:
    """Challenges by slug and by digest. A version never changes, so each is read once a process."""

    def __init__(self, database: Database, code_bytes: int) -> None:
        self._database = database
        self.code_bytes = code_bytes
        self._by_digest: dict[str, Package] = {}

    async def seed(self, folder: Path) -> None:
        """Bring the packages in `folder` into the store; raises `BadChallenge`."""
        packages = load_all(folder)
        async with self._database.transaction(START_S) as session:
            await repository.seed(session, packages, await read_now(session))

    async def current(self) -> list[Package]:
        """What may be played, easiest first."""
        async with self._database.transaction() as session:
            digests = await repository.current(session)
        packages = []
        for digest in digests:
            try:
                packages.append(await self.by_digest(digest))
            except ValueError as error:
                log.error("a challenge is damaged; the next start mends it", digest=digest, error=str(error))
        return sorted(packages, key=lambda package: (package.difficulty, package.slug))

    async def by_slug(self, slug: str) -> Package:
        """The current version of a challenge; raises `NotFound`."""
        for package in await self.current():
            if package.slug == slug:
                return package
        raise NotFound(f"There is no challenge {slug!r}: GET /api/v1/challenges lists them.")

    async def by_digest(self, digest: str) -> Package:
        """The version a duel was made with. Raises `NotFound`, or ValueError when it is damaged."""
        if digest not in self._by_digest:
            async with self._database.transaction() as session:
                package = await repository.get(session, digest)
            if package is None:
                raise NotFound("This challenge is not in the store.")
            self._by_digest[digest] = package
        return self._by_digest[digest]

    async def pick(self, avoid: set[str]) -> Package:
        """A challenge by chance, not one of the digests in `avoid` while there is another."""
        packages = await self.current()
        return _chance.choice([p for p in packages if p.digest not in avoid] or packages)
