"""Judges that die, stop or lose their slots: one verdict for each job, and nobody left behind."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from python_duel.challenges.package import Package
from python_duel.judge.queue import LEASE_MS, Queue
from python_duel.judge.slots import Slots
from python_duel.languages.python import PythonRunner
from python_duel.protocol.jobs import JOBS, JOBS_GROUP, WorkerReport, worker_key
from python_duel.protocol.verdict import Verdict
from python_duel.sandbox.cgroup import problem
from tests.judge.conftest import Judge, Web, alive, descendants, job, reference, running, until
from tests.support.lasted import lasted
from tests.support.processes import stuck

LOOP = "def settle(paid):\n    while True:\n        pass\n"
SPIN = {"code": LOOP, "kind": "run", "input": "[{}]", "job_id": "spin"}
SLOWLY = """
import time
at_once = settle
def settle(paid):
    while time.process_time() < 0.4: pass
    time.sleep(0.1)
    return at_once(paid)
"""
START_S, STILL_S = 30, 30


async def _pending(web: Web) -> list[str]:
    """Who has a job under way."""
    return [one["consumer"] for one in await web.redis.xpending_range(JOBS, JOBS_GROUP, "-", "+", 10)]


async def _taken(web: Web) -> bool:
    return await web.redis.exists(JOBS) > 0 and bool(await web.redis.xinfo_groups(JOBS)) and bool(await _pending(web))


@pytest.mark.parametrize("clean_up", ["done", "failing"])
async def test_a_zygote_killed_while_it_runs_a_program_costs_one_retry(
    web: Web, queue: Queue, slots: Slots, function_challenge: Package, clean_up: str
) -> None:
    runner = slots.all[0].runner("python")
    assert isinstance(runner, PythonRunner)
    zygote, group = runner.slot.pid, runner.slot.cgroup
    if clean_up == "failing" and group is None:
        pytest.skip(f"nothing to clean up: {problem()}")
    left = stuck(group) if clean_up == "failing" and group else nullcontext()
    async with running(queue, slots) as worker:
        await web.put(job(function_challenge, **SPIN), function_challenge)

        async def spinning() -> bool:
            return any(_cpu(pid) > 20 for pid in descendants(zygote))

        await until(spinning, 10)
        with left, lasted(f"zygote killed in mid-run, clean-up {clean_up}: to its verdict and the next one"):
            os.kill(zygote, signal.SIGKILL)
            await web.put(job(function_challenge, reference(function_challenge), job_id="next"), function_challenge)
            told = await web.results(2)
        reported = worker._report()
    assert [(one.job.job_id, one.verdict) for one in told] == [("spin", Verdict.TLE), ("next", Verdict.AC)]
    assert slots.losses == reported.restarts == 1


def _cpu(pid: int) -> int:
    """CPU time in ticks of 10 ms; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])
    except OSError:
        return 0


async def test_a_killed_judge_leaves_no_process(
    web: Web, start_judge: Callable[..., Judge], function_challenge: Package
) -> None:
    judge = start_judge()
    await web.put(job(function_challenge, **SPIN), function_challenge)
    await until(lambda: _taken(web), START_S)
    family = descendants(judge.pid)
    assert family
    judge.kill()

    async def gone() -> bool:
        return not any(map(alive, family))

    await until(gone, 10)


@pytest.mark.slow  # as long as a lease
async def test_a_killed_judges_jobs_are_judged_once_by_another(
    web: Web, start_judge: Callable[..., Judge], function_challenge: Package
) -> None:
    judge = start_judge()
    await web.put(job(function_challenge, **SPIN), function_challenge)
    await web.put(job(function_challenge, reference(function_challenge), job_id="next"), function_challenge)
    await until(lambda: _taken(web), START_S)
    with lasted("judge killed with two jobs: to both verdicts of another, its start included"):
        judge.kill()
        start_judge()
        told = await web.results(2, 60)
    assert [(one.job.job_id, one.verdict) for one in told] == [("spin", Verdict.TLE), ("next", Verdict.AC)]
    await _nothing_is_left(web, results=2)


@pytest.mark.slow  # longer than a lease
async def test_a_judge_stopped_beyond_its_lease_writes_no_second_result(
    web: Web, start_judge: Callable[..., Judge], function_challenge: Package
) -> None:
    judge = start_judge()
    await web.put(job(function_challenge, **SPIN), function_challenge)
    for number in range(3):
        code = reference(function_challenge)
        await web.put(job(function_challenge, code, job_id=f"next{number}"), function_challenge)
    await until(lambda: _taken(web), START_S)
    [first] = await _pending(web)
    judge.send_signal(signal.SIGSTOP)
    goes_on = time.monotonic() + STILL_S
    with lasted("judge stopped (SIGSTOP) with four jobs: to all verdicts of another, its start included"):
        start_judge()
        told = await web.results(4, 60)
    assert [one.job.job_id for one in told] == ["spin", "next0", "next1", "next2"]
    await asyncio.sleep(goes_on - time.monotonic())
    judge.send_signal(signal.SIGCONT)

    async def idle_again() -> bool:
        report = await web.redis.get(worker_key(first))
        return report is not None and WorkerReport.model_validate_json(report).active == 0

    await until(idle_again, 30)
    await _nothing_is_left(web, results=4)


@pytest.mark.slow  # longer than all cases may take
async def test_a_judge_that_stood_still_finds_a_right_solution_right(
    web: Web, start_judge: Callable[..., Judge], function_challenge: Package
) -> None:
    judge = start_judge()
    code = f"{reference(function_challenge)}\n{SLOWLY}"
    await web.put(job(function_challenge, code), function_challenge)
    await until(lambda: _taken(web), START_S)

    async def at_work() -> bool:
        return any(_cpu(pid) > 20 for pid in descendants(judge.pid) if not descendants(pid))

    await until(at_work, START_S)
    judge.send_signal(signal.SIGSTOP)
    await asyncio.sleep(STILL_S)
    with lasted("the only judge stopped (SIGSTOP): from when it goes on to the verdict"):
        judge.send_signal(signal.SIGCONT)
        [told] = await web.results(1, 60)
    assert (told.verdict, told.passed) == (Verdict.AC, told.total)
    await _nothing_is_left(web, results=1)


async def _nothing_is_left(web: Web, results: int) -> None:
    assert len(await web.results(results)) == await web.redis.xlen("{judge}:results") == results
    assert await web.redis.xlen(JOBS) == 0
    assert await web.redis.exists("{judge}:queued", "{judge}:turns", "{judge}:line:p1") == 0
    assert await _pending(web) == []


async def test_a_drain_hands_over_what_cannot_end_in_time_and_the_next_judge_takes_it_at_once(
    web: Web,
    queue: Queue,
    slots: Slots,
    start_judge: Callable[..., Judge],
    function_challenge: Package,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("python_duel.judge.worker.DRAIN_S", 0.1)
    await web.put(job(function_challenge, **SPIN), function_challenge)
    async with running(queue, slots):
        await until(lambda: _taken(web))
    slots.close()
    # Its lease counts as over, though it was taken a moment ago.
    assert await web.redis.xpending_range(JOBS, JOBS_GROUP, "-", "+", 10, idle=LEASE_MS)
    start_judge()
    [told] = await web.results(1, 60)
    assert told.verdict is Verdict.TLE
    await _nothing_is_left(web, results=1)
