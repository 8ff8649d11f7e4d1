"""The table of challenges: every version that was ever played, by its digest."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from python_duel.platform.postgres import Base


class Challenge(Base):
    """A package as it was seeded; one version of a slug is current."""

    __tablename__ = "challenges"
    __table_args__ = (Index("uq_challenges_current", "slug", unique=True, postgresql_where="current"),)

    digest: Mapped[str] = mapped_column(primary_key=True)
    slug: Mapped[str]
    current: Mapped[bool]
    package: Mapped[str]
    """`Package` as JSON text: JSONB would reorder keys, and turn a float such as 1e22 into an int."""
    created_at: Mapped[int]
