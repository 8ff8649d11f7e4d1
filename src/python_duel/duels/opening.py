"""How a duel begins: who plays, under which terms, and its rows."""

from collections.abc import Collection
from dataclasses import dataclass

from python_duel.duels.models import Duel, DuelPlayer
from python_duel.platform.postgres import Transaction
from python_duel.players.models import Player
from python_duel.protocol.base import Mode, Visibility


@dataclass(frozen=True, slots=True)
class Entrant:
    """Somebody about to duel, and the language they would start in: if it is not offered then, they start in Python."""

    player_id: str
    language: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What a duel is played under. Spans in milliseconds."""

    mode: Mode
    ranked: bool
    visibility: Visibility
    public: bool
    length: int
    countdown: int
    grace: int


async def insert(
    session: Transaction,
    now: int,
    duel_id: str,
    entrants: tuple[Entrant, Entrant],
    terms: Terms,
    challenge_digest: str,
    offered: Collection[str],
    rematch_of: str | None = None,
) -> Duel:
    """Write a duel that is made at `now` (ms) and starts after its countdown; `offered`: the languages there are.

    Gives its row, which does not know its sides yet. Raises `Conflict`, perhaps only at the commit.
    """
    starts_at = now + terms.countdown
    duel = Duel(
        id=duel_id,
        mode=terms.mode,
        ranked=terms.ranked,
        visibility=terms.visibility,
        public=terms.public,
        challenge_digest=challenge_digest,
        status="countdown",
        created_at=now,
        starts_at=starts_at,
        deadline=starts_at + terms.length,
        grace=terms.grace,
        rematch_of=rematch_of,
    )
    session.add(duel)
    await session.flush()
    # In one order whoever sits where: two duels of the same two players would wait for each other.
    for seat, entrant in sorted(enumerate(entrants), key=lambda side: side[1].player_id):
        player = await session.get_one(Player, entrant.player_id)
        language = entrant.language if entrant.language in offered else "python"
        session.add(
            DuelPlayer(
                duel_id=duel_id,
                player_id=player.id,
                seat=seat,
                nickname=player.nickname,
                rating=player.rating,
                language=language,
                starting_language=language,
            )
        )
    return duel
