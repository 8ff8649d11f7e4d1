"""Players and sessions in PostgreSQL."""

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from python_duel.players.models import AdminLink, Player, Session


async def add_guest(session: AsyncSession, player: Player, bearer: Session) -> None:
    """A new player and their first session."""
    session.add(player)
    await session.flush()
    session.add(bearer)


async def by_tokens(session: AsyncSession, token_digests: list[str], now: int) -> dict[str, Player]:
    """The players of those sessions that have not expired, by the digest."""
    query = select(Session.token_digest, Player).join(Player)
    query = query.where(Session.token_digest.in_(token_digests), Session.expires_at > now)
    return {row[0]: row[1] for row in await session.execute(query)}


async def get(session: AsyncSession, player_id: str) -> Player | None:
    """A player by id."""
    return await session.get(Player, player_id)


async def end_session(session: AsyncSession, token_digest: str) -> None:
    """Forget a session."""
    await session.execute(delete(Session).where(Session.token_digest == token_digest))


async def replace_admin_link(session: AsyncSession, token_digest: str, now: int) -> None:
    """A fresh one-time link; earlier unused ones end."""
    await session.execute(delete(AdminLink).where(AdminLink.used_by.is_(None)))
    session.add(AdminLink(token_digest=token_digest, created_at=now))


async def use_admin_link(session: AsyncSession, token_digest: str, player_id: str) -> bool:
    """Use a link up and make the player an admin; False when it is unknown or used."""
    used = await session.execute(
        update(AdminLink)
        .where(AdminLink.token_digest == token_digest, AdminLink.used_by.is_(None))
        .values(used_by=player_id)
        .returning(AdminLink.token_digest)
    )
    if used.scalar_one_or_none() is None:
        return False
    await session.execute(update(Player).where(Player.id == player_id).values(role="admin"))
    return True
