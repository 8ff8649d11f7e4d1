"""Challenges in PostgreSQL."""

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from python_duel.challenges.models import Challenge
from python_duel.challenges.package import Package

SEED_LOCK = 0x53454544  # "SEED"


async def seed(session: AsyncSession, packages: list[Package], now: int) -> None:
    """Make exactly `packages` the current challenges; earlier versions stay for the duels that used them."""
    # One seeder at a time: two web processes start together, and there may be no row yet to lock.
    await session.execute(select(func.pg_advisory_xact_lock(SEED_LOCK)))
    digests = [package.digest for package in packages]
    await session.execute(
        update(Challenge).where(Challenge.current, Challenge.digest.not_in(digests)).values(current=False)
    )
    for package in packages:
        row = insert(Challenge).values(
            digest=package.digest,
            slug=package.slug,
            current=True,
            package=package.model_dump_json(),
            created_at=now,
        )
        # The package too: what has changed it since is mended.
        again = {"current": True, "package": row.excluded.package}
        await session.execute(row.on_conflict_do_update(index_elements=["digest"], set_=again))


async def current(session: AsyncSession) -> list[str]:
    """The digests of the challenges that may be played."""
    return list((await session.execute(select(Challenge.digest).where(Challenge.current))).scalars())


async def get(session: AsyncSession, digest: str) -> Package | None:
    """One version of a challenge. Raises ValueError when it is not what was stored."""
    row = (await session.execute(select(Challenge.package).where(Challenge.digest == digest))).scalar_one_or_none()
    package = None if row is None else Package.model_validate_json(row)
    if package and package.digest != digest:
        raise ValueError(f"the challenge {package.slug} of digest {digest} is not what was stored: it was changed")
    return package
