"""A duel's life: a command is one transaction under the duel's row lock; what others must hear follows the commit."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

import structlog

from python_duel.challenges.package import Package
from python_duel.challenges.service import Challenges
from python_duel.duels import replay, repository, rules
from python_duel.duels.archive import Archive
from python_duel.duels.homes import Homes
from python_duel.duels.jobs import Jobs
from python_duel.duels.journal import Journal
from python_duel.duels.models import Duel, Submission
from python_duel.duels.opening import Entrant, Terms, insert
from python_duel.duels.timers import Timers
from python_duel.errors import AlreadyInDuel, Forbidden, NotFound, NotLive
from python_duel.platform import metrics
from python_duel.platform.batch import Batch
from python_duel.platform.bus import Bus
from python_duel.platform.clock import Clock
from python_duel.platform.postgres import PATIENCE_S, Conflict, Database, Transaction, read_now
from python_duel.platform.stores import AWAY, log_failure
from python_duel.protocol.base import Language
from python_duel.protocol.jobs import Job
from python_duel.protocol.server import DuelFinished, DuelPresence, QueueMatched

log = structlog.get_logger(__name__)
RECALL_S, SAY_S, LOOK_S = 2.0, 0.25, 0.05
"""How long other processes have to put back what the store has lost, how often they are told, for they may still be
deaf, and how often the store is asked whether they did.
"""
CONCLUDE_MS = 3000
"""How long after the end another process looks whether all have heard of it."""
Present = Callable[[str], Awaitable[bool]]
"""Whether a player is there: has an open socket on any process."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one command did."""

    duel: Duel
    events: list[rules.Event]
    now: int


