"""Alembic's entry: runs over the connection it is given (`platform.postgres.migrate`)."""

from alembic import context

from python_duel.challenges import models as challenges
from python_duel.duels import models as duels
from python_duel.platform.postgres import Base
from python_duel.players import models as players

FEATURES = (challenges, duels, players)

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
