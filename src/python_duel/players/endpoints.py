"""HTTP: sessions and players."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from python_duel.errors import Unauthenticated
from python_duel.platform.bus import Bus
from python_duel.platform.ids import digest
from python_duel.players.service import Players, profile
from python_duel.players.session import clear_cookie, set_cookie, token_of
from python_duel.protocol.base import Id
from python_duel.protocol.http import AdminRequest, GuestRequest, Me, Profile, SessionOpened
from python_duel.settings import Settings

ActiveDuel = Callable[[str], Awaitable[str | None]]
"""The duel a player is in, if any."""


def viewer(players: Players) -> Callable[[Request], Awaitable[str | None]]:
    """Who asks: the id of the session's player, None without a session."""

    async def of(request: Request) -> str | None:
        try:
            return (await players.authenticate(token_of(request))).id
        except Unauthenticated:
            return None

    return of


def router(players: Players, active_duel: ActiveDuel, bus: Bus, settings: Settings) -> APIRouter:
    """`/session`, `/me` and `/players`."""
    routes = APIRouter(tags=["players"])

    @routes.post("/session/guest", status_code=201)
    async def open_guest(body: GuestRequest, response: Response) -> SessionOpened:
        player, token = await players.open_guest(body.nickname)
        set_cookie(response, token, settings)
        return SessionOpened(player=profile(player), token=token)

    @routes.post("/session/admin")
    async def claim_admin(body: AdminRequest, request: Request, response: Response) -> SessionOpened:
        token = token_of(request) or ""
        try:
            host = await players.authenticate(token)
        except Unauthenticated:
            # No session, or one of a database that is gone.
            host, token = await players.open_guest("Host")
            set_cookie(response, token, settings)
        player = await players.claim_admin(body.token, host)
        return SessionOpened(player=profile(player), token=token)

    @routes.delete("/session", status_code=204)
    async def close(request: Request, response: Response) -> None:
        token = token_of(request)
        player = await players.authenticate(token)
        await players.close(token or "")
        closed = {"session": digest(token or ""), "reason": "You have signed out."}
        await bus.publish(f"player:{player.id}", "session:closed", closed)
        clear_cookie(response)

    @routes.get("/me")
    async def me(request: Request) -> Me:
        player = await players.authenticate(token_of(request))
        return Me(player=profile(player), active_duel_id=await active_duel(player.id))

    @routes.get("/players/{player_id}")
    async def show(player_id: Id) -> Profile:
        return profile(await players.get(player_id))

    return routes
