"""From two tickets to one duel, on real stores, with crashes in between."""

import asyncio
from collections import Counter

import pytest

from python_duel.duels import rules
from python_duel.errors import AlreadyInDuel, DuelError, Forbidden, NotFound, Unavailable
from python_duel.matchmaking.queue import LEASE_MS, TICKETS
from python_duel.matchmaking.service import SETTLE_MS
from python_duel.platform.redis import reply
from python_duel.protocol.client import DuelCreate
from tests.support.parts import Parts, everybody, nobody


async def guests(core: Parts, count: int) -> list[str]:
    return [(await core.players.open_guest(f"Guest {n}"))[0].id for n in range(count)]


async def pairs(core: Parts) -> Counter[frozenset[str]]:
    """The duels that stand, by who is in them."""
    rows = await core.sql("SELECT array_agg(player_id) FROM duel_players GROUP BY duel_id")
    return Counter(frozenset(players) for (players,) in rows)


async def test_two_who_wait_meet(core: Parts) -> None:
    ada, bob = await guests(core, 2)
    assert (await core.matchmaking.join(ada, "casual", ["python"])).ticket
    await core.matchmaking.join(bob, "casual", ["python"])
    assert await pairs(core) == {frozenset({ada, bob}): 1}
    assert await core.queue.pairings() == []


async def test_many_taps_at_once_put_everybody_in_one_duel_and_leave_no_ticket(core: Parts) -> None:
    players = await guests(core, 20)

    async def tap(player_id: str) -> None:
        try:
            await core.matchmaking.join(player_id, "ranked", ["python"])
        except AlreadyInDuel:
            return

    await asyncio.gather(*map(tap, players * 3))
    duels = await pairs(core)
    assert set().union(*duels) == set(players)
    assert len(duels) == 10
    assert set(duels.values()) == {1}
    assert await reply(core.redis.hkeys(TICKETS)) == []


async def test_who_is_in_a_duel_gets_no_ticket(core: Parts) -> None:
    duel_id, ada, _ = await core.live()
    with pytest.raises(AlreadyInDuel) as refused:
        await core.matchmaking.join(ada, "casual", ["python"])
    assert refused.value.extra["duel_id"] == duel_id
    assert await reply(core.redis.hkeys(TICKETS)) == []


async def test_a_ticket_left_from_before_a_duel_hurts_nobody(core: Parts) -> None:
    """Ada waits in one tab and is in a duel already: Bob waits on, with his place, and meets Cyd."""
    bob, cyd = await guests(core, 2)
    _, ada, _ = await core.live()
    await core.queue.join(ada, "casual", "python", core.clock.now())
    mine = await core.matchmaking.join(bob, "casual", ["python"])
    assert await reply(core.redis.hkeys(TICKETS)) == [bob]
    await core.matchmaking.join(cyd, "casual", ["python"])
    assert (await pairs(core))[frozenset({bob, cyd})] == 1
    assert mine.ticket


async def test_cancel_against_match_leaves_nobody_half_in(core: Parts) -> None:
    for _ in range(10):
        ada, bob = await guests(core, 2)
        await core.matchmaking.join(ada, "casual", ["python"])
        left, _ = await asyncio.gather(core.queue.leave(ada), core.matchmaking.join(bob, "casual", ["python"]))
        together = (await pairs(core))[frozenset({ada, bob})]
        assert together == (0 if left else 1)
        assert await reply(core.redis.hkeys(TICKETS)) == ([bob] if left else [])
        await core.queue.leave(bob)


async def test_a_pairing_left_by_a_crash_is_completed_and_told(core: Parts) -> None:
    ada, bob = await guests(core, 2)
    long_ago = core.clock.now() - SETTLE_MS - 1
    await core.queue.join(ada, "casual", "python", long_ago)
    await core.queue.join(bob, "casual", "python", long_ago)
    await asyncio.gather(core.matchmaking.sweep(everybody), core.matchmaking.sweep(everybody))
    assert await pairs(core) == {frozenset({ada, bob}): 1}
    assert await core.queue.pairings() == []
    assert {topic for topic, event, _ in core.bus.said if event == "queue:matched"} == {
        f"player:{ada}",
        f"player:{bob}",
    }


