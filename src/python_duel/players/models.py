"""Tables of players and their sessions."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from python_duel.platform.postgres import Base

INITIAL_RATING = 1500


class Player(Base):
    """Somebody who plays; a guest until they register."""

    __tablename__ = "players"
    __table_args__ = (CheckConstraint("role IN ('player', 'admin')", name="role"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    nickname: Mapped[str]
    rating: Mapped[int] = mapped_column(default=INITIAL_RATING)
    role: Mapped[str] = mapped_column(default="player")
    created_at: Mapped[int]


class Session(Base):
    """A bearer of a token; only the token's digest is kept."""

    __tablename__ = "sessions"

    token_digest: Mapped[str] = mapped_column(primary_key=True)
    player_id: Mapped[str] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[int]
    expires_at: Mapped[int]


class AdminLink(Base):
    """A one-time link that makes its bearer an admin."""

    __tablename__ = "admin_links"

    token_digest: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[int]
    used_by: Mapped[str | None] = mapped_column(ForeignKey("players.id"))
