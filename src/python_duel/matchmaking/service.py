"""From a ticket to a duel, and duels by invitation."""

from collections.abc import Coroutine, Iterable
from dataclasses import replace
from typing import Any

import structlog

from python_duel.duels import rematch, repository
from python_duel.duels.models import Duel, Invite
from python_duel.duels.opening import Entrant, Terms
from python_duel.duels.recovery import Known
from python_duel.duels.service import Duels, Present
from python_duel.errors import AlreadyInDuel, Forbidden, NotFound, Unavailable
from python_duel.matchmaking.places import Places
from python_duel.matchmaking.queue import LEASE_MS, MODES, Paired, Pairing, Place, Queue, Waiting
from python_duel.platform.clock import Clock
from python_duel.platform.ids import digest, new_id
from python_duel.platform.postgres import read_now
from python_duel.platform.stores import AWAY, log_failure
from python_duel.protocol.base import Language, Mode
from python_duel.protocol.client import DuelCreate
from python_duel.protocol.server import QueueRejoined
from python_duel.settings import Settings

SETTLE_MS = 2000
"""A pairing older than this whose duel is not there was left behind by a crash."""

GIVE_UP_MS = 60_000
"""A pairing that could not be made for so long, though the stores answer, is dropped: its players wait anew."""

log = structlog.get_logger(__name__)