async def test_a_duel_made_by_a_process_that_died_before_it_told_is_told(core: Parts) -> None:
    ada, bob = await guests(core, 2)
    await core.queue.join(ada, "casual", "python", core.clock.now() - SETTLE_MS - 1)
    _, pairing = await core.queue.join(bob, "casual", "python", core.clock.now() - SETTLE_MS - 1)
    assert pairing
    await core.matchmaking._pair(pairing)
    await reply(core.redis.hset("{queue}:pairings", pairing.duel_id, await stored(pairing.at, ada, bob)))
    core.bus.said.clear()
    await core.matchmaking.sweep(everybody)
    assert core.bus.count("queue:matched") == 2
    assert await pairs(core) == {frozenset({ada, bob}): 1}


async def stored(at: int, ada: str, bob: str) -> str:
    """A pairing as the script stores it."""
    halves = ",".join(f'{{"player_id":"{p}","language":"python","joined_at":{at}}}' for p in (ada, bob))
    return f'{{"at":{at},"mode":"casual","players":[{halves}]}}'


async def test_who_was_passed_over_while_away_is_paired_when_back(core: Parts) -> None:
    ada, bob = await guests(core, 2)
    await core.matchmaking.join(ada, "casual", ["python"])
    await core.queue.lease([ada], core.clock.now() - 1)
    await core.matchmaking.join(bob, "casual", ["python"])
    await core.matchmaking.sweep(everybody)
    assert await pairs(core) == {}
    await core.queue.lease([ada], core.clock.now() + LEASE_MS)
    await core.matchmaking.sweep(everybody)
    assert await pairs(core) == {frozenset({ada, bob}): 1}


async def test_nobody_is_drawn_into_a_duel_while_away(core: Parts) -> None:
    ada, bob = await guests(core, 2)
    _, code = await core.matchmaking.create_invite(ada, DuelCreate())
    with pytest.raises(Unavailable, match="not here"):
        await core.matchmaking.accept(bob, code, nobody)
    assert await pairs(core) == {}


async def test_an_invitation_is_for_one(core: Parts) -> None:
    ada, *others = await guests(core, 6)
    duel_id, code = await core.matchmaking.create_invite(ada, DuelCreate())
    with pytest.raises(Forbidden):
        await core.matchmaking.accept(ada, code, everybody)
    answers = await asyncio.gather(
        *(core.matchmaking.accept(p, code, everybody) for p in others), return_exceptions=True
    )
    assert answers.count(duel_id) == 1
    assert all(isinstance(answer, str | DuelError) for answer in answers)
    winner = others[answers.index(duel_id)]
    assert await pairs(core) == {frozenset({ada, winner}): 1}
    assert await core.matchmaking.accept(winner, code, nobody) == duel_id
    await core.duels.command(duel_id, rules.Resign(ada))
    with pytest.raises(NotFound):
        await core.matchmaking.accept(next(p for p in others if p != winner), code, everybody)
    with pytest.raises(NotFound, match="new link"):
        await core.matchmaking.accept(winner, "unknown", everybody)


async def test_accepting_takes_both_out_of_the_queue(core: Parts) -> None:
    ada, bob = await guests(core, 2)
    _, code = await core.matchmaking.create_invite(ada, DuelCreate(minutes=2, visibility="veiled"))
    await core.matchmaking.join(ada, "casual", ["python"])
    await core.matchmaking.join(bob, "ranked", ["python"])
    duel = await core.duel(await core.matchmaking.accept(bob, code, everybody))
    assert await reply(core.redis.hkeys(TICKETS)) == []
    assert (duel.deadline - duel.starts_at, duel.visibility, duel.public) == (120_000, "veiled", False)


