"""What happens in a duel, kept while it is played; and its whole event log, once it is over."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEEP_REPLAY = (
    """
CREATE FUNCTION keep_replay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the replay of duel % does not change', OLD.duel_id;
END $$""",
    "CREATE TRIGGER keep_replay BEFORE UPDATE ON replays FOR EACH ROW EXECUTE FUNCTION keep_replay()",
)


def upgrade() -> None:
    op.create_table(
        "duel_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("duel_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["duel_id"], ["duels.id"], name=op.f("fk_duel_events_duel_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duel_events")),
    )
    op.create_index(op.f("ix_duel_events_duel_id"), "duel_events", ["duel_id"], unique=False)
    op.create_table(
        "replays",
        sa.Column("duel_id", sa.String(), nullable=False),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["duel_id"], ["duels.id"], name=op.f("fk_replays_duel_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("duel_id", name=op.f("pk_replays")),
    )
    for statement in KEEP_REPLAY:
        op.execute(statement)
