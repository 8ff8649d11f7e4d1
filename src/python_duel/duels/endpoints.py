"""HTTP: duels to look at. What is secret during a duel is not here before its end."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from python_duel.challenges.package import Package
from python_duel.challenges.service import Challenges
from python_duel.duels import repository
from python_duel.duels.models import Duel, DuelPlayer
from python_duel.duels.retold import retold
from python_duel.duels.service import Duels
from python_duel.errors import Invalid, NotFound
from python_duel.platform.clock import Clock
from python_duel.protocol.base import Id
from python_duel.protocol.http import (
    ChallengeSummary,
    DuelHistory,
    DuelReplay,
    DuelSide,
    DuelSummary,
    LiveDuel,
)
from python_duel.protocol.server import Player

PAGE = 20
KEPT_S = 86_400
"""So long others may keep a replay without asking: it never changes."""
FORMAT = 1
"""Of what is kept: another one is another answer."""
UNLISTED = {"Cache-Control": "no-store"}
Viewer = Callable[[Request], Awaitable[str | None]]
"""The id of the player who asks, if they have a session."""


def router(duels: Duels, challenges: Challenges, clock: Clock, viewer: Viewer) -> APIRouter:
    """`GET /duels`, `/duels/live`, `/duels/{id}` and `/duels/{id}/replay`."""
    routes = APIRouter(prefix="/duels", tags=["duels"])
    # One at a time: a long one is tens of megabytes, and takes the interpreter from everybody's keystrokes.
    telling = asyncio.Semaphore(1)

    @routes.get("")
    async def history(player: Id, cursor: str | None = None) -> DuelHistory:
        rows = await duels.history(player, _before(cursor), PAGE)
        return DuelHistory(
            duels=[_summary(row, await challenges.by_digest(row.challenge_digest), clock.now()) for row in rows],
            cursor=str(rows[-1].created_at) if len(rows) == PAGE else None,
        )

    @routes.get("/live")
    async def live() -> list[LiveDuel]:
        rows = await duels.watchable(PAGE)
        return [_live(row, await challenges.by_digest(row.challenge_digest)) for row in rows]

    @routes.get("/{duel_id}")
    async def show(duel_id: Id) -> DuelSummary:
        duel = await duels.get(duel_id)
        return _summary(duel, await challenges.by_digest(duel.challenge_digest), clock.now(), texts=True)

    @routes.get("/{duel_id}/replay", response_model=DuelReplay)
    async def replay(duel_id: Id, request: Request) -> Response:
        duel = await duels.get(duel_id)
        if not duel.public and await viewer(request) not in {player.player_id for player in duel.players}:
            raise NotFound("There is no such duel.")
        tag = f'"{FORMAT}-{await duels.archive.replays.hash(duel_id)}"'
        headers = {"Cache-Control": f"public, max-age={KEPT_S}", "ETag": tag} if duel.public else UNLISTED
        if duel.public and tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        sides = [_side(duel, player, texts=True) for player in duel.players]
        async with telling:
            log = await duels.archive.replays.get(duel_id)
            told = await asyncio.to_thread(retold, sides, log)
        return Response(told, media_type="application/json", headers=headers)

    return routes


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isdecimal() or len(cursor) > 15:
        raise Invalid("The cursor is not one of ours: leave it out to start at the newest.")
    return int(cursor)


def _live(duel: Duel, package: Package) -> LiveDuel:
    return LiveDuel(
        duel_id=duel.id,
        mode=duel.mode,
        players=[Player(id=p.player_id, nickname=p.nickname, rating=p.rating) for p in duel.players],
        challenge=package.title,
        starts_at=duel.starts_at,
        deadline=duel.deadline,
    )


def _summary(duel: Duel, package: Package, now: int, *, texts: bool = False) -> DuelSummary:
    started = duel.status == "finished" or now >= duel.starts_at
    return DuelSummary(
        duel_id=duel.id,
        status=duel.status,
        mode=duel.mode,
        ranked=duel.ranked,
        visibility=duel.visibility,
        created_at=duel.created_at,
        starts_at=duel.starts_at,
        deadline=duel.deadline,
        finished_at=duel.finished_at,
        challenge=ChallengeSummary(**package.model_dump(include=set(ChallengeSummary.model_fields)))
        if started
        else None,
        players=[_side(duel, player, texts=texts) for player in duel.players],
        result=repository.result(duel),
    )


def _side(duel: Duel, player: DuelPlayer, *, texts: bool) -> DuelSide:
    return DuelSide(
        id=player.player_id,
        nickname=player.nickname,
        rating=player.rating,
        language=player.language,
        text=player.final_text if texts and duel.status == "finished" else None,
        submissions=sum(row.player_id == player.player_id for row in duel.submissions),
    )