async def test_accepting_one_that_was_played_already_takes_nobody_out_of_the_queue(core: Parts) -> None:
    ada, bob = await guests(core, 2)
    _, code = await core.matchmaking.create_invite(ada, DuelCreate())
    await core.duels.command(await core.matchmaking.accept(bob, code, everybody), rules.Resign(ada))
    await core.matchmaking.join(ada, "casual", ["python"])
    await core.matchmaking.accept(bob, code, everybody)
    assert await reply(core.redis.hkeys(TICKETS)) == [ada]


async def test_who_is_put_back_while_their_other_tap_is_paired_keeps_no_ticket(
    core: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob, cleo, dan = await guests(core, 4)
    await core.matchmaking.join(ada, "casual", ["python"])
    await core.matchmaking.join(bob, "casual", ["python"])
    now = core.clock.now()
    # Ada's second tap left a ticket, and Cleo was paired with it; Cleo's own second tap met Dan meanwhile.
    await core.queue.join(ada, "casual", "python", now)
    _, stale = await core.queue.join(cleo, "casual", "python", now)
    assert stale
    real = core.duels.active

    async def overtaken(player_id: str) -> str | None:
        active = await real(player_id)
        if player_id == cleo and active is None:
            await core.matchmaking.join(dan, "ranked", ["python"])
            _, other = await core.queue.join(cleo, "ranked", "python", now)
            assert other
            await core.matchmaking._pair(other)
        return active

    monkeypatch.setattr(core.duels, "active", overtaken)
    await core.matchmaking._pair(stale)
    assert await pairs(core) == {frozenset({ada, bob}): 1, frozenset({cleo, dan}): 1}
    assert await reply(core.redis.hkeys(TICKETS)) == []


async def told(core: Parts) -> list[tuple[str, int]]:
    """Who was told that they wait again, and for how long they do."""
    return [(topic, data["waiting_ms"]) for topic, event, data in core.bus.said if event == "queue:rejoined"]


async def test_who_was_lost_with_the_store_waits_again_and_is_told(core: Parts) -> None:
    [ada] = await guests(core, 1)
    before = await core.matchmaking.join(ada, "ranked", ["python"])
    await core.redis.flushall()
    for _ in range(2):
        await core.matchmaking.beat([ada])
    assert [topic for topic, _ in await told(core)] == [f"player:{ada}"]
    again = await core.matchmaking.join(ada, "ranked", ["python"])
    assert (again.joined_at, again.ticket != before.ticket) == (before.joined_at, True)


async def test_two_who_were_lost_with_the_store_meet(core: Parts) -> None:
    """Each of them waited for somebody of their own mode; now one goes over."""
    ada, bob = await guests(core, 2)
    await core.matchmaking.join(ada, "ranked", ["python"])
    await core.matchmaking.join(bob, "casual", ["python"])
    await core.redis.flushall()
    await core.matchmaking.join(ada, "casual", ["python"])
    await core.matchmaking.beat([ada, bob])
    assert await pairs(core) == {frozenset({ada, bob}): 1}


@pytest.mark.parametrize("by", ["leaving", "another process", "being paired", "closing the page"])
async def test_who_does_not_wait_any_more_is_not_put_back(core: Parts, by: str) -> None:
    ada, bob = await guests(core, 2)
    await core.matchmaking.join(ada, "casual", ["python"])
    if by == "leaving":
        await core.matchmaking.leave(ada)
    elif by == "another process":
        await core.queue.leave(ada)
    elif by == "closing the page":
        core.matchmaking.places.forget(ada)
        await core.redis.delete(TICKETS)
    else:
        await core.matchmaking.join(bob, "casual", ["python"])
        [(duel_id,)] = await core.sql("SELECT id FROM duels")
        await core.duels.command(duel_id, rules.Resign(ada))
    await core.matchmaking.beat([ada, bob])
    assert await told(core) == []
    assert await reply(core.redis.hkeys(TICKETS)) == []
