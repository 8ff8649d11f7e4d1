"""The worker on real streams."""

import asyncio
import time
from pathlib import Path

import pytest

from python_duel.challenges.package import Package
from python_duel.judge import queue as queue_module
from python_duel.judge.queue import Queue
from python_duel.judge.slots import Slots
from python_duel.judge.worker import MOST_DELIVERIES, Worker
from python_duel.languages.python import PythonRunner
from python_duel.protocol.jobs import DEAD, JOBS, JOBS_GROUP, WORKERS, WorkerReport, challenge_key, worker_key
from python_duel.protocol.verdict import Verdict
from tests.judge.conftest import Web, job, reference, running, until


async def _any_worker(web: Web) -> bool:
    return bool(await web.redis.zcard(WORKERS))


async def _busy(worker: Worker) -> bool:
    return worker.active > 0


LOOP = "def settle(paid):\n    while True:\n        pass\n"


async def test_a_submission_is_judged_and_the_job_gone(
    web: Web, queue: Queue, slots: Slots, function_challenge: Package
) -> None:
    await web.put(job(function_challenge, reference(function_challenge)), function_challenge)
    async with running(queue, slots):
        [result] = await web.results()
    assert (result.verdict, result.passed, result.total) == (Verdict.AC, 12, 12)
    assert result.job.job_id == "j1"
    assert await web.redis.xlen(JOBS) == 0
    assert (await web.redis.xpending(JOBS, JOBS_GROUP))["pending"] == 0


async def test_many_jobs_get_one_result_each(web: Web, queue: Queue, slots: Slots, stdio_challenge: Package) -> None:
    code = reference(stdio_challenge)
    for number in range(8):
        await web.put(job(stdio_challenge, code, kind="run", job_id=f"j{number}"), stdio_challenge)
    async with running(queue, slots):
        results = await web.results(8)
    assert sorted(r.job.job_id for r in results) == [f"j{n}" for n in range(8)]
    assert {r.verdict for r in results} == {Verdict.AC}


async def test_a_worker_shows_itself_and_leaves(web: Web, queue: Queue, slots: Slots) -> None:
    async with running(queue, slots):
        await until(lambda: _any_worker(web))
        names = await web.redis.zrange(WORKERS, 0, -1)
        report = WorkerReport.model_validate_json(await web.redis.get(worker_key(names[0])))
        assert (report.level, report.languages, report.slots, report.active) == ("full", ["python"], 1, 0)
    assert await web.redis.zcard(WORKERS) == 0
    assert await web.redis.exists(worker_key(names[0])) == 0


async def test_heartbeats_go_on_while_every_slot_is_busy(
    web: Web, queue: Queue, slots: Slots, function_challenge: Package
) -> None:
    async with running(queue, slots):
        await web.put(job(function_challenge, LOOP, kind="run", input="[{}]"), function_challenge)
        seen: set[float] = set()
        task = asyncio.create_task(web.results())
        while not task.done():
            seen.update(score for _, score in await web.redis.zrange(WORKERS, 0, -1, withscores=True))
            await asyncio.sleep(0.05)
    assert (await task)[0].verdict is Verdict.TLE
    assert len(seen) >= 2


async def test_a_missing_challenge_is_no_fault_of_the_player(
    web: Web, queue: Queue, slots: Slots, function_challenge: Package
) -> None:
    await web.put(job(function_challenge, "x"), function_challenge)
    await web.redis.delete(challenge_key(function_challenge.digest))
    async with running(queue, slots):
        [result] = await web.results()
    assert (result.verdict, result.message) == (Verdict.IE, "challenge missing")


async def test_a_malformed_job_is_buried_and_the_next_one_judged(
    web: Web, queue: Queue, slots: Slots, function_challenge: Package
) -> None:
    await web.redis.xadd(JOBS, {"job": "{"})
    await web.put(job(function_challenge, reference(function_challenge)), function_challenge)
    async with running(queue, slots):
        [result] = await web.results()
    assert result.verdict is Verdict.AC
    [(_, fields)] = await web.redis.xrange(DEAD)
    assert fields == {"job": "{", "reason": "malformed"}
    assert await web.redis.xlen(JOBS) == 0


