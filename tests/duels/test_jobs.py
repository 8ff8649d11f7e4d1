"""The judges' queue on a real Valkey: turns, places, and that no job is lost or judged twice."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from python_duel.challenges.loader import load
from python_duel.duels import jobs as jobs_module
from python_duel.duels.jobs import Jobs
from python_duel.duels.judges import Judges
from python_duel.errors import Busy
from python_duel.judge.queue import Entry, Queue
from python_duel.platform.bundled import bundled
from python_duel.platform.redis import RedisError, connect
from python_duel.platform.tasks import end
from python_duel.protocol.jobs import (
    DEAD,
    JOBS,
    QUEUED,
    RESULTS,
    RESULTS_GROUP,
    TURNS,
    Job,
    JobResult,
    WorkerReport,
    line_key,
)
from python_duel.protocol.verdict import Verdict

PACKAGE = load(bundled("challenges") / "fair-shares")


class Line:
    """Both ends of the queue."""

    def __init__(self, redis: Any, judge: Any, limit: int = 1000) -> None:
        self.redis, self.jobs, self.queue = redis, Jobs(redis, limit), Queue(judge, "w")

    async def put(self, player: str, job_id: str, kind: str = "submission") -> None:
        await self.jobs.put(a_job(player, job_id, kind), PACKAGE)

    async def take(self) -> Entry:
        [entry] = await self.queue.take(1, 10)
        return entry

    async def finish(self, entry: Entry) -> bool:
        return await self.queue.finish(entry, an_answer(entry))

    async def drain(self) -> list[str]:
        """Judges all, one after the other; the ids in order."""
        order = []
        while taken := await self.queue.take(1, 1):
            order.append(taken[0][1]["id"])
            assert await self.finish(taken[0])
        return order

    async def is_empty(self) -> bool:
        left = [key for key in await self.redis.keys("{judge}:*") if key not in (RESULTS, DEAD, JOBS, "{judge}:clock")]
        return not left and await self.redis.xlen(JOBS) == 0


def a_job(player: str, job_id: str, kind: str = "submission") -> Job:
    fields = {"kind": kind, "job_id": job_id, "duel_id": "d", "player_id": player, "language": "python", "code": "x"}
    return Job.model_validate({**fields, "challenge": PACKAGE.digest})


def an_answer(entry: Entry) -> JobResult:
    job = Job.model_validate_json(entry[1]["job"])
    return JobResult(job=job, verdict=Verdict.AC, passed=1, total=1, time_ms=1, memory_kb=1, judged_ms=1)


@pytest.fixture
async def line(redis_url: str, judge_redis_url: str) -> AsyncIterator[Line]:
    redis, judge = connect(redis_url), connect(judge_redis_url)
    line = Line(redis, judge)
    await line.jobs.load()
    await line.queue.open()
    yield line
    await redis.aclose()
    await judge.aclose()


async def test_a_flood_of_one_player_does_not_delay_another(line: Line) -> None:
    for number in range(50):
        await line.put("flood", f"f{number}")
    await line.put("calm", "c0")
    await line.put("calm", "c1")
    assert await line.jobs.place("c0", "calm") == 1
    assert await line.jobs.place("c1", "calm") == 3
    assert (await line.drain())[:5] == ["f0", "c0", "f1", "c1", "f2"]


async def test_a_players_submissions_come_before_their_runs(line: Line) -> None:
    for job_id, kind in [("r0", "run"), ("r1", "run"), ("s0", "submission"), ("r2", "run"), ("s1", "submission")]:
        await line.put("ada", job_id, kind)
    assert await line.drain() == ["r0", "s0", "s1", "r1", "r2"]


@pytest.mark.parametrize("seed", range(12))
async def test_the_place_told_is_the_number_of_jobs_before(line: Line, seed: int) -> None:
    chance, players = random.Random(seed), {}
    for number in range(40):
        players[f"j{number}"] = player = f"p{min(chance.randrange(6), chance.randrange(6))}"
        await line.put(player, f"j{number}", chance.choice(["submission", "run"]))
        if chance.random() < 0.3:
            entry = await line.take()
            await line.finish(entry)
            del players[entry[1]["id"]]
    places = {job_id: await line.jobs.place(job_id, player) for job_id, player in players.items()}
    assert [places[job_id] for job_id in await line.drain()] == list(range(len(players)))
    assert await line.is_empty()


async def test_the_same_job_again_is_one_job(line: Line) -> None:
    for _ in range(3):
        await line.put("ada", "a")
        await line.put("ada", "b")
    assert await line.drain() == ["a", "b"]
    assert await line.jobs.place("a", "ada") == 0


async def test_a_second_finish_writes_nothing_and_lets_nobody_pass(line: Line) -> None:
    for job_id in "abc":
        await line.put("ada", job_id)
    entry = await line.take()
    assert await line.finish(entry)
    assert not await line.finish(entry)
    assert await line.redis.xlen(RESULTS) == 1
    assert await line.redis.xlen(JOBS) == 1
    assert await line.drain() == ["b", "c"]


async def test_a_buried_job_lets_its_players_next_one_pass(line: Line) -> None:
    await line.put("ada", "a")
    await line.put("ada", "b")
    assert await line.queue.bury(await line.take(), "malformed", None)
    assert await line.redis.xlen(RESULTS) == 0
    assert await line.drain() == ["b"]
    [(_, fields)] = await line.redis.xrange(DEAD)
    assert fields["reason"] == "malformed"


async def test_a_job_is_lost_only_when_it_is_nowhere(line: Line) -> None:
    await line.put("ada", "a")
    await line.put("ada", "b")
    assert not await line.jobs.lost("a", "ada")
    assert not await line.jobs.lost("b", "ada")
    await line.finish(await line.take())
    assert await line.jobs.lost("a", "ada")
    assert not await line.jobs.lost("b", "ada")


@pytest.mark.parametrize("again", ["a", "b", "c"])
async def test_a_stream_cut_by_hand_is_mended_by_the_next_job(line: Line, again: str) -> None:
    await line.put("ada", "a")
    await line.put("ada", "b")
    await line.redis.xtrim(JOBS, maxlen=0)
    assert await line.jobs.lost("a", "ada")
    assert await line.jobs.lost("b", "ada")
    await line.put("ada", again)
    assert sorted(await line.drain()) == sorted({"b", again})
    assert await line.is_empty()


async def test_a_new_store_gets_the_functions_at_the_first_call(line: Line) -> None:
    await line.redis.function_flush("SYNC")
    await line.put("ada", "a")
    assert await line.drain() == ["a"]


async def test_who_has_too_many_jobs_waiting_is_told_so(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "OWN_LIMIT", 2)
    for job_id in "ab":
        await line.jobs.room("ada", "run")
        await line.put("ada", job_id, "run")
    with pytest.raises(Busy, match="2 of your programs wait for the judges: try again in") as refused:
        await line.jobs.room("ada", "run")
    assert refused.value.extra == {"queue_position": 2}
    assert refused.value.retry_after_ms
    await line.jobs.room("bob", "run")


async def test_a_full_queue_is_honest_and_has_a_place_for_who_waits_for_nothing(line: Line) -> None:
    jobs = Jobs(line.redis, limit=3)
    for player, job_id in [("ada", "a"), ("ada", "b"), ("bob", "c")]:
        await line.put(player, job_id)
    with pytest.raises(Busy, match=r"The judges are busy, 3 before you: try again in 1 s\."):
        await jobs.room("ada", "run")
    await jobs.room("carol", "submission")
    await line.put("carol", "d")
    with pytest.raises(Busy, match="The judges are busy, 3 before you") as refused:
        await jobs.room("dan", "submission")
    assert refused.value.body() | {"message": ""} == {
        "code": "busy", "message": "", "retry_after_ms": 1000, "queue_position": 3
    }  # fmt: skip
    assert len(await line.drain()) == 4


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "limit:run:p"),
        ("KEYS", "*"),
        ("EVAL", "return 1", "0"),
        ("FUNCTION", "FLUSH"),
        ("SET", "challenge:x", "1"),
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("PUBLISH", "bus:x", "1"),
    ],
)
async def test_the_judges_user_may_use_the_queue_alone(judge_redis_url: str, command: tuple[str, ...]) -> None:
    judge: Any = connect(judge_redis_url)
    with pytest.raises(RedisError, match=r"permissions|NOPERM"):
        await judge.execute_command(*command)
    await judge.aclose()


async def say(line: Line, name: str, *languages: str) -> None:
    await Queue(line.redis, name).heartbeat(WorkerReport(level="full", languages=list(languages)), [])


async def no_trouble() -> None:
    """The database answers."""


async def test_a_process_that_stops_applies_the_results_it_has_taken_and_takes_no_more(line: Line) -> None:
    stopping, applied = asyncio.Event(), []

    async def apply(result: JobResult) -> None:
        stopping.set()
        await line.put("bob", "b")
        await line.drain()  # another result comes
        applied.append(result.job.job_id)

    await line.put("ada", "a")
    await line.drain()
    await asyncio.wait_for(line.jobs.consume("web", apply, no_trouble, stopping), 5)
    assert applied == ["a"]
    assert await line.redis.xlen(RESULTS) == 1
    assert (await line.redis.xpending(RESULTS, RESULTS_GROUP))["pending"] == 0


async def test_offered_is_what_every_living_judge_can_run(line: Line) -> None:
    assert await line.jobs.languages() == {"python"}
    await say(line, "one", "python", "cpp", "java")
    await say(line, "two", "python", "java")
    assert await Judges(line.redis).languages() == {"python", "java"}
    await Queue(line.redis, "two").leave()
    assert await Judges(line.redis).languages() == {"python", "cpp", "java"}


async def test_a_report_that_cannot_be_read_is_none(line: Line) -> None:
    await say(line, "one", "python")
    await line.redis.set("{judge}:worker:one", "{}")
    assert await Judges(line.redis).read() == {}


async def test_players_lines_end_with_their_jobs(line: Line) -> None:
    await line.put("ada", "a")
    assert await line.redis.exists(line_key("ada"), QUEUED, TURNS) == 3
    await line.drain()
    assert await line.redis.exists(line_key("ada"), QUEUED, TURNS) == 0


async def test_a_result_goes_to_who_can_reach_the_database(line: Line) -> None:
    """Long before it would count as left behind."""
    applied: asyncio.Queue[str] = asyncio.Queue()
    cut_off = asyncio.Event()

    async def apply(result: JobResult) -> None:
        applied.put_nowait(result.job.job_id)

    async def apply_in_vain(result: JobResult) -> None:
        raise TimeoutError

    async def back() -> None:
        cut_off.set()
        await asyncio.Event().wait()

    await line.put("p", "j1")
    await line.finish(await line.take())
    first = asyncio.create_task(line.jobs.consume("cut off", apply_in_vain, back, asyncio.Event()))
    await asyncio.wait_for(cut_off.wait(), 5)
    second = asyncio.create_task(line.jobs.consume("whole", apply, back, asyncio.Event()))
    assert await asyncio.wait_for(applied.get(), 5) == "j1"
    await end([first, second])
