"""The model against the real parts: two web processes, a judge, PostgreSQL and Valkey, while they are killed, emptied
and restarted. What is in doubt stays so until somebody sees what holds; in the end the stored duels are asked.

`make faults` runs many histories. What Hypothesis prints of one that fails is what was done, in order. Timing is not
its own, so the same history may pass another time: it is not shrunk.
"""

import asyncio
import os
import random
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.faults.breaker import BOUNDARIES, Breaker
from tests.faults.conftest import Hall, a_hall
from tests.model.model import Answer, Duel
from tests.model.rules import Duelists
from tests.support.invariants import breaches
from tests.support.player import Player, invited
from tests.support.steady import Steady

T = TypeVar("T")
SHORT_S = 15
GRACE_S = 60
PAUSE_S = 0.2
SETTLED_S = 120
"""Jobs and ends that were lost are looked for after 15 s; the machine may be slow."""
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
SUDDEN = ["web_killed", "judge_killed", "pubsub_killed", "backends_ended", "redis_emptied"]
"""Faults that take no time. The others are for the soak."""


class Real:
    """Two stock clients, one duel after the other."""

    faulty = True

    def __init__(self, hall: Hall, loop: asyncio.AbstractEventLoop) -> None:
        self.hall, self._loop = hall, loop
        self.duels: dict[str, Duel] = {}
        self._tabs: list[Player] = []
        self._ever_emptied = False
        self._breaker = Breaker(hall, random.Random(SEED), self._losing)

    def _losing(self) -> None:
        self._ever_emptied = True
        for duel in self.duels.values():
            duel.lost()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        """All of one rule; between two of them nothing goes on but in the other processes."""
        return self._loop.run_until_complete(asyncio.wait_for(work, SETTLED_S))

    def begin(self, short: bool) -> tuple[Duel, list[str]]:
        self.duels.clear()
        return self._do(self._begin({} if short else {"minutes": 10}))

    async def _begin(self, wish: dict[str, Any]) -> tuple[Duel, list[str]]:
        urls = [web.url for web in self.hall.arena.webs]
        players = [await Player.join(url, name) for url, name in zip(urls, ("Ada", "Bob"), strict=True)]
        duel_id = await invited(players[0], players[1], challenge="fair-shares", **wish)
        self.clients = [Steady(player, lambda: urls, self.duels, GRACE_S) for player in players]
        for client in self.clients:
            await client.enter(duel_id)
        return self.clients[0].duel, [player.id for player in players]

    def open(self, who: int) -> dict[str, Any]:
        return self._do(self.clients[who].look())

    def ask(self, who: int, event: str, **payload: Any) -> Answer:
        return self._do(self.clients[who].tried(event, **payload))

    def disconnect(self, who: int) -> None:
        self._do(self.clients[who].leave())

    def second_tab(self, who: int) -> None:
        client = self.clients[who]
        player = {"id": client.player.id, "nickname": f"{client.player.nickname}'s tab"}
        tab = Steady(Player(client.player.url, player, client.player.token), client.urls, self.duels, GRACE_S)
        self._do(tab.enter(client.duel_id))
        self._tabs.append(tab.player)

    def breaks(self, kind: str) -> None:
        """One part at a time: somebody is left to go on with."""
        self.mend()
        self._do(self._breaker.break_(kind))

    def arm(self, boundary: str) -> None:
        """The next web process that passes there dies."""
        self.mend()
        self.hall.arm(boundary)

    def mend(self) -> None:
        self._do(self.hall.mend())

    def end(self, act: Callable[[], None] | None) -> dict[str, Any]:
        self.mend()
        while self.open(0)["status"] != "finished" and self.open(1):
            if act:
                act()
            self._do(asyncio.sleep(PAUSE_S))
        self._do(self._settled())
        snapshot = self.open(0)
        assert texts(snapshot) == texts(self.open(1))
        for player in (*self._tabs, *(client.player for client in self.clients)):
            self._do(player.leave())
        self._tabs.clear()
        assert self._do(breaches(self.hall.arena.database_url, edits_lost=self._ever_emptied)) == []
        return snapshot

    async def _settled(self) -> None:
        recorded = "SELECT count(*) FROM replays WHERE duel_id = $1"
        while not await self.hall.ask(recorded, self.clients[0].duel_id):
            await asyncio.sleep(PAUSE_S)


def texts(snapshot: dict[str, Any]) -> list[Any]:
    return [(side["id"], side["seq"], side["text"]) for side in snapshot["players"]]


class RealDuelists(Duelists):
    """Things break between what the players do, and while they do it."""

    driver: Real

    @rule(kind=st.sampled_from(SUDDEN))
    def breaks(self, kind: str) -> None:
        self.driver.breaks(kind)

    @rule(kind=st.sampled_from(BOUNDARIES), count=st.integers(1, 4))
    def dies_at(self, kind: str, count: int) -> None:
        self.driver.arm(f"{kind} {count}")

    @rule()
    def restarts(self) -> None:
        self.driver.mend()


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Real]:
    loop = asyncio.new_event_loop()
    with a_hall(tmp_path, DUEL_MINUTES=str(SHORT_S / 60), DUEL_LOG_LEVEL="error") as hall:
        yield Real(hall, loop)
    loop.close()


def play(driver: Real, chance: int, examples: int, steps: int) -> None:
    def machine() -> RealDuelists:
        made = RealDuelists()
        made.driver = driver
        return made

    run_state_machine_as_test(
        seed(chance)(machine),  # type: ignore[arg-type]  # a factory will do
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )


def test_a_few_histories(driver: Real) -> None:
    """The same ones each time."""
    play(driver, 1, examples=4, steps=25)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_histories(driver: Real) -> None:
    """Others each time, unless SEED says which."""
    print(f"SEED={SEED}")
    play(driver, SEED, examples=25, steps=30)
