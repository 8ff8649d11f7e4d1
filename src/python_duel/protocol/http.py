"""Shapes of the HTTP answers that the front end reads. What they share with the socket is in `server`."""

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from python_duel.protocol.base import ClientMessage, Id, Milliseconds, Mode, ServerMessage, Visibility
from python_duel.protocol.server import Player, Result, Status

NICKNAME_MAX = 24


def clean_nickname(raw: str) -> str:
    """A nickname as it is shown: NFC, single spaces, 1 to 24 characters, all of them visible."""
    name = " ".join(unicodedata.normalize("NFC", raw).split())
    if not 1 <= len(name) <= NICKNAME_MAX:
        raise ValueError(f"a nickname has 1 to {NICKNAME_MAX} characters")
    # Categories C*: controls, bidi overrides, surrogates, unassigned. The joiner of emoji is one of them too.
    if any(unicodedata.category(c)[0] == "C" and c != "\u200d" for c in name):
        raise ValueError("a nickname has visible characters only")
    return name


class GuestRequest(ClientMessage):
    """`POST /api/v1/session/guest`."""

    nickname: Annotated[str, Field(max_length=200), AfterValidator(clean_nickname)]


class AdminRequest(ClientMessage):
    """`POST /api/v1/session/admin`: the one-time token of the start-up link."""

    token: Annotated[str, Field(min_length=1, max_length=100)]


class Profile(Player):
    """A player as everybody sees them."""

    role: str


class SessionOpened(ServerMessage):
    """Answer of the session calls."""

    player: Profile
    token: str
    """For clients without cookies; a browser keeps the HttpOnly cookie instead."""


class Me(ServerMessage):
    """`GET /api/v1/me`."""

    player: Profile
    active_duel_id: Id | None = None


class ChallengeSummary(ServerMessage):
    """One row of `GET /api/v1/challenges`."""

    slug: str
    title: str
    difficulty: int
    """1 (warm-up) to 5 (hard)."""
    tags: list[str]
    kind: str


class LiveDuel(ServerMessage):
    """One row of `GET /api/v1/duels/live`: a duel that may be watched."""

    duel_id: Id
    mode: Mode
    players: list[Player]
    challenge: str | None = None
    """Its title, once the duel has started."""
    starts_at: Milliseconds
    deadline: Milliseconds


class FieldError(ServerMessage):
    field: str
    message: str


class Problem(ServerMessage):
    """RFC 9457 problem details; `code` is for programs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | None = None


class JudgeHealth(ServerMessage):
    workers: int
    level: str | None = None
    """The weakest isolation of those that live."""
    languages: list[str] = []
    """What all of them can run."""
    queue: int
    """Jobs waiting or being judged."""


class Checks(ServerMessage):
    postgres: str
    redis: str
    judge: JudgeHealth


class Ready(ServerMessage):
    """`GET /readyz`, with 200 or 503."""

    status: Literal["ready", "unavailable"]
    checks: Checks


class DuelSide(Player):
    """One side of a duel that is over."""

    language: str
    text: str | None = None
    submissions: int


class DuelSummary(ServerMessage):
    """`GET /api/v1/duels/{id}`, and one row of the history."""

    duel_id: Id
    status: Status
    mode: Mode
    ranked: bool
    visibility: Visibility
    created_at: Milliseconds
    starts_at: Milliseconds
    deadline: Milliseconds
    finished_at: Milliseconds | None = None
    challenge: ChallengeSummary | None = None
    """Not before the duel has started."""
    players: list[DuelSide]
    result: Result | None = None


class ReplayEdit(ServerMessage):
    """One change set, as `duel:edit` carries it."""

    at: Milliseconds
    seq: int
    lost: int | None = None
    """So many edits, up to `seq`, are lost: it stands for them."""
    changes: list[int | list[int | str]]


class ReplayDocument(ServerMessage):
    """What a player wrote: the starter code, then every edit."""

    player_id: Id
    starter: str
    edits: list[ReplayEdit]


class ReplayEvent(ServerMessage):
    """What else happened. `kind`: tick, submit, verdict, resign, offer_draw, leave, return, run, language, lost or
    end.
    """

    at: Milliseconds
    kind: str
    player_id: Id | None = None
    id: str | None = None
    """Of a submission: the same in its `submit` and its `verdict`."""
    submission_id: str | None = None
    receipt: int | None = None
    seq: int | None = None
    language: str | None = None
    verdict: str | None = None
    passed: int | None = None
    result: Result | None = None


class DuelReplay(ServerMessage):
    """`GET /api/v1/duels/{id}/replay`, once the duel is over."""

    players: list[DuelSide]
    documents: list[ReplayDocument]
    events: list[ReplayEvent]


class DuelHistory(ServerMessage):
    """`GET /api/v1/duels?player=`: newest first; `cursor` asks for the next page."""

    duels: list[DuelSummary]
    cursor: str | None = None
