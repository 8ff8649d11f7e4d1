"""A duel's life: a command is one transaction under the duel's row lock; what others must hear follows the commit."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from python_duel.challenges.package import Package
from python_duel.challenges.service import Challenges
from python_duel.duels import replay, repository, rules
from python_duel.duels.archive import Archive
from python_duel.duels.homes import Homes
from python_duel.duels.jobs import Jobs
from python_duel.duels.journal import Journal
from python_duel.duels.models import Duel, DuelPlayer, Submission
from python_duel.duels.timers import Timers
from python_duel.errors import AlreadyInDuel, Forbidden, NotFound, NotLive
from python_duel.platform import metrics
from python_duel.platform.batch import Batch
from python_duel.platform.bus import Bus
from python_duel.platform.clock import Clock
from python_duel.platform.ids import new_id
from python_duel.platform.postgres import Conflict, Database, Transaction, read_now
from python_duel.players.models import Player
from python_duel.protocol.base import Language, Mode, Visibility
from python_duel.protocol.jobs import Job
from python_duel.protocol.server import DuelFinished, DuelPresence, QueueMatched

log = structlog.get_logger(__name__)
CONCLUDE_MS = 3000
"""How long after the end another process looks whether all have heard of it."""
Present = Callable[[str], Awaitable[bool]]
"""Whether a player is there: has an open socket on any process."""


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
        self,
        duel_id: str,
        entrants: tuple[Entrant, Entrant],
        terms: Terms,
        package: Package | None = None,
        rematch_of: str | None = None,
    ) -> None:
        """Create a duel, once: the same id again does nothing. Raises `AlreadyInDuel`; nothing is created then."""
        player_ids = [entrant.player_id for entrant in entrants]
        if package is None:
            async with self.database.transaction() as session:
                avoid = await repository.played_challenges(session, player_ids)
            package = await self.challenges.pick(avoid)
        offered = package.offered(await self.languages())
        try:
            async with self.database.transaction() as session:
                known = await repository.get(session, duel_id)
                starts_at = (
                    known.starts_at
                    if known
                    else await self._insert(session, duel_id, entrants, terms, package, offered, rematch_of)
                )
        except Conflict as error:
            await self._explain(error, duel_id, player_ids)
            return
        if known is None:
            metrics.DUELS_STARTED.labels(terms.mode).inc()
        elif known.status == "finished":
            return
        # Told again when it stands already: who made it may have died before this.
        await self.timers.set(duel_id, starts_at)
        matched = QueueMatched(duel_id=duel_id, home=await self.homes.of(duel_id)).model_dump(exclude_none=True)
        for player_id in player_ids:
            await self.bus.publish(f"player:{player_id}", "queue:matched", matched)

    async def _insert(
        self,
        session: Transaction,
        duel_id: str,
        entrants: tuple[Entrant, Entrant],
        terms: Terms,
        package: Package,
        offered: list[Language],
        rematch_of: str | None,
    ) -> int:
        now = await self._now(session)
        starts_at = now + terms.countdown
        session.add(
            Duel(
                id=duel_id,
                mode=terms.mode,
                ranked=terms.ranked,
                visibility=terms.visibility,
                public=terms.public,
                challenge_digest=package.digest,
                status="countdown",
                created_at=now,
                starts_at=starts_at,
                deadline=starts_at + terms.length,
                grace=terms.grace,
                rematch_of=rematch_of,
            )
        )
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
        return starts_at

    async def _explain(self, error: Conflict, duel_id: str, player_ids: list[str]) -> None:
        """Turn a constraint's refusal into what happened: made already, or somebody is in another duel."""
        async with self.database.transaction() as session:
            if await repository.get(session, duel_id):
                return
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
        async with self.database.transaction() as session:
            if await repository.write_in(session, duel_id, player_id, language):
                line = {"kind": "language", "player_id": player_id, "language": language}
                await repository.note(session, duel_id, await self._now(session), line)
        await self.tell(duel_id)

    # ---- commands

    async def command(self, duel_id: str, command: rules.Command) -> Change:
        """Do `command` now; raises `NotFound`, `Forbidden` or `NotLive`."""
        async with self.database.transaction() as session:
            change = await self.decide(session, duel_id, command)
        await self.announce(change)
        return change

    async def submit(self, duel_id: str, player_id: str, submission: Submission) -> Submission:
        """Receive a submission, once: the same client's id again gives the first. Raises as `command`."""
        async with self.database.transaction() as session:
            await repository.lock(session, duel_id)
            known = await repository.submission(session, duel_id, player_id, submission.submission_id)
            if known:
                return known
            change = await self.decide(session, duel_id, rules.Submit(player_id, submission.id))
            received = next((e.submission for e in change.events if isinstance(e, rules.Received)), None)
            if received:
                submission.receipt, submission.received_at = received.receipt, change.now
                session.add(submission)
        await self.announce(change)
        await self.judge(submission, change.duel.challenge_digest)
        metrics.SUBMISSIONS.labels(submission.language).inc()
        return submission

    async def find_submission(self, duel_id: str, player_id: str, submission_id: str) -> Submission | None:
        """A submission that was received already."""
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

    async def decide(self, session: Transaction, duel_id: str, command: rules.Command) -> Change:
        """Ask the rules, inside the caller's transaction, and write what they say. Raises as `command`."""
        duel = await repository.lock(session, duel_id)
        if duel is None:
            raise NotFound("There is no such duel.")
        now = await self._now(session)
        state = repository.state(duel)
        try:
            events = rules.decide(state, command, now)
        except rules.Refused as refusal:
            player_id = getattr(command, "player_id", None)
            member = player_id in {seat.player_id for seat in state.seats}
            raise (NotLive if member else Forbidden)(str(refusal)) from None
        repository.record(duel, events)
        line = replay.entry(command)
        if events and line:
            await repository.note(session, duel_id, now, line)
        return Change(duel, events, now)

    async def _now(self, session: Transaction) -> int:
        now = await read_now(session)
        self.clock.observe(now)
        return now

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

    async def tell(self, duel_id: str) -> None:
        """Let everybody in the duel see it as it is now."""
        await self.bus.publish(f"duel:{duel_id}", "duel:state", {})

    async def tell_anew(self, duel_id: str) -> None:
        """As `tell`, when the store may have lost who watches: those who do say so again."""
        await self.bus.publish(f"duel:{duel_id}", "duel:state", {"anew": True})

    async def conclude(self, duel: Duel) -> None:
        """Store the last texts and tell everybody of the end, then write the replay; once more does no harm."""
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
        except Exception:
            log.exception("a replay could not be written", duel=duel_id)

    async def _publish_presence(self, duel: Duel, seat: rules.Seat) -> None:
        message = DuelPresence(
            duel_id=duel.id,
            player_id=seat.player_id,
            connected=seat.away_since is None,
            grace_until=None if seat.away_since is None else seat.away_since + duel.grace,
        )
        await self.bus.publish(f"duel:{duel.id}", "duel:presence", message.model_dump(mode="json", exclude_none=True))

    async def ran(self, duel_id: str, player_id: str, language: str, verdict: str) -> None:
        """Keep for the replay that a player has tried their code."""
        async with self.database.transaction() as session:
            duel = await repository.lock(session, duel_id)
            if duel and duel.status != "finished":
                line = {"kind": "run", "player_id": player_id, "language": language, "verdict": verdict}
                await repository.note(session, duel_id, await self._now(session), line)

    async def rematch(self, duel_id: str, player_id: str, terms: Callable[[Duel], Terms]) -> list[str]:
        """Offer a rematch; when both have, the next duel is made and its players are given.

        Raises as `command` and `create`.
        """
        change = await self.command(duel_id, rules.OfferRematch(player_id))
        duel = change.duel
        if not all(player.offers_rematch for player in duel.players) or await self.rematch_id(duel_id):
            return []
        # The other side starts first this time: seats swap.
        second, first = (Entrant(player.player_id, player.language) for player in duel.players)
        await self.create(new_id(), (first, second), terms(duel), rematch_of=duel_id)
        await self.tell(duel_id)
        return [first.player_id, second.player_id]

    async def rematch_id(self, duel_id: str) -> str | None:
        """The duel that followed this one."""
        async with self.database.transaction() as session:
            return await repository.rematch(session, duel_id)

    async def presence(self, duel_id: str, player_id: str, there: bool) -> None:
        """A player came back, or their last connection is gone."""
        command = rules.Return(player_id) if there else rules.Leave(player_id)
        await asyncio.shield(self.command(duel_id, command))
