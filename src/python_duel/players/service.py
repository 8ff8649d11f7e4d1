"""Who is who: guests, their sessions, and the one-time admin link."""

import asyncio
from collections.abc import Collection

from python_duel.errors import Forbidden, NotFound, Unauthenticated
from python_duel.platform.batch import Batch
from python_duel.platform.clock import Clock
from python_duel.platform.ids import digest, new_id, new_token
from python_duel.platform.postgres import Database, read_now
from python_duel.players import repository
from python_duel.players.models import INITIAL_RATING, Player, Session
from python_duel.protocol.http import Profile

DAY = 86_400_000


class Players:
    """Players and sessions."""

    def __init__(self, database: Database, clock: Clock, session_days: float) -> None:
        self._database, self._clock = database, clock
        self._session_span = int(session_days * DAY)
        self._bearers = Batch(self._read_bearers)

    async def open_guest(self, nickname: str) -> tuple[Player, str]:
        """A new guest and the token of their session."""
        token, now = new_token(), self._clock.now()
        player = Player(id=new_id(), nickname=nickname, rating=INITIAL_RATING, role="player", created_at=now)
        bearer = Session(
            token_digest=digest(token), player_id=player.id, created_at=now, expires_at=now + self._session_span
        )
        async with self._database.transaction() as session:
            await repository.add_guest(session, player, bearer)
        return player, token

    async def authenticate(self, token: str | None) -> Player:
        """The player who bears `token`; raises `Unauthenticated`."""
        if token:
            player = await self._bearers.get(digest(token))
            if player:
                return player
        raise Unauthenticated("Choose a nickname first: POST /api/v1/session/guest.")

    async def ended(self, sessions: Collection[str]) -> list[str]:
        """Those of these digests of tokens whose session is over."""
        bearers = await asyncio.gather(*map(self._bearers.get, sessions))
        return [session for session, bearer in zip(sessions, bearers, strict=True) if bearer is None]

    async def _read_bearers(self, token_digests: list[str]) -> dict[str, Player]:
        async with self._database.transaction() as session:
            return await repository.by_tokens(session, token_digests, self._clock.now())

    async def get(self, player_id: str) -> Player:
        """A player by id; raises `NotFound`."""
        async with self._database.transaction() as session:
            player = await repository.get(session, player_id)
        if not player:
            raise NotFound("There is no such player.")
        return player

    async def close(self, token: str) -> None:
        """End the session of `token`."""
        async with self._database.transaction() as session:
            await repository.end_session(session, digest(token))

    async def claim_admin(self, link_token: str, player: Player) -> Player:
        """Use the one-time link up; raises `Forbidden` when it was used or is not the newest."""
        async with self._database.transaction() as session:
            used = await repository.use_admin_link(session, digest(link_token), player.id)
        if not used:
            raise Forbidden("This admin link was used, or a newer one was made: restart the server for a new one.")
        return await self.get(player.id)


async def issue_admin_link(database: Database) -> str:
    """The token of a fresh one-time admin link; earlier unused ones end."""
    token = new_token()
    async with database.transaction() as session:
        await repository.replace_admin_link(session, digest(token), await read_now(session))
    return token


def profile(player: Player) -> Profile:
    """A player as everybody sees them."""
    return Profile(id=player.id, nickname=player.nickname, rating=player.rating, role=player.role)
