"""The wall clock of one machine, its web process and its judge, is an hour off: nobody notices."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from tests.contract.conftest import an_arena
from tests.faults.conftest import Hall
from tests.support import lasted
from tests.support.arena import READY_S
from tests.support.endings import accepted, archived, submission, won
from tests.support.player import Player, pair, reference
from tests.support.processes import until

LIBRARIES = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
HOUR_S = 3600
pytestmark = pytest.mark.skipif(not LIBRARIES, reason="faketime is not installed: apt-get install faketime")


class Skewed(Hall):
    """`webs[1]` and one of two judges are on the machine whose clock the `plan` sets."""

    def step(self, seconds: int) -> None:
        """That clock is so far ahead of the true one from now on."""
        draft = self.plan.with_suffix(".new")
        draft.write_text(f"{seconds:+d}\n")
        draft.rename(self.plan)

    def wrong_by(self) -> float:
        """What that web process believes, by the date in its answers, in seconds from the true time."""
        said = httpx.get(f"{self.arena.webs[1].url}/healthz").headers["date"]
        return parsedate_to_datetime(said).timestamp() - time.time()


@pytest.fixture(scope="module")
def skewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Skewed]:
    plan = tmp_path_factory.mktemp("clock") / "clock"
    clock = {"FAKETIME_TIMESTAMP_FILE": str(plan)}
    faketime = {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with an_arena(1) as arena:
        hall = Skewed(arena, plan, None)  # type: ignore[arg-type]
        hall.step(HOUR_S)
        arena.start_web(0, **clock, **faketime)
        arena.start_judge("tests.support.skewed", **clock)
        arena.wait_ready()
        until(lambda: httpx.get(arena.webs[0].url + "/readyz").json()["checks"]["judge"]["workers"] == 2, READY_S)
        yield hall


@pytest.fixture
async def players(skewed: Skewed) -> AsyncIterator[tuple[Player, Player]]:
    ada, bob = [await Player.join(web.url, name) for web, name in zip(skewed.arena.webs, ("Ada", "Bob"), strict=True)]
    yield ada, bob
    for player in (ada, bob):
        await player.leave()


def true_ms() -> float:
    return time.time() * 1000


@pytest.mark.parametrize("first", [0, 1], ids=["met from the wrong clock", "met from the right clock"])
async def test_a_process_that_starts_an_hour_ahead(skewed: Skewed, players: tuple[Player, Player], first: int) -> None:
    """Its players meet the others: nobody's place in the queue or presence has run out for it."""
    skewed.step(HOUR_S)
    assert skewed.wrong_by() > HOUR_S - 60
    for player in (players[first], players[1 - first]):
        await player.do("queue:join", {"mode": "casual"})
    met = "SELECT count(*) FROM duel_players WHERE live AND player_id = ANY($1)"
    assert await skewed.ask(met, [player.id for player in players]) == 2
    duel_id = (await players[0].heard("queue:matched"))["duel_id"]
    for player in players:
        await player.open(duel_id)
    for player in players:
        player.take(await player.state("live", duel_id))
        assert abs((await player.open(duel_id))["server_time"] - true_ms()) < 2000
    solution = reference((await players[1].open(duel_id))["challenge"]["slug"])
    await players[1].write(duel_id, solution)
    await accepted(players[1], "duel:submit", submission(duel_id, players[1], "right"))
    await won(skewed, duel_id, players[1], players[0])


@pytest.mark.parametrize("step", [HOUR_S, -HOUR_S])
async def test_a_step_in_mid_duel(skewed: Skewed, players: tuple[Player, Player], step: int) -> None:
    """Its clock does not move, and a deadline that only this process sees fires when it must."""
    skewed.step(0)
    ada, bob = players
    duel_id = await pair(bob, ada)
    before = await bob.open(duel_id)
    skewed.step(step)
    # The date is made anew every second.
    await asyncio.to_thread(until, lambda: abs(skewed.wrong_by() - step) < 60)
    await bob.write(duel_id, "# Bob\n")
    await bob.submit(duel_id, "wrong")
    await ada.heard("duel:verdict", submission_id="wrong")
    after = await bob.open(duel_id)
    assert (after["starts_at"], after["deadline"]) == (before["starts_at"], before["deadline"])
    assert abs(after["server_time"] - true_ms()) < 2000
    assert [side["connected"] for side in after["players"]] == [True, True]
    os.kill(skewed.arena.webs[0].process.pid, signal.SIGSTOP)
    try:
        soon = "UPDATE duels SET deadline = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 6000 WHERE id = $1"
        deadline = await skewed.ask(f"{soon} RETURNING deadline", duel_id)
        assert isinstance(deadline, int)
        await bob.heard("duel:finished", duel_id=duel_id)
        finished_at = await skewed.ask("SELECT finished_at FROM duels WHERE id = $1", duel_id)
        assert isinstance(finished_at, int)
        lasted.note("clock an hour off: a deadline to its end", (finished_at - deadline) / 1000)
        assert finished_at >= deadline
    finally:
        os.kill(skewed.arena.webs[0].process.pid, signal.SIGCONT)
    await archived(skewed, duel_id)


@pytest.mark.parametrize("step", [HOUR_S, -HOUR_S])
async def test_a_session_a_limit_and_a_judge_with_a_wrong_clock(
    skewed: Skewed, players: tuple[Player, Player], step: int
) -> None:
    skewed.step(step)
    _, bob = players
    headers = {"Authorization": f"Bearer {bob.token}"}
    async with httpx.AsyncClient(headers=headers) as http:
        for web in skewed.arena.webs:
            assert (await http.get(f"{web.url}/api/v1/me")).json()["player"]["id"] == bob.id
        # Each judge is known all the while, whatever time the other one believes it is.
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for web in skewed.arena.webs:
                assert (await http.get(f"{web.url}/readyz")).json()["checks"]["judge"]["workers"] == 2
            await asyncio.sleep(0.05)
    flood = await asyncio.gather(*(bob.ask("queue:leave") for _ in range(400)))
    waits = [answer["error"]["retry_after_ms"] for answer in flood if not answer["ok"]]
    assert waits
    assert max(waits) < 1000
