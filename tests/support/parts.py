"""The features over real stores, put together as the web process does it, without sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from python_duel.challenges.service import Challenges
from python_duel.duels.homes import Homes
from python_duel.duels.jobs import Jobs
from python_duel.duels.journal import Journal
from python_duel.duels.models import Duel, Submission
from python_duel.duels.opening import Entrant, Terms
from python_duel.duels.recovery import Recovery
from python_duel.duels.results import Results
from python_duel.duels.service import Duels
from python_duel.duels.timers import Timers
from python_duel.duels.uptime import Uptime
from python_duel.matchmaking.queue import Queue
from python_duel.matchmaking.service import Matchmaking
from python_duel.platform import redis as redis_store
from python_duel.platform.bundled import bundled
from python_duel.platform.bus import Bus
from python_duel.platform.clock import Clock
from python_duel.platform.ids import new_id
from python_duel.platform.pipelined import Pipelined
from python_duel.platform.postgres import Database
from python_duel.players.service import Players
from python_duel.protocol.jobs import FINISH, JOBS, JOBS_GROUP, Job, JobResult
from python_duel.protocol.verdict import Verdict
from python_duel.settings import Settings

TERMS = Terms("casual", ranked=False, visibility="live", public=True, length=600_000, countdown=0, grace=60_000)


async def everybody(player_id: str) -> bool:
    """Is there."""
    return True


async def nobody(player_id: str) -> bool:
    """Is there."""
    return False


class LoudBus(Bus):
    """A bus that remembers what was published."""

    def __init__(self, redis: redis_store.Redis, hot: Pipelined) -> None:
        super().__init__(redis, hot)
        self.said: list[tuple[str, str, dict[str, Any]]] = []

    async def publish(self, topic: str, event: str, data: dict[str, Any]) -> None:
        self.said.append((topic, event, data))
        await super().publish(topic, event, data)

    def count(self, event: str) -> int:
        return sum(said == event for _, said, _ in self.said)


@dataclass
class Parts:
    """What a web process has, as one process sees it."""

    database: Database
    redis: redis_store.Redis
    clock: Clock
    bus: LoudBus
    challenges: Challenges
    duels: Duels
    recovery: Recovery
    results: Results
    players: Players
    uptime: Uptime
    queue: Queue
    matchmaking: Matchmaking
    hot: Pipelined
    settings: Settings = field(default_factory=Settings.model_construct)
    taken: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    """What `judge` took off the stream: entries by job id."""

    async def entrants(self) -> tuple[Entrant, Entrant]:
        """Two new players about to duel."""
        ada, bob = [(await self.players.open_guest(name))[0].id for name in ("Ada", "Bob")]
        return Entrant(ada, "python"), Entrant(bob, "python")

    async def live(self, terms: Terms = TERMS) -> tuple[str, str, str]:
        """A duel that has started: its id and its players'."""
        duel_id, (ada, bob) = new_id(), await self.entrants()
        await self.duels.create(duel_id, (ada, bob), terms)
        await self.tick(duel_id)
        return duel_id, ada.player_id, bob.player_id

    async def tick(self, duel_id: str) -> None:
        """Its timer; nobody is there."""
        await self.recovery.tick(duel_id, lambda _: asyncio.sleep(0, False))

    async def submit(self, duel_id: str, player_id: str, submission_id: str, code: str = "x = 1\n") -> Submission:
        """Receive a submission."""
        return await self.duels.submit(duel_id, player_id, a_submission(duel_id, player_id, submission_id, code))

    async def jobs(self) -> list[Job]:
        """What waits for the judges, oldest first."""
        entries: Any = await self.redis.xrange(JOBS)
        return [Job.model_validate_json(fields["job"]) for _, fields in entries]

    async def judge(self, submission: Submission, verdict: Verdict, passed: int = 0, attempt: int = 1) -> None:
        """Apply a judge's answer."""
        with suppress(redis_store.ResponseError):  # it is there already
            await self.redis.xgroup_create(JOBS, JOBS_GROUP, id="0")
        entries: Any = await self.redis.xreadgroup(JOBS_GROUP, "test", {JOBS: ">"})
        self.taken |= {fields["id"]: (entry, fields) for _, found in entries for entry, fields in found}
        entry, fields = self.taken[submission.id]
        job = Job.model_validate_json(fields["job"]).model_copy(update={"attempt": attempt})
        answer = an_answer(job, verdict, passed)
        await redis_store.reply(self.redis.fcall(FINISH, 0, entry, job.player_id, answer.model_dump_json(), "", ""))
        await self.results.apply(answer)

    async def duel(self, duel_id: str) -> Duel:
        return await self.duels.get(duel_id)

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        """Run a statement, and commit."""
        async with self.database.transaction() as session:
            done = await session.execute(text(statement), values)
            return list(done.fetchall()) if done.returns_rows else []  # type: ignore[attr-defined]


def a_submission(duel_id: str, player_id: str, submission_id: str, code: str = "x = 1\n") -> Submission:
    """A row as it is before it is received."""
    return Submission(
        id=new_id(),
        duel_id=duel_id,
        player_id=player_id,
        submission_id=submission_id,
        language="python",
        seq=0,
        code=code,
    )


def an_answer(job: Job, verdict: Verdict, passed: int = 0) -> JobResult:
    """What a judge would write."""
    passed = 9 if verdict is Verdict.AC else passed
    return JobResult(job=job, verdict=verdict, passed=passed, total=9, time_ms=3, memory_kb=9_000, judged_ms=5)


@asynccontextmanager
async def parts(database_url: str, redis_url: str) -> AsyncIterator[Parts]:
    """The features over these stores, with the bundled challenges."""
    settings = Settings.model_construct()
    clock, database = Clock(), Database(database_url)
    client = redis_store.connect(redis_url)
    hot = Pipelined(client)
    await hot.start()
    bus, challenges = LoudBus(client, hot), Challenges(database, settings.code_bytes)
    await challenges.seed(bundled("challenges"))
    duels = Duels(
        database,
        Journal(hot, bus.process),
        Jobs(client, settings.judge_queue),
        Timers(client, clock),
        bus,
        challenges,
        clock,
        Homes(hot, clock),
    )
    queue = Queue(client)
    try:
        yield Parts(
            database,
            client,
            clock,
            bus,
            challenges,
            duels,
            Recovery(duels),
            Results(duels),
            Players(database, clock, settings.session_days),
            Uptime(database, clock),
            queue,
            Matchmaking(queue, duels, clock, settings),
            hot,
            settings,
        )
    finally:
        await hot.close()
        await client.aclose()
        await database.close()
