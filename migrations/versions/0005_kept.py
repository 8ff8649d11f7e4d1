"""What is kept of a duel that is over does not change: whole rows, last texts; and a replay goes only with its duel.
And a row that says since when players can come and go.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEEP = (
    """
CREATE OR REPLACE FUNCTION keep_result() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'duel % is finished: it does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$""",
    """
CREATE OR REPLACE FUNCTION keep_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'submission % has its verdict: it does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$""",
    """
CREATE FUNCTION keep_last_text() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kept duel_players := OLD;
BEGIN
  kept.offers_rematch := NEW.offers_rematch;
  IF NEW IS DISTINCT FROM kept THEN
    RAISE EXCEPTION 'the last text of % in duel % is kept: it does not change', OLD.player_id, OLD.duel_id;
  END IF;
  RETURN NEW;
END $$""",
    """
CREATE TRIGGER keep_last_text BEFORE UPDATE ON duel_players
  FOR EACH ROW WHEN (OLD.final_seq IS NOT NULL) EXECUTE FUNCTION keep_last_text()""",
    # When a duel is deleted with all that belongs to it, it is gone before its replay is.
    """
CREATE FUNCTION keep_replay_with_duel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM duels WHERE id = OLD.duel_id) THEN
    RAISE EXCEPTION 'the replay of duel % does not change', OLD.duel_id;
  END IF;
  RETURN OLD;
END $$""",
    """
CREATE TRIGGER keep_replay_with_duel BEFORE DELETE ON replays
  FOR EACH ROW EXECUTE FUNCTION keep_replay_with_duel()""",
)


def upgrade() -> None:
    op.create_table(
        "uptime",
        sa.Column("up_since", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("up_since", name=op.f("pk_uptime")),
    )
    op.execute("INSERT INTO uptime VALUES (0, 0)")
    for statement in KEEP:
        op.execute(statement)
