"""What a process did not live to tell: whoever finds the traces tells it again."""

import asyncio

import pytest

from python_duel.duels import rules
from python_duel.duels.results import Results
from python_duel.duels.timers import KEY as TIMERS
from python_duel.platform.ids import new_id
from python_duel.platform.redis import reply
from python_duel.protocol.verdict import Verdict
from tests.support.parts import TERMS, Parts


class Died(BaseException):
    """As a process dies: nothing in it can catch that."""


async def dies(*_: object) -> None:
    """Instead of announcing what was committed."""
    raise Died


async def command_and_die(core: Parts, duel_id: str, command: rules.Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(core.duels, "announce", dies)
        with pytest.raises(Died):
            await core.duels.command(duel_id, command)
    core.bus.said.clear()


def begun(core: Parts) -> dict[str, str]:
    """Whose processes were told that a duel of theirs goes on."""
    return {topic: data["duel_id"] for topic, event, data in core.bus.said if event == "duel:begun"}


async def test_a_duel_that_stands_already_does_not_begin_again(core: Parts) -> None:
    """What the store has lost meanwhile is not taken for what never was."""
    duel_id, entrants = new_id(), await core.entrants()
    for whole in (True, False):
        await core.duels.create(duel_id, entrants, TERMS)
        assert await core.duels.journal.whole(duel_id, [entrants[0].player_id]) == whole
        await core.redis.flushall()


async def test_a_duel_that_its_players_were_not_told_of_is_told_when_it_begins(
    core: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by invitation: who made it dies, and its host waits for somebody to come."""
    duel_id, entrants = new_id(), await core.entrants()
    with monkeypatch.context() as dying:
        dying.setattr(core.duels.timers, "set", dies)
        with pytest.raises(Died):
            await core.duels.create(duel_id, entrants, TERMS)
    assert not core.bus.said
    await core.recovery.sweep(everybody)
    due = await reply(core.redis.zscore(TIMERS, duel_id))
    assert due == (await core.duel(duel_id)).starts_at
    await core.tick(duel_id)
    assert begun(core) == {f"player:{entrant.player_id}": duel_id for entrant in entrants}


async def test_a_start_that_nobody_was_told_of_is_told_by_the_next_tick(
    core: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    duel_id, entrants = new_id(), await core.entrants()
    await core.duels.create(duel_id, entrants, TERMS)
    await command_and_die(core, duel_id, rules.Tick(), monkeypatch)
    await core.tick(duel_id)
    assert core.bus.count("duel:state") == 1
    assert begun(core).keys() == {f"player:{entrant.player_id}" for entrant in entrants}
    assert await reply(core.redis.zscore(TIMERS, duel_id)) == (await core.duel(duel_id)).deadline


async def test_a_sweep_does_not_put_off_the_tick_that_tells_of_a_start(
    core: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim of whoever died is a lease, which runs out long before what the rules say is due next."""
    duel_id, entrants = new_id(), await core.entrants()
    await core.duels.create(duel_id, entrants, TERMS)
    lease = core.clock.now() + 3000
    await core.duels.timers.set(duel_id, lease)
    await command_and_die(core, duel_id, rules.Tick(), monkeypatch)
    await core.recovery.sweep(everybody)
    assert await reply(core.redis.zscore(TIMERS, duel_id)) == lease


async def test_an_end_that_nobody_was_told_of_is_told_by_the_sweep(
    core: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    duel_id, ada, bob = await core.live()
    await command_and_die(core, duel_id, rules.Resign(ada), monkeypatch)
    await core.sql("ALTER TABLE duels DISABLE TRIGGER keep_result")
    await core.sql("UPDATE duels SET finished_at = 1")
    await core.recovery.sweep(everybody)
    told = next(data for _, event, data in core.bus.said if event == "duel:finished")
    assert told["result"] == {"outcome": "win", "winner_id": bob, "reason": "resigned"}
    assert core.bus.count("duel:state") == 1
    core.bus.said.clear()
    await core.recovery.sweep(everybody)
    assert not core.bus.said


async def test_an_end_that_some_were_told_of_is_told_again_by_the_timer(
    core: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after it has stored the last texts: the sweep finds nothing, the timer is still there."""
    duel_id, ada, _ = await core.live()
    with monkeypatch.context() as dying:
        dying.setattr(core.duels, "tell", dies)
        with pytest.raises(Died):
            await core.duels.command(duel_id, rules.Resign(ada))
    assert await reply(core.redis.zscore(TIMERS, duel_id)) is not None
    await core.tick(duel_id)
    assert core.bus.count("duel:finished") == 1
    assert await reply(core.redis.zscore(TIMERS, duel_id)) is None


async def test_a_verdict_that_nobody_was_told_of_shows_when_its_result_comes_again(
    core: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    duel_id, ada, _ = await core.live()
    submission = await core.submit(duel_id, ada, "a")
    with monkeypatch.context() as dying:
        dying.setattr(Results, "_announce", dies)
        with pytest.raises(Died):
            await core.judge(submission, Verdict.WA, passed=3)
    core.bus.said.clear()
    await core.judge(submission, Verdict.WA, passed=3)
    assert [(topic, event) for topic, event, _ in core.bus.said] == [(f"duel:{duel_id}", "duel:state")]


@pytest.mark.parametrize("error", [RuntimeError("of the client library"), ConnectionError("lost"), OSError()])
async def test_the_timers_survive_whatever_the_store_raises(
    core: Parts, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    duel_id, _, _ = await core.live()
    await core.duels.timers.set(duel_id, 0)
    claim, ticked = core.duels.timers._claim, asyncio.Event()

    async def fails_once(**asked: object) -> object:
        monkeypatch.setattr(core.duels.timers, "_claim", claim)
        raise error

    async def tick(due: str) -> None:
        ticked.set()

    monkeypatch.setattr(core.duels.timers, "_claim", fails_once)
    task = asyncio.create_task(core.duels.timers.run(tick, asyncio.Event()))
    try:
        await asyncio.wait_for(ticked.wait(), 5)
    finally:
        task.cancel()


async def everybody(player_id: str) -> bool:
    return True


async def test_a_replay_that_several_write_at_once_is_written_once(core: Parts) -> None:
    duel_id, ada, _ = await core.live()
    async with core.database.transaction() as session:
        await core.duels.decide(session, duel_id, rules.Resign(ada))
    await core.duels.archive.close(await core.duel(duel_id))
    await asyncio.gather(*(core.duels.archive.record(duel_id) for _ in range(4)))
    assert (await core.duels.archive.replays.verify(duel_id)).faults == []
