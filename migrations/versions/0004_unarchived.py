"""Finds the sides of duels whose last text is not stored yet without a look at all that are over."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index(
        "ix_duel_players_unarchived", "duel_players", ["duel_id"], unique=False, postgresql_where="final_seq IS NULL"
    )
