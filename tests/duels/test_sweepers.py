"""Two sweepers at once on the same half-done thing: it is done once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from python_duel.duels import rules
from python_duel.duels.recovery import LOST_JOB_MS
from python_duel.matchmaking.service import SETTLE_MS
from python_duel.platform.redis import reply
from python_duel.protocol.jobs import JOBS
from python_duel.protocol.verdict import Verdict
from tests.support.parts import Parts, everybody, parts

TWICE = 4
"""Each of the two sweeps so often, all side by side."""


@pytest.fixture
async def both(core: Parts, database_url: str, redis_url: str) -> AsyncIterator[tuple[Parts, Parts]]:
    """The same stores as two processes have them."""
    async with parts(database_url, redis_url) as other:
        yield core, other


async def sweep(both: tuple[Parts, Parts]) -> None:
    """All at once."""
    await asyncio.gather(*(core.recovery.sweep(everybody) for core in both for _ in range(TWICE)))


async def test_a_half_done_pairing(both: tuple[Parts, Parts]) -> None:
    core, _ = both
    ada, bob = await core.entrants()
    then = core.clock.now() - SETTLE_MS - 1
    await core.queue.join(ada.player_id, "casual", "python", then)
    _, pairing = await core.queue.join(bob.player_id, "casual", "python", then)
    assert pairing
    await asyncio.gather(*(core.matchmaking.sweep(everybody) for core in both for _ in range(TWICE)))
    assert await core.sql("SELECT id FROM duels") == [(pairing.duel_id,)]
    assert await core.queue.pairings() == []


async def test_a_submission_whose_job_is_lost(both: tuple[Parts, Parts]) -> None:
    core, _ = both
    duel_id, ada, _ = await core.live()
    submission = await core.submit(duel_id, ada, "a")
    await core.redis.flushall()
    await core.duels.jobs.load()
    await core.sql("UPDATE submissions SET received_at = received_at - :lost", lost=LOST_JOB_MS + 1)
    await sweep(both)
    assert await reply(core.redis.xlen(JOBS)) == 1
    await core.judge(submission, Verdict.AC)
    assert await core.sql("SELECT verdict FROM submissions") == [("AC",)]


async def test_an_end_of_which_nothing_is_stored(
    both: tuple[Parts, Parts], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    core, _ = both
    duel_id, ada, bob = await core.live()

    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as dying:
        dying.setattr(core.duels, "announce", dies)
        with pytest.raises(asyncio.CancelledError):
            await core.duels.command(duel_id, rules.Resign(ada))
    await core.sql("ALTER TABLE duels DISABLE TRIGGER keep_result")
    await core.sql("UPDATE duels SET finished_at = finished_at - :lost", lost=LOST_JOB_MS + 1)
    await sweep(both)
    assert await core.sql("SELECT count(*) FROM replays") == [(1,)]
    assert await core.sql("SELECT count(*) FROM duel_events") == [(0,)]
    assert (await core.duels.archive.replays.verify(duel_id)).faults == []
    assert (await core.duel(duel_id)).winner_id == bob
    assert "failed" not in capsys.readouterr().out
