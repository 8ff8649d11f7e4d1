"""Shapes of the HTTP answers that the front end reads. What they share with the socket is in `server`."""

from typing import Annotated, Literal

from pydantic import Field

from python_duel.protocol.base import ClientMessage, Id, Milliseconds, Mode, ServerMessage
from python_duel.protocol.server import Player


class GuestCreate(ClientMessage):
    """`POST /api/v1/session/guest`."""

    nickname: Annotated[str, Field(min_length=1, max_length=32)]


class AdminCreate(ClientMessage):
    """`POST /api/v1/session/admin`: the one-time token of the start-up link."""

    token: str


class SessionCreated(ServerMessage):
    player: Player
    token: str
    """For clients without cookies; a browser keeps the HttpOnly cookie instead."""


class Me(ServerMessage):
    """`GET /api/v1/me`."""

    player: Player
    active_duel_id: Id | None = None


class ChallengeSummary(ServerMessage):
    """One row of `GET /api/v1/challenges`."""

    slug: str
    title: str
    difficulty: int
    """1 (warm-up) to 5 (hard)."""
    tags: list[str] = []


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
    queue: int


class Checks(ServerMessage):
    postgres: str
    redis: str
    judge: JudgeHealth


class Ready(ServerMessage):
    """`GET /readyz`, with 200 or 503."""

    status: Literal["ready", "unavailable"]
    checks: Checks
