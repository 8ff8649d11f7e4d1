"""The first tables, and the two facts that are written once: a duel's result and a submission's verdict."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEEP_RESULT = (
    """
CREATE FUNCTION keep_result() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.status, NEW.outcome, NEW.winner_id, NEW.reason, NEW.finished_at)
     IS DISTINCT FROM (OLD.status, OLD.outcome, OLD.winner_id, OLD.reason, OLD.finished_at) THEN
    RAISE EXCEPTION 'duel % is finished: its result does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$""",
    """
CREATE TRIGGER keep_result BEFORE UPDATE ON duels
  FOR EACH ROW WHEN (OLD.status = 'finished') EXECUTE FUNCTION keep_result()""",
)

KEEP_VERDICT = (
    """
CREATE FUNCTION keep_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.verdict, NEW.passed, NEW.total, NEW.receipt, NEW.code)
     IS DISTINCT FROM (OLD.verdict, OLD.passed, OLD.total, OLD.receipt, OLD.code) THEN
    RAISE EXCEPTION 'submission % has its verdict: it does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$""",
    """
CREATE TRIGGER keep_verdict BEFORE UPDATE ON submissions
  FOR EACH ROW WHEN (OLD.verdict IS NOT NULL) EXECUTE FUNCTION keep_verdict()""",
)


def upgrade() -> None:
    op.create_table(
        "challenges",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("package", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_challenges")),
    )
    op.create_index("uq_challenges_current", "challenges", ["slug"], unique=True, postgresql_where="current")
    op.create_table(
        "players",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("nickname", sa.String(), nullable=False),
        sa.Column("rating", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("role IN ('player', 'admin')", name=op.f("ck_players_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_players")),
    )
    op.create_table(
        "admin_links",
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["used_by"], ["players.id"], name=op.f("fk_admin_links_used_by")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_admin_links")),
    )
    op.create_table(
        "duels",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("ranked", sa.Boolean(), nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("challenge_digest", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("grace", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("winner_id", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("rematch_of", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(outcome = 'win') = (winner_id IS NOT NULL) OR outcome IS NULL", name=op.f("ck_duels_win_has_winner")
        ),
        sa.CheckConstraint("(status = 'finished') = (outcome IS NOT NULL)", name=op.f("ck_duels_finished_has_outcome")),
        sa.CheckConstraint("outcome IN ('win', 'draw', 'aborted')", name=op.f("ck_duels_outcome")),
        sa.CheckConstraint("status IN ('countdown', 'live', 'finished')", name=op.f("ck_duels_status")),
        sa.ForeignKeyConstraint(["challenge_digest"], ["challenges.digest"], name=op.f("fk_duels_challenge_digest")),
        sa.ForeignKeyConstraint(["rematch_of"], ["duels.id"], name=op.f("fk_duels_rematch_of")),
        sa.ForeignKeyConstraint(["winner_id"], ["players.id"], name=op.f("fk_duels_winner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duels")),
        sa.UniqueConstraint("rematch_of", name=op.f("uq_duels_rematch_of")),
    )
    op.create_index("ix_duels_open", "duels", ["starts_at"], unique=False, postgresql_where="status <> 'finished'")
    op.create_table(
        "invites",
        sa.Column("code_digest", sa.String(), nullable=False),
        sa.Column("duel_id", sa.String(), nullable=False),
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("challenge_digest", sa.String(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("ranked", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["challenge_digest"], ["challenges.digest"], name=op.f("fk_invites_challenge_digest")),
        sa.ForeignKeyConstraint(["host_id"], ["players.id"], name=op.f("fk_invites_host_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("pk_invites")),
        sa.UniqueConstraint("duel_id", name=op.f("uq_invites_duel_id")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("player_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_sessions_player_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_player_id"), "sessions", ["player_id"], unique=False)
    op.create_table(
        "duel_players",
        sa.Column("duel_id", sa.String(), nullable=False),
        sa.Column("player_id", sa.String(), nullable=False),
        sa.Column("seat", sa.SmallInteger(), nullable=False),
        sa.Column("nickname", sa.String(), nullable=False),
        sa.Column("rating", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("away_since", sa.BigInteger(), nullable=True),
        sa.Column("offers_draw", sa.Boolean(), nullable=False),
        sa.Column("offers_rematch", sa.Boolean(), nullable=False),
        sa.Column("final_seq", sa.BigInteger(), nullable=True),
        sa.Column("final_text", sa.String(), nullable=True),
        sa.CheckConstraint("seat IN (0, 1)", name=op.f("ck_duel_players_seat")),
        sa.ForeignKeyConstraint(["duel_id"], ["duels.id"], name=op.f("fk_duel_players_duel_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_duel_players_player_id")),
        sa.PrimaryKeyConstraint("duel_id", "player_id", name=op.f("pk_duel_players")),
        sa.UniqueConstraint("duel_id", "seat", name=op.f("uq_duel_players_duel_id_seat")),
    )
    op.create_index("ix_duel_players_history", "duel_players", ["player_id", "duel_id"], unique=False)
    op.create_index("uq_duel_players_one_live", "duel_players", ["player_id"], unique=True, postgresql_where="live")
    op.create_table(
        "submissions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("duel_id", sa.String(), nullable=False),
        sa.Column("player_id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("receipt", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("passed", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("time_ms", sa.BigInteger(), nullable=True),
        sa.Column("memory_kb", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("judged_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("passed IS NULL OR passed BETWEEN 0 AND total", name=op.f("ck_submissions_passed")),
        sa.ForeignKeyConstraint(["duel_id"], ["duels.id"], name=op.f("fk_submissions_duel_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["player_id"], ["players.id"], name=op.f("fk_submissions_player_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint(
            "duel_id", "player_id", "submission_id", name=op.f("uq_submissions_duel_id_player_id_submission_id")
        ),
        sa.UniqueConstraint("duel_id", "receipt", name=op.f("uq_submissions_duel_id_receipt")),
    )
    op.create_index(
        "ix_submissions_pending", "submissions", ["received_at"], unique=False, postgresql_where="verdict IS NULL"
    )
    for statement in (*KEEP_RESULT, *KEEP_VERDICT):
        op.execute(statement)