class Duels:
    """All that may be done to a duel."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        jobs: Jobs,
        timers: Timers,
        bus: Bus,
        challenges: Challenges,
        clock: Clock,
        homes: Homes,
    ) -> None:
        self.database, self.journal, self.jobs = database, journal, jobs
        self.archive = Archive(database, journal, challenges)
        self.timers, self.bus, self.challenges, self.clock, self.homes = timers, bus, challenges, clock, homes
        self._duels, self._seats = Batch(self._read_duels), Batch(self._read_seats)

    # ---- making and finding

    async def create(
        self, duel_id: str, entrants: tuple[Entrant, Entrant], terms: Terms, package: Package | None = None
    ) -> bool:
        """Create a duel, once: the same id again only tells of it. False: it is over.

        Raises `AlreadyInDuel`; nothing is created then.
        """
        player_ids = [entrant.player_id for entrant in entrants]
        package = package or await self.pick(player_ids)
        offered = package.offered(await self.languages())

        async def make(session: Transaction) -> tuple[Duel, bool]:
            known = await repository.get(session, duel_id)
            if known:
                return known, False
            now = await self._now(session)
            return await insert(session, now, duel_id, entrants, terms, package.digest, offered), True

        try:
            duel, new = await self.database.unit(make)
        except Conflict as error:
            async with self.database.transaction() as session:
                known = await repository.get(session, duel_id)
            duel, new = known or await self.refuse(error, player_ids), False
        await self.opened(duel, player_ids, new=new)
        return duel.status != "finished"

    async def pick(self, player_ids: list[str]) -> Package:
        """A challenge by chance, not one that they met last."""
        async with self.database.transaction() as session:
            avoid = await repository.played_challenges(session, player_ids)
        return await self.challenges.pick(avoid)

    async def opened(self, duel: Duel, player_ids: list[str], *, new: bool) -> None:
        """Let its players know, also when it stands already: who made it may have died before this."""
        if new:
            metrics.DUELS_STARTED.labels(duel.mode).inc()
            await self.afterwards(self.journal.begin(duel.id))
        if duel.status != "finished":
            await self.afterwards(self._tell_matched(duel.id, duel.starts_at, player_ids))

    async def _tell_matched(self, duel_id: str, starts_at: int, player_ids: list[str]) -> None:
        await self.timers.set(duel_id, starts_at)
        await self._tell_players("queue:matched", duel_id, player_ids)

    async def tell_begun(self, duel: Duel) -> None:
        """Let the players know that it goes on, if they do not: who made it may have died before it told them."""
        await self._tell_players("duel:begun", duel.id, [player.player_id for player in duel.players])

    async def _tell_players(self, event: str, duel_id: str, player_ids: list[str]) -> None:
        matched = QueueMatched(duel_id=duel_id, home=await self.homes.of(duel_id)).model_dump(exclude_none=True)
        for player_id in player_ids:
            await self.bus.publish(f"player:{player_id}", event, matched)

    async def refuse(self, error: Conflict, player_ids: list[str]) -> NoReturn:
        """Turn a constraint's refusal of a duel into what it means: raises `AlreadyInDuel`, or `error` itself."""
        for player_id in player_ids:
            active = await self.active(player_id)
            if active:
                raise AlreadyInDuel(
                    "A player is in another duel already: finish that first.", duel_id=active, player_id=player_id
                ) from error
        raise error

    async def active(self, player_id: str) -> str | None:
        """The duel the player is in, if any."""
        seat = await self.seat(player_id)
        return seat.duel_id if seat else None

    async def seat(self, player_id: str) -> repository.Seat | None:
        """Where the player sits, if they are in a duel."""
        return await self._seats.get(player_id)

    async def _read_seats(self, player_ids: list[str]) -> dict[str, repository.Seat]:
        async with self.database.transaction() as session:
            return await repository.seats(session, player_ids)

    async def _read_duels(self, duel_ids: list[str]) -> dict[str, Duel]:
        async with self.database.transaction() as session:
            return await repository.get_all(session, duel_ids)

    async def get(self, duel_id: str) -> Duel:
        """A duel by id; raises `NotFound`."""
        duel = await self._duels.get(duel_id)
        if duel is None:
            raise NotFound("There is no such duel.")
        return duel

    async def history(self, player_id: str, before: int | None, limit: int) -> list[Duel]:
        """A player's finished duels made before `before` (ms), newest first."""
        async with self.database.transaction() as session:
            return await repository.history(session, player_id, before, limit)

    async def watchable(self, limit: int) -> list[Duel]:
        """Duels that may be watched now, newest first."""
        async with self.database.transaction() as session:
            return await repository.watchable(session, limit)

    async def package(self, duel: Duel) -> Package:
        """The challenge of a duel."""
        return await self.challenges.by_digest(duel.challenge_digest)

    async def languages(self) -> frozenset[str]:
        """What can be judged now. Python always can: it is what the sandbox is made of."""
        return await self.jobs.languages() | {"python"}

    async def write_in(self, duel_id: str, player_id: str, language: Language) -> None:
        """The player goes over to another language: all see it, and are told."""

        async def write(session: Transaction) -> None:
            if await repository.write_in(session, duel_id, player_id, language):
                line = {"kind": "language", "player_id": player_id, "language": language}
                await repository.note(session, duel_id, await self._now(session), line)

        await self.database.unit(write)
        await self.afterwards(self.tell(duel_id))

    # ---- commands

    async def command(self, duel_id: str, command: rules.Command) -> Change:
        """Do `command` now; raises `NotFound`, `Forbidden` or `NotLive`."""
        change = await self.database.unit(lambda session: self.decide(session, duel_id, command))
        await self.afterwards(self.announce(change))
        return change

    async def submit(self, duel_id: str, player_id: str, submission: Submission) -> Submission:
        """Receive a submission, once: the same client's id again gives the first. Raises as `command`."""

        async def receive(session: Transaction) -> tuple[Submission, Change | None]:
            await repository.lock(session, duel_id)
            known = await repository.submission(session, duel_id, player_id, submission.submission_id)
            if known:
                return known, None
            change = await self.decide(session, duel_id, rules.Submit(player_id, submission.id))
            received = next((e.submission for e in change.events if isinstance(e, rules.Received)), None)
            if received:
                submission.receipt, submission.received_at = received.receipt, change.now
                session.add(submission)
            return submission, change

        stored, change = await self.database.unit(receive)
        if change:
            await self.afterwards(self.announce(change))
            await self.afterwards(self.judge(submission, change.duel.challenge_digest))
            metrics.SUBMISSIONS.labels(submission.language).inc()
        return stored

    async def afterwards(self, effect: Awaitable[None]) -> None:
        """What follows a commit. That stands whatever becomes of this: a timer or the sweep does it again."""
        try:
            await effect
        except AWAY as error:
            log.warning("others are told later", error=repr(error))

    async def find_submission(self, duel_id: str, player_id: str, submission_id: str) -> Submission | None:
        """A submission that was received already, with its code."""
        async with self.database.transaction() as session:
            return await repository.submission(session, duel_id, player_id, submission_id)

    async def judge(self, submission: Submission, challenge_digest: str) -> None:
        """Hand a submission to the judges. If that fails, the sweeper does it later."""
        package = await self.challenges.by_digest(challenge_digest)
        job = Job(
            kind="submission",
            job_id=submission.id,
            duel_id=submission.duel_id,
            player_id=submission.player_id,
            language=submission.language,
            code=submission.code,
            challenge=challenge_digest,
        )
        await self.jobs.put(job, package)

    async def judge_if_lost(self, submission: Submission) -> None:
        """Hand a submission, read with its code, to the judges again if none of them would meet it."""
        if submission.verdict is None and await self.jobs.lost(submission.id, submission.player_id):
            duel = await self.get(submission.duel_id)
            await self.judge(submission, duel.challenge_digest)

    async def decide(self, session: Transaction, duel_id: str, command: rules.Command) -> Change:
        """Ask the rules, inside the caller's transaction, and write what they say. Raises as `command`."""
        duel = await repository.lock(session, duel_id)
        if duel is None:
            raise NotFound("There is no such duel.")
        now = await self._now(session)
        events: list[rules.Event] = []
        for each in [*await self._excuses(session, duel, now), command]:
            events += await self._take(session, duel, each, now)
        return Change(duel, events, now)

    async def _excuses(self, session: Transaction, duel: Duel, now: int) -> list[rules.Excuse]:
        """Who is about to lose by an absence during which they could not come back: it counts from when they could."""
        late = rules.overdue(repository.state(duel), now)
        since = await repository.up_since(session, now) if late else 0
        return [rules.Excuse(seat.player_id, since) for seat in late if (seat.away_since or 0) < since]

    async def _take(self, session: Transaction, duel: Duel, command: rules.Command, now: int) -> list[rules.Event]:
        state = repository.state(duel)
        try:
            events = rules.decide(state, command, now)
        except rules.Refused as refusal:
            player_id = getattr(command, "player_id", None)
            member = player_id in {seat.player_id for seat in state.seats}
            raise (NotLive if member else Forbidden)(str(refusal)) from None
        repository.record(duel, events)
        if line := replay.entry(command, events):
            await repository.note(session, duel.id, now, line)
        return events

    async def set_clock(self, patience_s: float = PATIENCE_S) -> None:
        """Take the database's time as this process'."""
        async with self.database.transaction(patience_s) as session:
            await self._now(session)

    async def _now(self, session: Transaction) -> int:
        return self.clock.observe(await read_now(session))

    # ---- after the commit

    async def announce(self, change: Change) -> None:
        """Tell everybody in the duel what a command did, and set its timer."""
        duel = change.duel
        if not change.events:
            return
        finished = next((e for e in change.events if isinstance(e, rules.Finished)), None)
        # Due again soon after the end: if this process dies before all have heard of it, another one tells them.
        due = self.clock.now() + CONCLUDE_MS if finished else rules.next_due(repository.state(duel))
        await self.timers.set(duel.id, due)
        for event in change.events:
            if isinstance(event, rules.SeatChanged):
                await self._publish_presence(duel, event.seat)
        if finished:
            metrics.DUELS_FINISHED.labels(finished.result.outcome, finished.result.reason).inc()
            await self.conclude(duel)
        elif duel.status == "finished" and any(isinstance(event, rules.Judged) for event in change.events):
            await self._record(duel.id)
        elif any(not isinstance(event, rules.Judged) for event in change.events):
            await self.tell(duel.id)
            if any(isinstance(event, rules.Started) for event in change.events):
                await self.tell_begun(duel)

    async def tell(self, duel_id: str, *, unknown: bool = False) -> None:
        """Let everybody in the duel see it as it is now; `unknown`: the store may not know who watches it, nor who
        writes.
        """
        await self.bus.publish(f"duel:{duel_id}", "duel:state", {"unknown": True} if unknown else {})

    async def recall(self, duel_id: str, player_ids: list[str]) -> None:
        """If the store was emptied, let whoever holds the pens of these players put their texts back, for a moment."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RECALL_S):
                looks = 0
                while not await self.journal.whole(duel_id, player_ids):
                    if looks % (SAY_S // LOOK_S) == 0:
                        await self.tell(duel_id, unknown=True)
                    looks += 1
                    await asyncio.sleep(LOOK_S)

    async def conclude(self, duel: Duel) -> None:
        """Store the last texts and tell everybody of the end, then write the replay; once more does no harm."""
        await self.recall(duel.id, [player.player_id for player in duel.players])
        await self.archive.close(duel)
        await self.tell(duel.id)
        message = DuelFinished.model_validate({"duel_id": duel.id, "result": repository.result(duel)})
        await self.bus.publish(f"duel:{duel.id}", "duel:finished", message.model_dump(mode="json", exclude_none=True))
        await self._record(duel.id)
        await self.timers.set(duel.id, None)

    async def _record(self, duel_id: str) -> None:
        """Write the replay; if that fails, the sweep does it."""
        try:
            await self.archive.record(duel_id)
        except Exception as error:  # noqa: BLE001 - whatever it is
            log_failure(log, "a replay could not be written", error, duel=duel_id)

    async def _publish_presence(self, duel: Duel, seat: rules.Seat) -> None:
        message = DuelPresence(
            duel_id=duel.id,
            player_id=seat.player_id,
            connected=seat.away_since is None,
            grace_until=None if seat.away_since is None else seat.away_since + duel.grace,
        )
        await self.bus.publish(f"duel:{duel.id}", "duel:presence", message.model_dump(mode="json", exclude_none=True))

    async def ran(self, job: Job, verdict: str) -> None:
        """Keep for the replay, once, that a player has tried their code."""

        async def note(session: Transaction) -> None:
            duel = await repository.lock(session, job.duel_id)
            if duel and duel.status != "finished" and not await repository.run_noted(session, duel.id, job.job_id):
                line = {"kind": "run", "run": job.job_id, "player_id": job.player_id, "language": job.language}
                await repository.note(session, duel.id, await self._now(session), {**line, "verdict": verdict})

        await self.database.unit(note)

    async def rematch_id(self, duel_id: str) -> str | None:
        """The duel that followed this one."""
        async with self.database.transaction() as session:
            return await repository.rematch(session, duel_id)

    async def presence(self, duel_id: str, player_id: str, there: bool, came_at: int | None = None) -> None:
        """A player came back, at `came_at` if that was before now, or their last connection is gone."""
        command = rules.Return(player_id, came_at) if there else rules.Leave(player_id)
        await asyncio.shield(self.command(duel_id, command))
