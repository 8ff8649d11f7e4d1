"""Finishing what was left half done: duels that fall due, and whatever a crash interrupted. Idempotent."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from python_duel.duels import repository, rules
from python_duel.duels.models import Duel, DuelPlayer
from python_duel.duels.service import Duels
from python_duel.errors import NotFound
from python_duel.platform.stores import log_failure

PAGE, PAGE_PAUSE_S = 20, 0.5
"""Duels looked at together, and the pause after them: a hundredth of the time of one core."""
LOST_JOB_MS = 15_000
"""A submission without a verdict for so long may have lost its job: it is queued again if so; twice does no harm."""
Known = Callable[[str], Awaitable[bool | None]]
"""Whether a player is there; None: it is not known."""

log = structlog.get_logger(__name__)


class Recovery:
    """For the timers and the sweeper."""

    def __init__(self, duels: Duels) -> None:
        self._duels = duels

    async def tick(self, duel_id: str, missed: Known) -> None:
        """What time brings; for the timers."""
        try:
            if not await self._certain(await self._duels.get(duel_id), missed):
                return
            change = await self._duels.command(duel_id, rules.Tick())
        except NotFound:
            await self._duels.timers.set(duel_id, None)
            return
        if not change.events:
            await self._tell_again(change.duel)

    async def _certain(self, duel: Duel, missed: Known) -> bool:
        """Whether those who are about to lose by their absence are not there. Who is has been missed, and is excused;
        where nobody can say, the timer comes again.
        """
        state, now = repository.state(duel), self._duels.clock.now()
        for seat in rules.overdue(state, now) if rules.abandoned(state, now) else []:
            there = await missed(seat.player_id)
            if there is None:
                return False
            if there:
                await self._duels.command(duel.id, rules.Excuse(seat.player_id))
        return True

    async def _tell_again(self, duel: Duel) -> None:
        """It was due and nothing happened: who changed it last may have died before anybody heard of it."""
        if duel.status == "finished":
            await self._duels.conclude(duel)
            return
        await self._duels.timers.set(duel.id, rules.next_due(repository.state(duel)))
        await self._duels.tell(duel.id)
        await self._duels.tell_begun(duel)

    async def sweep(self, known: Known) -> None:
        """Finish what a crash left half done: timers, presence, jobs and archives. Idempotent.

        A few at a time: beside thousands of live duels it takes longer, and the relay never waits for it.
        """
        now = self._duels.clock.now()
        async with self._duels.database.transaction() as session:
            lost_jobs = await repository.pending(session, now - LOST_JOB_MS)
            unarchived = await repository.unarchived(session, now - LOST_JOB_MS)
            unrecorded = await repository.unrecorded(session, now - LOST_JOB_MS)
        for submission in lost_jobs:
            await _apart(self._duels.judge_if_lost(submission))
        for duel_id in unarchived:
            await _apart(self._conclude(duel_id))
        for duel_id in unrecorded:
            await _apart(self._duels.archive.record(duel_id))
        last = ""
        while page := await self._open_after(last):
            await _apart(self._set_timers(page))
            await _apart(self._notice_absence(page, known))
            last = page[-1].id
            await asyncio.sleep(PAGE_PAUSE_S)

    async def _open_after(self, duel_id: str) -> list[Duel]:
        async with self._duels.database.transaction() as session:
            return await repository.open_duels(session, duel_id, PAGE)

    async def _conclude(self, duel_id: str) -> None:
        await self._duels.conclude(await self._duels.get(duel_id))

    async def _set_timers(self, page: list[Duel]) -> None:
        due = {duel.id: rules.next_due(repository.state(duel)) for duel in page}
        await self._duels.timers.set_all(due, at_latest=True)

    async def _notice_absence(self, page: list[Duel], known: Known) -> None:
        players = [player for duel in page for player in duel.players]
        found = zip(await asyncio.gather(*(known(p.player_id) for p in players)), players, strict=True)
        changed = [(there, p) for there, p in found if there is not None and there != (p.away_since is None)]
        # Those who are there first: nobody shall lose by an absence that only seems to be one because another one left.
        for _, player in sorted(changed, key=lambda it: not it[0]):
            await _apart(self._notice(player, known))

    async def _notice(self, player: DuelPlayer, known: Known) -> None:
        """Asked once more: those before took their time, and nobody shall lose for being back, or forgotten, since."""
        there = await known(player.player_id)
        if there is not None:
            # Whose coming back was missed has not lost by that.
            command = rules.Excuse(player.player_id) if there else rules.Leave(player.player_id)
            await self._duels.command(player.duel_id, command)


async def _apart(step: Coroutine[Any, Any, None]) -> None:
    """One duel's trouble is not the others'; the next sweep tries again."""
    try:
        await step
    except Exception as error:  # noqa: BLE001 - whatever it is
        log_failure(log, "a part of the sweep failed", error)
