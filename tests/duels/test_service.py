"""A duel's life on real stores: what must happen once happens once, however often and at once it is asked for."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from python_duel.duels import rules
from python_duel.duels.document import Document
from python_duel.duels.journal import Kept, Outcome
from python_duel.duels.recovery import LOST_JOB_MS
from python_duel.duels.results import ATTEMPTS, PATIENCE_MS
from python_duel.duels.timers import KEY as TIMERS
from python_duel.errors import AlreadyInDuel, Forbidden, NotFound, NotLive
from python_duel.platform.ids import new_id
from python_duel.platform.keys import failing
from python_duel.platform.redis import reply
from python_duel.protocol.verdict import Verdict
from tests.support.parts import TERMS, Parts, a_submission, an_answer, everybody, nobody

# ---- making one


async def test_the_same_id_makes_one_duel(core: Parts) -> None:
    duel_id, (ada, bob) = new_id(), await core.entrants()
    await asyncio.gather(*(core.duels.create(duel_id, (ada, bob), TERMS) for _ in range(20)))
    assert await core.sql("SELECT count(*) FROM duels") == [(1,)]
    duel = await core.duel(duel_id)
    assert [player.player_id for player in duel.players] == [ada.player_id, bob.player_id]
    assert await reply(core.redis.zscore(TIMERS, duel_id)) == duel.starts_at
    assert {topic for topic, event, _ in core.bus.said if event == "queue:matched"} == {
        f"player:{ada.player_id}",
        f"player:{bob.player_id}",
    }


async def test_a_player_is_in_one_live_duel(core: Parts) -> None:
    """Twenty duels at once, all with Ada."""
    ada, _ = await core.entrants()
    others = [(await core.entrants())[1] for _ in range(20)]
    answers = await asyncio.gather(
        *(core.duels.create(new_id(), (ada, other), TERMS) for other in others), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, AlreadyInDuel)]
    assert len(refused) == 19
    assert answers.count(True) == 1
    [(duel_id,)] = await core.sql("SELECT id FROM duels")
    assert {error.extra["duel_id"] for error in refused} == {duel_id}
    assert {error.extra["player_id"] for error in refused} == {ada.player_id}
    assert await core.duels.active(ada.player_id) == duel_id


async def test_crosswise_pairs_do_not_deadlock(core: Parts) -> None:
    ada, bob = await core.entrants()
    pairs = [(ada, bob), (bob, ada)] * 5
    answers = await asyncio.gather(*(core.duels.create(new_id(), p, TERMS) for p in pairs), return_exceptions=True)
    assert answers.count(True) == 1
    assert sum(isinstance(answer, AlreadyInDuel) for answer in answers) == 9


async def test_the_end_frees_both_for_the_next(core: Parts) -> None:
    duel_id, ada, bob = await core.live()
    await core.duels.command(duel_id, rules.Resign(ada))
    assert await core.duels.active(ada) is None
    assert await core.duels.active(bob) is None


async def test_a_finished_duel_is_not_announced_again(core: Parts) -> None:
    duel_id, (ada, bob) = new_id(), await core.entrants()
    await core.duels.create(duel_id, (ada, bob), TERMS)
    await core.duels.create(duel_id, (ada, bob), TERMS)
    assert core.bus.count("queue:matched") == 4  # told again: the first maker may have died before it did
    await core.duels.command(duel_id, rules.Resign(ada.player_id))
    await core.duels.create(duel_id, (ada, bob), TERMS)
    assert core.bus.count("queue:matched") == 4


@pytest.mark.parametrize("command", [rules.Resign, rules.OfferDraw, rules.OfferRematch])
async def test_strangers_and_unknown_duels_are_refused(core: Parts, command: Any) -> None:
    duel_id, _, _ = await core.live()
    eve = (await core.entrants())[0].player_id
    with pytest.raises(Forbidden):
        await core.duels.command(duel_id, command(eve))
    with pytest.raises(NotFound):
        await core.duels.command("nothing", command(eve))


# ---- submissions


async def test_a_submission_sent_twenty_times_is_one(core: Parts) -> None:
    duel_id, ada, _ = await core.live()
    rows = await asyncio.gather(*(core.submit(duel_id, ada, "mine") for _ in range(20)))
    assert {row.receipt for row in rows} == {1}
    assert len({row.id for row in rows}) == 1
    assert [job.job_id for job in await core.jobs()] == [rows[0].id]


async def test_receipts_have_no_gap_however_many_come_at_once(core: Parts) -> None:
    duel_id, ada, bob = await core.live()
    rows = await asyncio.gather(
        *(core.submit(duel_id, player_id, f"{n}") for n in range(15) for player_id in (ada, bob))
    )
    assert sorted(row.receipt for row in rows) == list(range(1, 31))
    stored = (await core.duel(duel_id)).submissions
    assert [row.receipt for row in stored] == list(range(1, 31))
    assert [row.received_at for row in stored] == sorted(row.received_at for row in stored)


async def test_both_may_use_the_same_submission_id(core: Parts) -> None:
    duel_id, ada, bob = await core.live()
    assert [(await core.submit(duel_id, player_id, "1")).receipt for player_id in (ada, bob)] == [1, 2]


async def test_nothing_is_received_after_the_deadline(core: Parts) -> None:
    duel_id, ada, _ = await core.live()
    await core.sql("UPDATE duels SET deadline = starts_at + 1")
    with pytest.raises(NotLive):
        await core.submit(duel_id, ada, "late")
    assert await core.sql("SELECT count(*) FROM submissions") == [(0,)]
    await core.tick(duel_id)
    assert (await core.duel(duel_id)).reason == "timeout"


async def test_the_first_received_wins_whatever_is_judged_first(core: Parts) -> None:
    duel_id, ada, bob = await core.live()
    first, second = await core.submit(duel_id, ada, "a"), await core.submit(duel_id, bob, "b")
    await core.judge(second, Verdict.AC)
    assert (await core.duel(duel_id)).status == "live"
    assert [data["held"] for _, event, data in core.bus.said if event == "duel:verdict"] == [True]
    await core.judge(first, Verdict.AC)
    duel = await core.duel(duel_id)
    assert (duel.outcome, duel.winner_id, duel.reason) == ("win", ada, "solved")


# ---- verdicts


async def test_the_same_result_twice_has_one_effect(core: Parts) -> None:
    duel_id, ada, _ = await core.live()
    submission = await core.submit(duel_id, ada, "a")
    await asyncio.gather(*(core.judge(submission, Verdict.AC) for _ in range(10)))
    assert core.bus.count("duel:verdict") == 1
    assert core.bus.count("duel:finished") == 1


async def test_a_stale_verdict_does_not_overwrite(core: Parts) -> None:
    duel_id, ada, _ = await core.live()
    submission = await core.submit(duel_id, ada, "a")
    await core.judge(submission, Verdict.WA, passed=4)
    await core.judge(submission, Verdict.AC)
    [row] = (await core.duel(duel_id)).submissions
    assert (row.verdict, row.passed) == ("WA", 4)
    assert (await core.duel(duel_id)).status == "live"


@pytest.mark.parametrize(
    "change",
    ["verdict = 'AC'", "verdict = NULL", "passed = 9", "receipt = 7", "code = 'other'", "received_at = 1", "seq = 7"],
)
async def test_not_even_sql_changes_a_verdict(core: Parts, change: str) -> None:
    duel_id, ada, _ = await core.live()
    await core.judge(await core.submit(duel_id, ada, "a"), Verdict.WA, passed=4)
    with pytest.raises(DBAPIError, match="does not change"):
        await core.sql(f"UPDATE submissions SET {change}")


@pytest.mark.parametrize(
    "change",
    ["status = 'live'", "winner_id = NULL, outcome = 'draw'", "reason = 'resigned'", "finished_at = 1", "deadline = 1"],
)
async def test_not_even_sql_changes_a_result(core: Parts, change: str) -> None:
    duel_id, ada, _ = await core.live()
    await core.judge(await core.submit(duel_id, ada, "a"), Verdict.AC)
    with pytest.raises(DBAPIError, match="does not change"):
        await core.sql(f"UPDATE duels SET {change}")


async def test_a_verdict_after_the_end_changes_no_result(core: Parts) -> None:
    duel_id, ada, bob = await core.live()
    first, second = await core.submit(duel_id, ada, "a"), await core.submit(duel_id, bob, "b")
    await core.judge(first, Verdict.AC)
    before = core.bus.count("duel:finished")
    await core.judge(second, Verdict.AC)
    duel = await core.duel(duel_id)
    assert (duel.winner_id, [row.verdict for row in duel.submissions]) == (ada, ["AC", "AC"])
    assert core.bus.count("duel:finished") == before


async def test_a_fault_of_the_platform_is_judged_again_and_never_counts(core: Parts) -> None:
    duel_id, ada, bob = await core.live()
    broken, fine = await core.submit(duel_id, ada, "a"), await core.submit(duel_id, bob, "b")
    await core.judge(fine, Verdict.AC)
    for attempt in range(1, ATTEMPTS):
        await core.judge(broken, Verdict.IE, attempt=attempt)
        assert [job.attempt for job in await core.jobs() if job.job_id == broken.id][-1] == attempt + 1
        assert (await core.duel(duel_id)).status == "live"
    # However long it has waited for a judge, it is left to the sweep, which asks them again.
    long_ago = "UPDATE submissions SET received_at = received_at - :waited WHERE verdict IS NULL"
    await core.sql(long_ago, waited=2 * PATIENCE_MS)
    await core.judge(broken, Verdict.IE, attempt=ATTEMPTS)
    assert (await core.duel(duel_id)).status == "live"
    await core.recovery.sweep(everybody)
    await core.judge(broken, Verdict.IE, attempt=ATTEMPTS)
    assert (await core.duel(duel_id)).status == "live"
    # Until some minutes have passed since the first time.
    first = await reply(core.redis.get(failing(broken.id)))
    await core.redis.set(failing(broken.id), int(first) - PATIENCE_MS)
    await core.recovery.sweep(everybody)
    await core.judge(broken, Verdict.IE, attempt=ATTEMPTS)
    assert (await core.duel(duel_id)).winner_id == bob


async def test_what_a_program_printed_can_always_be_stored(core: Parts) -> None:
    duel_id, ada, _ = await core.live()
    submission = await core.submit(duel_id, ada, "a")
    answer = an_answer((await core.jobs())[0], Verdict.RE).model_copy(update={"message": "nul \x00 half \ud83e"})
    await core.results.apply(answer)
    [(message,)] = await core.sql("SELECT message FROM submissions")
    assert message.startswith("nul ")
    assert submission.id


# ---- after a crash


async def test_a_lost_job_is_queued_again_and_one_that_waits_is_not(core: Parts) -> None:
    duel_id, ada, _ = await core.live()
    await core.submit(duel_id, ada, "a", "print('mine')\n")
    await core.recovery.sweep(everybody)
    await core.sql(f"UPDATE submissions SET received_at = received_at - {LOST_JOB_MS + 1}")
    await core.recovery.sweep(everybody)
    assert len(await core.jobs()) == 1
    await core.redis.flushall()
    await core.recovery.sweep(everybody)
    [job] = await core.jobs()
    assert (job.code, job.player_id) == ("print('mine')\n", ada)
    assert await reply(core.redis.get(f"challenge:{job.challenge}"))


async def test_timers_are_set_again_after_the_store_was_emptied(core: Parts) -> None:
    duel_id, _, _ = await core.live()
    await core.redis.flushall()
    await core.recovery.sweep(everybody)
    assert await reply(core.redis.zscore(TIMERS, duel_id)) == (await core.duel(duel_id)).deadline


async def test_the_sweep_sees_who_is_gone_and_who_is_back(core: Parts) -> None:
    duel_id, ada, bob = await core.live()

    async def only_bob(player_id: str) -> bool:
        return player_id == bob

    await core.recovery.sweep(only_bob)
    assert [player.away_since is None for player in (await core.duel(duel_id)).players] == [False, True]
    gone = (await core.duel(duel_id)).players[0].away_since
    await core.recovery.sweep(only_bob)
    assert (await core.duel(duel_id)).players[0].away_since == gone
    await core.recovery.sweep(everybody)
    assert all(player.away_since is None for player in (await core.duel(duel_id)).players)
    assert ada


async def gone_for_too_long(core: Parts) -> tuple[str, str, str]:
    """A duel in which Ada has been away for two minutes, twice what she may."""
    duel_id, ada, bob = await core.live()
    await core.duels.presence(duel_id, ada, there=False)
    await core.sql("UPDATE duel_players SET away_since = away_since - 120000 WHERE away_since IS NOT NULL")
    return duel_id, ada, bob


async def test_who_is_gone_while_the_platform_stands_loses(core: Parts) -> None:
    duel_id, _, bob = await gone_for_too_long(core)
    await core.uptime.note()
    await core.sql("UPDATE uptime SET up_since = 0")
    await core.recovery.tick(duel_id, nobody)
    assert ((await core.duel(duel_id)).winner_id, (await core.duel(duel_id)).reason) == (bob, "abandoned")


@pytest.mark.parametrize("noted", [False, True], ids=["not noted yet", "noted again"])
async def test_nobody_loses_by_an_absence_while_nobody_could_come_back(core: Parts, noted: bool) -> None:
    """Whatever is asked first when it is over."""
    duel_id, ada, bob = await gone_for_too_long(core)
    await core.sql("UPDATE uptime SET up_since = 0, seen_at = :then", then=core.clock.now() - 60_000)
    if noted:
        await core.uptime.note()
    await core.duels.set_clock()
    before = core.clock.now()
    for command in (rules.Tick(), rules.OfferDraw(bob)):
        await core.duels.command(duel_id, command)
    duel = await core.duel(duel_id)
    assert duel.status == "live"
    assert before - 60_000 < (duel.players[0].away_since or 0) <= core.clock.now()
    told = [
        data["grace_until"] for _, event, data in core.bus.said if event == "duel:presence" and data["player_id"] == ada
    ]
    assert told[-1] == (duel.players[0].away_since or 0) + duel.grace
    await core.duels.command(duel_id, rules.Return(ada))
    assert (await core.duel(duel_id)).players[0].away_since is None


async def test_nobody_loses_by_an_absence_while_a_process_with_players_is_cut_off(core: Parts) -> None:
    """It says so now and then. Its players are connected, but nobody else can know that."""
    duel_id, _, bob = await gone_for_too_long(core)
    before = core.clock.now()
    await core.uptime.note()
    await core.sql("UPDATE uptime SET up_since = 0")
    assert await core.uptime.note_cut_off(since=before - 1)
    assert not await core.uptime.note_cut_off(since=before + 60_000)
    await core.sql("UPDATE uptime SET seen_at = seen_at - 15000")  # whoever noted it then may be gone since
    assert not await core.uptime.note_cut_off(since=0)
    await core.uptime.note()
    await core.tick(duel_id)
    duel = await core.duel(duel_id)
    assert duel.status == "live"
    assert before <= (duel.players[0].away_since or 0) <= core.clock.now()
    await core.sql("UPDATE uptime SET up_since = 0")
    await core.sql("UPDATE duel_players SET away_since = away_since - 120000 WHERE away_since IS NOT NULL")
    await core.tick(duel_id)
    assert (await core.duel(duel_id)).winner_id == bob


async def test_a_short_break_is_part_of_the_grace(core: Parts) -> None:
    duel_id, _, bob = await gone_for_too_long(core)
    await core.sql("UPDATE uptime SET up_since = 0, seen_at = :then", then=core.clock.now() - 9_000)
    await core.tick(duel_id)
    assert (await core.duel(duel_id)).winner_id == bob


async def test_who_is_there_does_not_lose_because_it_could_not_be_written(core: Parts) -> None:
    duel_id, ada, _ = await gone_for_too_long(core)
    await core.uptime.note()
    await core.sql("UPDATE uptime SET up_since = 0")
    await core.recovery.tick(duel_id, everybody)
    duel = await core.duel(duel_id)
    assert (duel.status, [player.away_since for player in duel.players]) == ("live", [None, None])
    assert ("duel:presence", ada, True) in [(e, d.get("player_id"), d.get("connected")) for _, e, d in core.bus.said]


async def test_nobody_loses_by_an_absence_of_which_nobody_can_say(core: Parts) -> None:
    """The timer comes again."""
    duel_id, _, bob = await gone_for_too_long(core)
    await core.uptime.note()
    await core.sql("UPDATE uptime SET up_since = 0")

    async def unknown(player_id: str) -> None:
        return None

    await core.recovery.tick(duel_id, unknown)
    assert (await core.duel(duel_id)).status == "live"
    await core.recovery.tick(duel_id, nobody)
    assert (await core.duel(duel_id)).winner_id == bob


async def test_who_are_both_there_have_both_not_lost(core: Parts) -> None:
    """Though nobody has noticed it of either: whoever is looked at first."""
    for look in ("tick", "sweep"):
        duel_id, _, bob = await gone_for_too_long(core)
        await core.uptime.note()
        await core.sql("UPDATE uptime SET up_since = 0")
        await core.sql("UPDATE duel_players SET away_since = 1 WHERE player_id = :bob", bob=bob)
        await (core.recovery.tick(duel_id, everybody) if look == "tick" else core.recovery.sweep(everybody))
        duel = await core.duel(duel_id)
        assert (duel.status, [player.away_since for player in duel.players]) == ("live", [None, None])


async def test_a_sweep_that_finds_somebody_whose_coming_back_was_missed_takes_them_for_there(core: Parts) -> None:
    duel_id, *_ = await gone_for_too_long(core)
    await core.uptime.note()
    await core.sql("UPDATE uptime SET up_since = 0")
    await core.recovery.sweep(everybody)
    duel = await core.duel(duel_id)
    assert (duel.status, [player.away_since for player in duel.players]) == ("live", [None, None])


async def test_who_is_back_while_the_sweep_goes_on_is_not_away(core: Parts) -> None:
    duel_id, _, bob = await core.live()
    asked: set[str] = set()

    async def bob_comes_back(player_id: str) -> bool:
        before = player_id in asked
        asked.add(player_id)
        return player_id == bob and before

    await core.recovery.sweep(bob_comes_back)
    assert [player.away_since is None for player in (await core.duel(duel_id)).players] == [False, True]


async def test_texts_are_archived_by_the_end_or_by_the_sweep(core: Parts) -> None:
    duel_id, ada, bob = await core.live()
    starter = (await core.duels.package(await core.duel(duel_id))).starter["python"]
    pen = (await core.duels.journal.take_pen(duel_id, ada)).log
    after = Document.of("# mine\n" + starter, seq=1)
    kept: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    changes = json.dumps([[0, "# mine", ""], len(starter)]).encode()
    assert pen
    core.duels.journal.append(pen, after, changes, 1, lambda _, outcome: kept.set_result(outcome))
    assert isinstance(await kept, Kept)
    await core.duels.command(duel_id, rules.Resign(bob))
    expected = [(0, 1, after.text), (1, 0, starter)]
    read = "SELECT seat, final_seq, final_text FROM duel_players ORDER BY seat"
    assert [tuple(row) for row in await core.sql(read)] == expected
    # As if the process had died between the commit and the archive.
    for table in ("duels", "duel_players"):
        await core.sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await core.sql("UPDATE duel_players SET final_seq = NULL, final_text = NULL")
    await core.sql("UPDATE duels SET finished_at = 1")
    await core.recovery.sweep(nobody)
    assert [tuple(row) for row in await core.sql(read)] == expected


async def test_an_archived_text_is_not_replaced(core: Parts) -> None:
    duel_id, ada, _ = await core.live()
    await core.duels.command(duel_id, rules.Resign(ada))
    before = await core.sql("SELECT final_text FROM duel_players")
    await core.redis.flushall()
    await core.duels.archive.close(await core.duel(duel_id))
    assert await core.sql("SELECT final_text FROM duel_players") == before


async def test_an_old_duel_that_nobody_ticked_ends_with_the_next_sweep_and_tick(core: Parts) -> None:
    duel_id, ada, _ = await core.live()
    await core.judge(await core.submit(duel_id, ada, "a"), Verdict.WA, passed=5)
    await core.sql("UPDATE duels SET deadline = starts_at + 1")
    await core.redis.flushall()
    await core.recovery.sweep(everybody)
    due = await reply(core.redis.zscore(TIMERS, duel_id))
    assert due is not None
    assert due <= core.clock.now()
    await core.tick(duel_id)
    duel = await core.duel(duel_id)
    assert (duel.winner_id, duel.reason) == (ada, "most_cases")
    assert await reply(core.redis.zscore(TIMERS, duel_id)) is None


async def test_a_timer_does_not_spin_while_a_verdict_is_out(core: Parts) -> None:
    duel_id, ada, _ = await core.live()
    await core.submit(duel_id, ada, "a")
    await core.sql("UPDATE duels SET deadline = starts_at + 1")
    await core.tick(duel_id)
    assert (await core.duel(duel_id)).status == "live"
    assert await reply(core.redis.zscore(TIMERS, duel_id)) is None


async def test_a_timer_of_no_duel_is_forgotten(core: Parts) -> None:
    await core.duels.timers.set("nothing", 1)
    await core.tick("nothing")
    assert await reply(core.redis.zscore(TIMERS, "nothing")) is None


async def test_every_timer_that_is_due_is_handled_by_one_process(core: Parts) -> None:
    ticked: list[str] = []

    async def tick(duel_id: str) -> None:
        ticked.append(duel_id)
        await core.duels.timers.set(duel_id, None)

    for n in range(50):
        await core.duels.timers.set(str(n), 1)
    await core.duels.timers.set("later", core.clock.now() + 60_000)
    runners = [asyncio.create_task(core.duels.timers.run(tick, asyncio.Event())) for _ in range(3)]
    async with asyncio.timeout(10):
        while await reply(core.redis.zcard(TIMERS)) > 1:
            await asyncio.sleep(0.01)
    for runner in runners:
        runner.cancel()
    assert sorted(ticked, key=int) == [str(n) for n in range(50)]


async def test_a_timer_that_was_claimed_is_handled_by_a_process_that_stops(core: Parts) -> None:
    """Nobody else would have it before the claim is over."""
    stopping, ticked = asyncio.Event(), False

    async def tick(duel_id: str) -> None:
        nonlocal ticked
        stopping.set()
        await core.duels.timers.set(duel_id, 1)  # due again: that is for another process
        ticked = True

    await core.duels.timers.set("due", 1)
    await asyncio.wait_for(core.duels.timers.run(tick, stopping), 5)
    assert ticked


async def test_a_row_is_needed_before_it_is_judged(core: Parts) -> None:
    """A result whose submission was never committed says nothing."""
    duel_id, ada, _ = await core.live()
    await core.submit(duel_id, ada, "a")
    ghost = (await core.jobs())[0].model_copy(update={"job_id": a_submission(duel_id, ada, "b").id})
    await core.results.apply(an_answer(ghost, Verdict.AC))
    assert (await core.duel(duel_id)).status == "live"