class Matchmaking:
    """Brings two players together."""

    def __init__(self, queue: Queue, duels: Duels, clock: Clock, settings: Settings) -> None:
        self.queue, self._duels, self._clock, self._settings = queue, duels, clock, settings
        self.places = Places(queue)

    async def join(self, player_id: str, mode: Mode, languages: list[Language]) -> Waiting:
        """Take a place in the queue, or be paired at once; they start in the first of `languages` that can be judged.

        Raises `AlreadyInDuel`; `Unavailable` when none of them can.
        """
        await self._refuse_if_busy(player_id)
        language = await self._first(languages)
        waiting, pairing = await self.queue.join(player_id, mode, language, self._clock.now())
        if pairing:
            await self._pair(pairing)
        else:
            self.places.keep(player_id, Place(mode, language, waiting.joined_at))
            # Another tab of theirs may have been paired between the two.
            await self._refuse_if_busy(player_id)
        return waiting

    async def leave(self, player_id: str) -> None:
        """Give the place in the queue up."""
        self.places.forget(player_id)
        await self.queue.leave(player_id)

    async def beat(self, player_ids: list[str]) -> None:
        """These players have a socket here: their places count on. Who lost theirs with the store gets it back."""
        lost = await self.places.lease(player_ids, self._clock.now() + LEASE_MS)
        for player_id, place in lost.items():
            await self._restore(player_id, place)
            self.places.forget(player_id)

    async def _restore(self, player_id: str, place: Place) -> None:
        now = self._clock.now()
        waiting, pairing = await self.queue.restore(player_id, place, now)
        if pairing:
            await self._pair(pairing)
        elif waiting and await self._duels.active(player_id):
            await self.queue.leave(player_id)
        elif waiting:
            told = QueueRejoined(
                mode=place.mode,
                ticket=waiting.ticket,
                waiting_ms=max(0, now - waiting.joined_at),
                estimate_ms=waiting.estimate_ms,
            )
            await self._duels.bus.publish(f"player:{player_id}", "queue:rejoined", told.model_dump(mode="json"))

    async def create_invite(self, host_id: str, wish: DuelCreate) -> tuple[str, str]:
        """An open invitation: the id its duel will have, and the code to send. Raises `NotFound`, `AlreadyInDuel`."""
        await self._refuse_if_busy(host_id)
        challenges = self._duels.challenges
        package = await (challenges.by_slug(wish.challenge) if wish.challenge else challenges.pick(set()))
        duel_id, code = new_id(), new_id()
        async with self._duels.database.transaction() as session:
            session.add(
                Invite(
                    code_digest=digest(code),
                    duel_id=duel_id,
                    host_id=host_id,
                    challenge_digest=package.digest,
                    length=self._length(wish.minutes),
                    visibility=wish.visibility,
                    ranked=wish.ranked,
                    created_at=await read_now(session),
                )
            )
        return duel_id, code

    async def accept(self, guest_id: str, code: str, present: Present) -> str:
        """Accept an invitation; the duel's id. Raises `NotFound`, `Forbidden`, `Unavailable`, `AlreadyInDuel`."""
        async with self._duels.database.transaction() as session:
            invite = await repository.invite(session, digest(code))
        if invite is None:
            raise NotFound("There is no such invitation: ask for a new link.")
        if invite.host_id == guest_id:
            raise Forbidden("This is your own invitation: send it to somebody else.")
        duel = await self._made(invite.duel_id)
        if duel is None and not await present(invite.host_id):
            raise Unavailable("Your host is not here: ask them to open their page, then accept again.")
        if duel is None or _plays(guest_id, duel):
            # One that is made already is told of again: who made it may not have come to that.
            duel = await self._make(invite, guest_id)
        if not _plays(guest_id, duel):
            raise NotFound("Somebody else has accepted this invitation: ask for a new link.")
        if duel.status != "finished":
            await self._seated(player.player_id for player in duel.players)
        return duel.id

    async def _made(self, duel_id: str) -> Duel | None:
        async with self._duels.database.transaction() as session:
            return await repository.get(session, duel_id)

    async def _make(self, invite: Invite, guest_id: str) -> Duel:
        await self._duels.create(
            invite.duel_id,
            (Entrant(invite.host_id, "python"), Entrant(guest_id, "python")),
            self._invited(invite),
            await self._duels.challenges.by_digest(invite.challenge_digest),
        )
        return await self._duels.get(invite.duel_id)

    async def sweep(self, known: Known) -> None:
        """Complete the pairings that a crash left half done, and pair who came back to the queue. Idempotent."""
        now = self._clock.now()
        for pairing in await self.queue.pairings():
            if now - pairing.at > SETTLE_MS:
                await _apart(pairing, self._settle(pairing, known))
        for mode in MODES:
            for player_id in (await self.queue.present(mode, now))[1:]:
                again = await self.queue.rejoin(player_id, mode, now)
                if again:
                    await _apart(again, self._pair(again))

    async def _settle(self, pairing: Pairing, known: Known) -> None:
        """Of a pairing that was left behind make the duel, if both are there and want it; else who does waits again."""
        there = [player for player in await self._wanting(pairing) if await known(player.player_id) is not False]
        if len(there) < len(pairing.players) and not await self._made(pairing.duel_id):
            await self._part(pairing, there)
            return
        try:
            await self._pair(pairing)
        except Exception as error:
            # While a store is away nobody can say that it will never be.
            now = self._clock.now()
            if not isinstance(error, AWAY) and now - pairing.at > GIVE_UP_MS:
                # At the end: at their places they would meet again, and neither ever anybody else.
                await self._part(pairing, [replace(player, joined_at=now) for player in there])
            raise

    async def rematch(self, duel_id: str, player_id: str) -> None:
        """As `duels.rematch.offer`, on the same terms again; nobody who is in the next duel waits for another one."""
        await self._seated(await rematch.offer(self._duels, duel_id, player_id, self._rematch_terms))

    def _rematch_terms(self, duel: Duel) -> Terms:
        """The same again."""
        return self._terms(
            duel.mode,  # type: ignore[arg-type]
            length=duel.deadline - duel.starts_at,
            ranked=duel.ranked,
            visibility=duel.visibility,
            public=duel.public,
        )

    async def _pair(self, pairing: Pairing) -> None:
        """Make the pairing's duel. Whoever turns out to be in another duel is left out, the other waits again."""
        first, second = (Entrant(player.player_id, player.language) for player in pairing.players)
        terms = self._terms(pairing.mode, ranked=pairing.mode == "ranked", visibility="live", public=True)
        try:
            goes_on = await self._duels.create(pairing.duel_id, (first, second), terms)
        except AlreadyInDuel:
            await self._part(pairing, await self._wanting(pairing))
            return
        await self.queue.settle(pairing.duel_id)
        if goes_on:
            # A second tap may have taken a ticket after the first was consumed.
            await self._seated(player.player_id for player in pairing.players)

    async def _wanting(self, pairing: Pairing) -> list[Paired]:
        left = await self.queue.left(pairing)
        return [player for player in pairing.players if player.player_id not in left]

    async def _seated(self, player_ids: Iterable[str]) -> None:
        """They are in a duel, and wait for no other."""
        for player_id in player_ids:
            await self._duels.afterwards(self.leave(player_id))

    async def _part(self, pairing: Pairing, players: list[Paired]) -> None:
        """Its duel will not be: these wait again, at their places."""
        met = [again for player in players if (again := await self._requeue(player, pairing.mode))]
        await self.queue.settle(pairing.duel_id)
        for again in met:
            await self._pair(again)

    async def _requeue(self, player: Paired, mode: Mode) -> Pairing | None:
        """Unless they are in a duel."""
        if await self._duels.active(player.player_id):
            return None
        now = self._clock.now()
        _, again = await self.queue.join(player.player_id, mode, player.language, now, player.joined_at)
        if again is None and await self._duels.active(player.player_id):
            # Another tap of theirs was paired between the two.
            await self.queue.leave(player.player_id)
        return again

    async def _first(self, languages: list[Language]) -> Language:
        available = await self._duels.languages()
        language = next((language for language in languages if language in available), None)
        if language is None:
            raise Unavailable(f"Nothing of that is judged here: use {' or '.join(sorted(available))}.")
        return language

    async def _refuse_if_busy(self, player_id: str) -> None:
        active = await self._duels.active(player_id)
        if active:
            await self.queue.leave(player_id)
            raise AlreadyInDuel("You are in a duel: return to it, or resign it first.", duel_id=active)

    def _invited(self, invite: Invite) -> Terms:
        return self._terms(
            "ranked" if invite.ranked else "casual",
            length=invite.length,
            ranked=invite.ranked,
            visibility=invite.visibility,
            public=False,
        )

    def _length(self, minutes: int | None) -> int:
        return int((minutes or self._settings.minutes) * 60_000)

    def _terms(self, mode: Mode, *, ranked: bool, visibility: str, public: bool, length: int | None = None) -> Terms:
        return Terms(
            mode=mode,
            ranked=ranked,
            visibility=visibility,  # type: ignore[arg-type]
            public=public,
            length=length or self._length(None),
            countdown=int(self._settings.countdown * 1000),
            grace=int(self._settings.reconnect_grace * 1000),
        )


async def _apart(pairing: Pairing, step: Coroutine[Any, Any, None]) -> None:
    """One pairing's trouble is not the others'; the next sweep tries again."""
    try:
        await step
    except Exception as error:  # noqa: BLE001 - whatever it is
        log_failure(log, "a pairing could not be made", error, duel=pairing.duel_id)


def _plays(player_id: str, duel: Duel) -> bool:
    return any(player.player_id == player_id for player in duel.players)
