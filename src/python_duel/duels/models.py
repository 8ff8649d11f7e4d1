"""Tables of duels, their two sides and their submissions. What the store can uphold stands here as constraints."""

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from python_duel.platform.postgres import Base


class Duel(Base):
    """One duel. A result is written once: a trigger refuses to change it (migration 0001)."""

    __tablename__ = "duels"
    __table_args__ = (
        CheckConstraint("status IN ('countdown', 'live', 'finished')", name="status"),
        CheckConstraint("(status = 'finished') = (outcome IS NOT NULL)", name="finished_has_outcome"),
        CheckConstraint("(outcome = 'win') = (winner_id IS NOT NULL) OR outcome IS NULL", name="win_has_winner"),
        CheckConstraint("outcome IN ('win', 'draw', 'aborted')", name="outcome"),
        Index("ix_duels_open", "starts_at", postgresql_where="status <> 'finished'"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    mode: Mapped[str]
    ranked: Mapped[bool]
    visibility: Mapped[str]
    public: Mapped[bool]
    """Whether it is listed for spectators."""
    challenge_digest: Mapped[str] = mapped_column(ForeignKey("challenges.digest"))
    status: Mapped[str] = mapped_column(default="countdown")
    created_at: Mapped[int]
    starts_at: Mapped[int]
    deadline: Mapped[int]
    grace: Mapped[int]
    finished_at: Mapped[int | None]
    outcome: Mapped[str | None]
    winner_id: Mapped[str | None] = mapped_column(ForeignKey("players.id"))
    reason: Mapped[str | None]
    rematch_of: Mapped[str | None] = mapped_column(ForeignKey("duels.id"), unique=True)

    players: Mapped[list["DuelPlayer"]] = relationship(order_by="DuelPlayer.seat", lazy="selectin")
    submissions: Mapped[list["Submission"]] = relationship(order_by="Submission.receipt", lazy="selectin")


class DuelPlayer(Base):
    """One side of a duel. `live` mirrors the duel's status, so that an index allows one live duel a player."""

    __tablename__ = "duel_players"
    __table_args__ = (
        UniqueConstraint("duel_id", "seat"),
        CheckConstraint("seat IN (0, 1)", name="seat"),
        Index("uq_duel_players_one_live", "player_id", unique=True, postgresql_where="live"),
        Index("ix_duel_players_history", "player_id", "duel_id"),
        Index("ix_duel_players_unarchived", "duel_id", postgresql_where="final_seq IS NULL"),
    )

    duel_id: Mapped[str] = mapped_column(ForeignKey("duels.id", ondelete="CASCADE"), primary_key=True)
    player_id: Mapped[str] = mapped_column(ForeignKey("players.id"), primary_key=True)
    seat: Mapped[int] = mapped_column(SmallInteger)
    nickname: Mapped[str]
    rating: Mapped[int]
    language: Mapped[str]
    """What they write in now."""
    starting_language: Mapped[str]
    """The one whose starter code the document began with."""
    live: Mapped[bool] = mapped_column(default=True)
    away_since: Mapped[int | None]
    offers_draw: Mapped[bool] = mapped_column(default=False)
    offers_rematch: Mapped[bool] = mapped_column(default=False)
    final_seq: Mapped[int | None]
    final_text: Mapped[str | None]


class Submission(Base):
    """What was received and what the judge said. A verdict is written once: a trigger refuses to change it."""

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("duel_id", "player_id", "submission_id"),
        UniqueConstraint("duel_id", "receipt"),
        CheckConstraint("passed IS NULL OR passed BETWEEN 0 AND total", name="passed"),
        Index("ix_submissions_pending", "received_at", postgresql_where="verdict IS NULL"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    duel_id: Mapped[str] = mapped_column(ForeignKey("duels.id", ondelete="CASCADE"))
    player_id: Mapped[str] = mapped_column(ForeignKey("players.id"))
    submission_id: Mapped[str]
    """The client's own id: unique within the duel and player."""
    receipt: Mapped[int]
    language: Mapped[str]
    seq: Mapped[int]
    code: Mapped[str] = mapped_column(deferred=True)
    received_at: Mapped[int]
    verdict: Mapped[str | None]
    passed: Mapped[int | None]
    total: Mapped[int | None]
    time_ms: Mapped[int | None]
    memory_kb: Mapped[int | None]
    message: Mapped[str | None]
    judged_at: Mapped[int | None]


class DuelEvent(Base):
    """What happened in a duel whose replay is not written yet."""

    __tablename__ = "duel_events"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    duel_id: Mapped[str] = mapped_column(ForeignKey("duels.id", ondelete="CASCADE"), index=True)
    at: Mapped[int]
    entry: Mapped[str]
    """JSON: a line of the log to come."""


class Replay(Base):
    """The event log of a duel that is over. It is written once: a trigger refuses to change it."""

    __tablename__ = "replays"

    duel_id: Mapped[str] = mapped_column(ForeignKey("duels.id", ondelete="CASCADE"), primary_key=True)
    log: Mapped[str]
    hash: Mapped[str]


class Uptime(Base):
    """One row: since when players can come and go, and when that was seen last, as Redis and PostgreSQL answered."""

    __tablename__ = "uptime"

    up_since: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seen_at: Mapped[int]


class Invite(Base):
    """An open invitation; accepting it creates the duel whose id it holds."""

    __tablename__ = "invites"

    code_digest: Mapped[str] = mapped_column(primary_key=True)
    duel_id: Mapped[str] = mapped_column(unique=True)
    host_id: Mapped[str] = mapped_column(ForeignKey("players.id", ondelete="CASCADE"))
    challenge_digest: Mapped[str] = mapped_column(ForeignKey("challenges.digest"))
    length: Mapped[int]
    visibility: Mapped[str]
    ranked: Mapped[bool]
    created_at: Mapped[int]
