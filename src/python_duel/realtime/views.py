"""Who may see what of a duel. Pure, and the only place: every snapshot and every relayed event passes through here."""

from dataclasses import dataclass
from typing import Literal

from python_duel.challenges.package import Package
from python_duel.duels import repository, rules
from python_duel.duels.document import ChangeSet, Document, masked, masked_changes
from python_duel.duels.models import Duel, DuelPlayer
from python_duel.protocol.server import DuelPlayer as PlayerView
from python_duel.protocol.server import (
    DuelVerdict,
    Role,
    Snapshot,
    SubmissionView,
)

Sight = Literal["full", "shape", "none"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks."""

    player_id: str
    role: Role


NOBODY = Viewer(" ", "spectator")


@dataclass(frozen=True, slots=True)
class Facts:
    """All there is to know of a duel now, before anybody's view of it."""

    duel: Duel
    package: Package
    documents: dict[str, Document]
    """By player id."""
    now: int
    code_bytes: int
    languages: frozenset[str]
    """What can be judged now."""
    rematch_id: str | None
    home: str | None = None


def viewer(duel: Duel, player_id: str) -> Viewer:
    """The role of a player towards a duel."""
    member = any(player.player_id == player_id for player in duel.players)
    return Viewer(player_id, "player" if member else "spectator")


def sight(viewer: Viewer, author_id: str, visibility: str, finished: bool) -> Sight:
    """How much of `author_id`'s code the viewer may see."""
    if finished or viewer.player_id == author_id or visibility == "live":
        return "full"
    return "shape" if visibility == "veiled" else "none"


def snapshot(facts: Facts, viewer: Viewer) -> Snapshot:
    """The duel as the viewer may see it."""
    duel = facts.duel
    started = duel.status != "countdown" or facts.now >= duel.starts_at
    return Snapshot(
        duel_id=duel.id,
        status=duel.status,
        role=viewer.role,
        mode=duel.mode,
        ranked=duel.ranked,
        visibility=duel.visibility,
        server_time=facts.now,
        starts_at=duel.starts_at,
        deadline=duel.deadline,
        challenge=facts.package.view(facts.code_bytes, facts.languages) if started else None,
        players=[_player(facts, player, viewer, started) for player in duel.players],
        result=repository.result(duel),
        draw_offers=[player.player_id for player in duel.players if player.offers_draw],
        rematch_offers=[player.player_id for player in duel.players if player.offers_rematch],
        rematch_id=facts.rematch_id,
        grace_ms=duel.grace,
        home=facts.home,
    )


def edited(changes: ChangeSet, sight: Sight) -> ChangeSet | None:
    """A live edit for those who may see so much of it; None where only the activity shows."""
    if sight == "full":
        return changes
    return masked_changes(changes) if sight == "shape" else None


def others_sight(visibility: str) -> Sight:
    """How much everybody but its author may see of code that is being written; where it is "none", no caret either."""
    return sight(NOBODY, "", visibility, finished=False)


def verdict(message: DuelVerdict, viewer: Viewer) -> DuelVerdict:
    """A verdict for the viewer: the judge's words are for the author."""
    if viewer.player_id == message.player_id:
        return message
    return message.model_copy(update={"message": None, "line": None, "column": None, "failed_sample": None})


def _player(facts: Facts, player: DuelPlayer, viewer: Viewer, started: bool) -> PlayerView:
    document = facts.documents[player.player_id]
    return PlayerView(
        id=player.player_id,
        nickname=player.nickname,
        rating=player.rating,
        connected=player.away_since is None,
        grace_until=None if player.away_since is None else player.away_since + facts.duel.grace,
        language=player.language,
        seq=document.seq,
        text=_text(facts, document, player.player_id, viewer) if started else None,
        submissions=_submissions(facts.duel, player.player_id, viewer),
    )


def _text(facts: Facts, document: Document, author_id: str, viewer: Viewer) -> str | None:
    seen = sight(viewer, author_id, facts.duel.visibility, facts.duel.status == "finished")
    if seen == "none":
        return None
    return document.text if seen == "full" else masked(document.text)


def _submissions(duel: Duel, player_id: str, viewer: Viewer) -> list[SubmissionView]:
    state = repository.state(duel)
    held = {s.id for s in state.submissions if state.status != "finished" and rules.held(state, s)}
    return [
        SubmissionView(
            submission_id=row.submission_id,
            receipt=row.receipt,
            received_at=row.received_at,
            verdict=row.verdict,
            passed=row.passed,
            total=row.total,
            time_ms=row.time_ms,
            memory_kb=row.memory_kb,
            held=row.id in held,
            message=row.message if viewer.player_id == player_id else None,
        )
        for row in duel.submissions
        if row.player_id == player_id
    ]
