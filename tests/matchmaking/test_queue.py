"""The queue's scripts on a real Valkey, against a model of what they promise."""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from python_duel.matchmaking import queue as queues
from python_duel.matchmaking.queue import LEASE_MS, LEASES, MODES, TICKETS, Pairing, Queue, Waiting
from python_duel.platform import redis as redis_store
from python_duel.platform.redis import reply
from python_duel.protocol.base import Mode

PLAYERS = st.sampled_from(["ada", "bob", "cyd", "dan", "eve"])
FORGOTTEN_MS = 60_000


@dataclass
class Place:
    """What the model knows of somebody who waits."""

    ticket: str
    mode: Mode
    joined_at: int
    lease: int


class QueueMachine(RuleBasedStateMachine):
    """Players over one store; every run begins with an empty one."""

    queue: ClassVar[Queue]
    client: ClassVar[redis_store.Redis]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.runner.run(reply(self.client.flushall()))
        self.now = 1_000_000
        self.places: dict[str, Place] = {}
        self.gone: set[str] = set()
        self.consumed: set[str] = set()
        self.duels: set[str] = set()

    @rule(ms=st.sampled_from([1, 10, LEASE_MS, LEASE_MS + 1, FORGOTTEN_MS]))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @rule(player=PLAYERS, mode=st.sampled_from(MODES))
    def join(self, player: str, mode: Mode) -> None:
        waiting, pairing = self.runner.run(self.queue.join(player, mode, "python", self.now))
        before = self.places.get(player)
        if before and before.mode == mode and waiting.ticket == before.ticket:
            assert waiting.joined_at == before.joined_at
            before.lease = self.now + LEASE_MS
        else:
            # A new ticket: there was none, of another mode, or forgotten after a minute's absence.
            assert before is None or before.mode != mode or before.lease < self.now - FORGOTTEN_MS
            assert waiting.joined_at == self.now
            self.gone.discard(player)
            self.places[player] = Place(waiting.ticket, mode, self.now, self.now + LEASE_MS)
        self.take(player, waiting, pairing, mode)

    def take(self, player: str, waiting: Waiting, pairing: Pairing | None, mode: Mode) -> None:
        there = [
            name
            for name, place in self.places.items()
            if name != player and place.mode == mode and place.lease >= self.now
        ]
        assert bool(there) == bool(pairing)
        assert waiting.ticket not in self.consumed
        if pairing:
            first, second = (half.player_id for half in pairing.players)
            assert second == player != first
            oldest = min(there, key=lambda name: (self.places[name].joined_at, name))
            assert first == oldest
            assert pairing.duel_id not in self.duels
            self.duels.add(pairing.duel_id)
            self.gone |= {first, second}
            self.consumed |= {self.places.pop(first).ticket, self.places.pop(second).ticket}
        self.forget(mode)

    def forget(self, mode: Mode) -> None:
        """The store may drop who has been away for a minute; the model asks it whether it did."""
        held = self.runner.run(reply(self.client.hkeys(TICKETS)))
        for name, place in list(self.places.items()):
            if name not in held:
                assert place.mode == mode
                assert place.lease < self.now - FORGOTTEN_MS
                del self.places[name]

    @rule(player=PLAYERS)
    def leave(self, player: str) -> None:
        assert self.runner.run(self.queue.leave(player)) == (self.places.pop(player, None) is not None)
        self.gone.add(player)

    @rule()
    def the_store_loses_everything(self) -> None:
        self.runner.run(reply(self.client.flushall()))
        self.places, self.gone, self.duels = {}, set(), set()

    @rule(player=PLAYERS, mode=st.sampled_from(MODES))
    def restore(self, player: str, mode: Mode) -> None:
        before = self.places.get(player)
        wanted = before.mode if before else mode
        place = queues.Place(wanted, "python", self.now - 5)
        waiting, pairing = self.runner.run(self.queue.restore(player, place, self.now))
        if before or player in self.gone:
            assert waiting is None
        else:
            assert waiting
            self.places[player] = Place(waiting.ticket, mode, place.joined_at, self.now + LEASE_MS)
        if before:
            before.lease = self.now + LEASE_MS
        if player in self.places:
            held = self.places[player]
            self.take(player, Waiting(held.ticket, held.joined_at, 0), pairing, wanted)
        else:
            assert pairing is None

    @rule(player=PLAYERS, ms=st.sampled_from([-1, 5_000, LEASE_MS]))
    def lease(self, player: str, ms: int) -> None:
        held = self.runner.run(self.queue.lease([player], self.now + ms))
        assert {name: place.joined_at for name, place in held.items()} == {
            name: place.joined_at for name, place in self.places.items() if name == player
        }
        if player in self.places:
            self.places[player].lease = self.now + ms

    @rule(player=PLAYERS, mode=st.sampled_from(MODES))
    def rejoin(self, player: str, mode: Mode) -> None:
        place = self.places.get(player)
        pairing = self.runner.run(self.queue.rejoin(player, mode, self.now))
        if place is None or place.mode != mode:
            assert pairing is None
            return
        place.lease = self.now + LEASE_MS
        self.take(player, Waiting(place.ticket, place.joined_at, 0), pairing, mode)

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        tickets = self.runner.run(reply(self.client.hkeys(TICKETS)))
        assert set(tickets) == set(self.places)
        assert set(self.runner.run(reply(self.client.zrange(LEASES, 0, -1)))) == set(self.places)
        for mode in MODES:
            waiting = self.runner.run(reply(self.client.zrange(f"{{queue}}:waiting:{mode}", 0, -1)))
            mine = {name: place for name, place in self.places.items() if place.mode == mode}
            # Who is away may have been taken out of line; who is there never is.
            assert {name for name, place in mine.items() if place.lease >= self.now} <= set(waiting) <= mine.keys()

    @invariant()
    def every_pairing_is_kept_until_it_is_settled(self) -> None:
        assert {pairing.duel_id for pairing in self.runner.run(self.queue.pairings())} == self.duels

    @invariant()
    def who_is_there_is_known(self) -> None:
        for mode in MODES:
            there = [name for name, place in self.places.items() if place.mode == mode and place.lease >= self.now]
            assert set(self.runner.run(self.queue.present(mode, self.now))) == set(there)