async def _left_behind(web: Web, idle_ms: int, times: int) -> str:
    """Makes the only job look taken, `times` times, by a worker that died `idle_ms` ago; gives its entry."""
    [(_, [(entry_id, _)])] = await web.redis.xreadgroup(JOBS_GROUP, "dead", {JOBS: ">"})
    await web.redis.xclaim(JOBS, JOBS_GROUP, "dead", 0, [entry_id], idle=idle_ms, retrycount=times)
    return str(entry_id)


async def test_a_dead_workers_job_is_taken_over(
    web: Web, queue: Queue, slots: Slots, function_challenge: Package
) -> None:
    await queue.open()
    await web.put(job(function_challenge, reference(function_challenge)), function_challenge)
    await _left_behind(web, queue_module.LEASE_MS + 1, 1)
    async with running(queue, slots):
        [result] = await web.results()
    assert result.verdict is Verdict.AC


async def test_a_job_that_kills_its_workers_is_buried(
    web: Web, queue: Queue, slots: Slots, function_challenge: Package
) -> None:
    await queue.open()
    await web.put(job(function_challenge, "x"), function_challenge)
    await _left_behind(web, queue_module.LEASE_MS + 1, MOST_DELIVERIES)
    async with running(queue, slots):
        [result] = await web.results()
    assert (result.verdict, result.message) == (Verdict.IE, "This job failed too often.")
    assert await web.redis.xlen(DEAD) == 1
    assert await web.redis.xlen(JOBS) == 0


async def test_a_stop_finishes_what_runs(web: Web, queue: Queue, slots: Slots, function_challenge: Package) -> None:
    await web.put(job(function_challenge, LOOP, kind="run", input="[{}]"), function_challenge)
    async with running(queue, slots) as worker:
        await until(lambda: _busy(worker))
    [result] = await web.results()
    assert result.verdict is Verdict.TLE


async def test_a_stop_that_cannot_wait_hands_the_job_back(
    web: Web, queue: Queue, slots: Slots, function_challenge: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("python_duel.judge.worker.DRAIN_S", 0.1)
    await web.put(job(function_challenge, LOOP, kind="run", input="[{}]"), function_challenge)
    async with running(queue, slots) as worker:
        await until(lambda: _busy(worker))
    begin = time.monotonic()
    slots.close()
    assert time.monotonic() - begin < 2
    assert await queue.stale(1)


async def test_a_worker_that_stops_takes_no_job_over(
    web: Web, queue: Queue, function_challenge: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end would not wait for that one, nor hand it back."""
    monkeypatch.setattr("python_duel.judge.worker.RECLAIM_S", 0.5)
    slots = Slots(2, "full")
    await queue.open()
    await web.put(job(function_challenge, "x", job_id="j2", player_id="p2"), function_challenge)
    left = await _left_behind(web, 0, 1)
    await web.put(job(function_challenge, LOOP, kind="run", input="[{}]"), function_challenge)
    async with running(queue, slots) as worker:
        await until(lambda: _busy(worker))
        worker.stop()
        await web.redis.xclaim(JOBS, JOBS_GROUP, "dead", 0, [left], idle=queue_module.LEASE_MS + 1)
    slots.close()
    assert [fields["id"] for _, fields in await queue.stale(1)] == ["j2"]


async def test_the_store_may_go_away(
    web: Web, queue: Queue, slots: Slots, function_challenge: Package, tmp_path: Path
) -> None:
    """Its connections are cut and its data lost: the worker makes its group again, and goes on."""
    async with running(queue, slots):
        await web.put(job(function_challenge, reference(function_challenge)), function_challenge)
        await web.results()
        await web.redis.flushall()
        await web.redis.client_kill_filter(skipme=True)
        await web.put(job(function_challenge, reference(function_challenge), job_id="j2"), function_challenge)
        [result] = await web.results()
    assert (result.job.job_id, result.verdict) == ("j2", Verdict.AC)


async def test_a_killed_zygote_costs_no_verdict(
    web: Web, queue: Queue, slots: Slots, function_challenge: Package
) -> None:
    for bench in slots.all:
        runner = bench.runner("python")
        assert isinstance(runner, PythonRunner)
        runner.slot.kill_zygote()
    await web.put(job(function_challenge, reference(function_challenge)), function_challenge)
    async with running(queue, slots):
        [result] = await web.results()
    assert result.verdict is Verdict.AC
