"""The language a document began in, beside the one its author writes in now."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("duel_players", sa.Column("starting_language", sa.String(), nullable=True))
    op.execute("UPDATE duel_players SET starting_language = language")
    op.alter_column("duel_players", "starting_language", nullable=False)