def test_the_queue_keeps_its_promises(redis_url: str) -> None:
    with asyncio.Runner() as runner:
        client = redis_store.connect(redis_url)
        QueueMachine.queue, QueueMachine.client, QueueMachine.runner = Queue(client), client, runner
        try:
            run_state_machine_as_test(
                QueueMachine,
                settings=settings(
                    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
                ),
            )
        finally:
            runner.run(client.aclose())


@pytest.fixture
async def queue(redis_url: str) -> Any:
    client = redis_store.connect(redis_url)
    yield Queue(client)
    await client.aclose()


@pytest.mark.parametrize("count", [50, 100])
async def test_everybody_who_joins_at_once_is_paired_once(queue: Queue, count: int) -> None:
    players = [f"p{n}" for n in range(count)]
    joins = await asyncio.gather(*(queue.join(player, "ranked", "python", 1_000) for player in players * 2))
    pairings = [pairing for _, pairing in joins if pairing]
    paired = [half.player_id for pairing in pairings for half in pairing.players]
    # A second tap that came after the pairing waits again: nobody is in two pairings of one ticket.
    assert {pairing.duel_id for pairing in await queue.pairings()} == {pairing.duel_id for pairing in pairings}
    assert set(paired) == set(players)
    assert all(first.player_id != second.player_id for first, second in (pairing.players for pairing in pairings))


async def test_who_is_away_does_not_block_the_queue(queue: Queue) -> None:
    """A hundred who closed their page a moment ago stand before two who are there."""
    for n in range(100):
        await queue.join(f"gone{n}", "casual", "python", 1_000 + n)
        await queue.lease([f"gone{n}"], 0)
    now = 1_000 + 50_000
    assert (await queue.join("ada", "casual", "python", now))[1] is None
    _, pairing = await queue.join("bob", "casual", "python", now)
    assert pairing
    assert {half.player_id for half in pairing.players} == {"ada", "bob"}


async def test_the_longest_waiting_is_met_first(queue: Queue) -> None:
    await queue.join("cyd", "casual", "python", 3_000)
    await queue.lease(["cyd"], 0)
    await queue.join("ada", "casual", "python", 5_000)
    await queue.lease(["cyd"], 60_000)
    _, pairing = await queue.join("bob", "casual", "python", 6_000)
    assert pairing
    assert [half.player_id for half in pairing.players] == ["cyd", "bob"]


async def test_the_modes_do_not_mix(queue: Queue) -> None:
    await queue.join("ada", "ranked", "python", 1_000)
    assert (await queue.join("bob", "casual", "python", 1_000))[1] is None
    assert (await queue.join("bob", "ranked", "python", 1_000))[1] is not None
