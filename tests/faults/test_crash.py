"""Crashes in mid-duel: the same duel, the same text, the same deadline, the right winner."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
import redis.asyncio

from tests.contract.conftest import an_arena
from tests.support.arena import Arena
from tests.support.invariants import sound
from tests.support.lasted import lasted
from tests.support.player import Player, invited, reference

SLOW_CHALLENGE = "def slow(*args):\n    while True:\n        pass\n"


@pytest.fixture(scope="module")
def hall() -> Iterator[Arena]:
    """An arena to break: two web processes and a judge. Every test leaves it whole."""
    with an_arena(webs=2) as arena:
        yield arena


@pytest.fixture
async def duelists(hall: Arena) -> AsyncIterator[tuple[Player, Player]]:
    ada, bob = [await Player.join(web.url, name) for web, name in zip(hall.webs, ("Ada", "Bob"), strict=True)]
    yield ada, bob
    await sound(hall.database_url, edits_lost=True)
    for player in (ada, bob):
        await player.leave()


@pytest.fixture
async def store(hall: Arena) -> AsyncIterator[Any]:
    client: Any = redis.asyncio.Redis.from_url(hall.redis_url, decode_responses=True)
    yield client
    await client.aclose()


async def restart(hall: Arena, indexes: list[int]) -> None:
    """Kill these web processes and start them again on the same ports."""
    for index in indexes:
        hall.webs[index].kill()
    for index in indexes:
        port = int(hall.webs[index].url.rpartition(":")[2])
        hall.start_web(port)
        hall.webs[index] = hall.webs.pop()
    await asyncio.to_thread(hall.wait_ready)


async def come_back(player: Player) -> None:
    await player.leave()
    await player.connect()


def text_of(snapshot: dict[str, Any], player: Player) -> tuple[int, str]:
    side = next(side for side in snapshot["players"] if side["id"] == player.id)
    return side["seq"], side["text"]


async def verdicts(hall: Arena, duel_id: str) -> list[tuple[str, str | None]]:
    """Submissions in the order of receipt, with their verdicts, as they are stored."""
    database = await asyncpg.connect(hall.database_url)
    try:
        rows = await database.fetch(
            "SELECT submission_id, verdict FROM submissions WHERE duel_id = $1 ORDER BY receipt", duel_id
        )
    finally:
        await database.close()
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("killed", [[0], [0, 1]], ids=["one", "all"])
async def test_a_web_process_killed_in_mid_duel(
    hall: Arena, duelists: tuple[Player, Player], killed: list[int]
) -> None:
    ada, bob = duelists
    duel_id = await invited(ada, bob, minutes=5)
    before = await bob.open(duel_id)
    for n in range(5):
        await ada.write(duel_id, f"# 🦆 {n}\n")
    await bob.write(duel_id, "# Bob\n")
    with lasted("web process killed in mid-duel: to the duel open again, restart included"):
        await restart(hall, killed)
        for index in killed:
            await come_back(duelists[index])
        snapshots = [await player.open(duel_id) for player in duelists]
    for after in snapshots:
        assert (after["status"], after["deadline"], after["starts_at"]) == (
            "live",
            before["deadline"],
            before["starts_at"],
        )
        assert after["challenge"] == before["challenge"]
        assert text_of(after, ada) == (5, "# 🦆 4\n")
        assert text_of(after, bob) == (1, "# Bob\n")
    solution = reference(before["challenge"]["slug"])
    await ada.write(duel_id, "# after\n")
    assert await bob.heard("duel:edit", player_id=ada.id, seq=6)
    await bob.write(duel_id, solution)
    await bob.submit(duel_id, "winning")
    for player in duelists:
        finished = await player.heard("duel:finished", duel_id=duel_id)
        assert finished["result"]["winner_id"] == bob.id
    over = await ada.open(duel_id)
    assert (text_of(over, ada), text_of(over, bob)) == ((6, "# after\n"), (2, solution))


async def test_every_web_process_killed_with_a_submission_on_its_way(
    hall: Arena, duelists: tuple[Player, Player]
) -> None:
    ada, bob = duelists
    duel_id = await invited(ada, bob)
    slug = (await ada.open(duel_id))["challenge"]["slug"]
    await ada.write(duel_id, reference(slug))
    await ada.submit(duel_id, "before-the-crash")
    with lasted("every web process killed with a submission on its way: to its result, restart included"):
        await restart(hall, [0, 1])
        for player in duelists:
            await come_back(player)
            snapshot = await player.open(duel_id)
            if snapshot["status"] != "finished":
                snapshot = await player.state("finished")
            assert snapshot["result"] == {"outcome": "win", "winner_id": ada.id, "reason": "solved"}
    assert await verdicts(hall, duel_id) == [("before-the-crash", "AC")]


@pytest.mark.slow  # a job's lease is ten seconds
async def test_a_judge_killed_in_mid_run(hall: Arena, duelists: tuple[Player, Player]) -> None:
    """The job goes to another judge; there is one verdict, and the later-received pass waits for it."""
    ada, bob = duelists
    duel_id = await invited(ada, bob)
    challenge = (await ada.open(duel_id))["challenge"]
    await ada.write(duel_id, SLOW_CHALLENGE)
    await bob.write(duel_id, reference(challenge["slug"]))
    [judge] = hall.judges
    os.kill(judge.pid, signal.SIGSTOP)
    await ada.submit(duel_id, "first")
    await bob.submit(duel_id, "second")
    os.kill(judge.pid, signal.SIGCONT)
    async with asyncio.timeout(10):
        while not await taken(hall):
            await asyncio.sleep(0.005)
    with lasted("judge killed in mid-run: to the verdict of another, its start included"):
        judge.kill()
        judge.wait()
        hall.judges.remove(judge)
        hall.start_judge()
        await told(ada, "first")
    finished = await ada.heard("duel:finished", duel_id=duel_id)
    assert finished["result"]["winner_id"] == bob.id
    stored = await verdicts(hall, duel_id)
    assert [submission_id for submission_id, _ in stored] == ["first", "second"]
    assert stored[0][1] not in (None, "AC", "IE")
    assert stored[1][1] == "AC"
    for submission_id in ("first", "second"):
        heard = [it for it in ada.events["duel:verdict"] if it["submission_id"] == submission_id]
        assert len(heard) == 1


async def told(player: Player, submission_id: str) -> None:
    """The player has the verdict; a lost job is looked for after 15 s."""
    async with asyncio.timeout(60):
        while not any(it["submission_id"] == submission_id for it in player.events["duel:verdict"]):
            await asyncio.sleep(0.02)


async def taken(hall: Arena) -> bool:
    """Whether a judge has a job in hand."""
    client: Any = redis.asyncio.Redis.from_url(hall.redis_url, decode_responses=True)
    try:
        return bool((await client.xpending("{judge}:jobs", "judges"))["pending"])
    finally:
        await client.aclose()


async def test_relays_go_on_after_the_pubsub_connections_were_killed(
    duelists: tuple[Player, Player], store: Any
) -> None:
    ada, bob = duelists
    duel_id = await invited(ada, bob)
    await ada.write(duel_id, "# before\n")
    await bob.heard("duel:edit", player_id=ada.id, seq=1)
    with lasted("publish/subscribe connections killed: to the next edit on the other side"):
        assert await store.execute_command("CLIENT", "KILL", "TYPE", "pubsub") >= 2
        # What is written now may be lost on the way; a fresh snapshot then brings it.
        await ada.write(duel_id, "# meanwhile\n")
        async with asyncio.timeout(15):
            while not await arrived(bob, ada, 2):
                await asyncio.sleep(0.02)
    await ada.write(duel_id, "# after\n")
    await bob.heard("duel:edit", player_id=ada.id, seq=3)
    await bob.do("duel:offer_draw", {"duel_id": duel_id})
    await ada.do("duel:offer_draw", {"duel_id": duel_id})
    for player in duelists:
        assert (await player.heard("duel:finished", duel_id=duel_id))["result"]["reason"] == "agreed"


async def arrived(reader: Player, author: Player, seq: int) -> bool:
    """Whether the reader was sent that edit, or a snapshot with it."""
    edits = [edit["seq"] for edit in reader.events["duel:edit"] if edit["player_id"] == author.id]
    states = [text_of(state["snapshot"], author)[0] for state in reader.events["duel:state"]]
    return max([*edits, *states], default=0) >= seq


async def test_the_store_emptied_in_mid_duel(hall: Arena, duelists: tuple[Player, Player], store: Any) -> None:
    """The truth is in PostgreSQL; a text comes back from its author's own copy."""
    ada, bob = duelists
    duel_id = await invited(ada, bob)
    before = await ada.open(duel_id)
    solution = reference(before["challenge"]["slug"])
    await ada.write(duel_id, solution)
    await store.flushall()
    edit = {"duel_id": duel_id, "seq": 2, "changes": []}
    assert (await ada.ask("duel:edit", edit))["ok"] is False
    after = await ada.open(duel_id)
    assert (after["status"], after["deadline"]) == ("live", before["deadline"])
    await ada.write(duel_id, solution)
    await ada.submit(duel_id, "again")
    for player in duelists:
        finished = await player.heard("duel:finished", duel_id=duel_id)
        assert finished["result"] == {"outcome": "win", "winner_id": ada.id, "reason": "solved"}
    assert text_of(await bob.open(duel_id), ada)[1] == solution


async def test_both_see_the_same_last_text_when_the_store_was_emptied(
    hall: Arena, duelists: tuple[Player, Player], store: Any
) -> None:
    """Also on the process that has relayed what is lost."""
    ada, bob = duelists
    await bob.leave()
    await bob.connect(ada.url)
    duel_id = await invited(ada, bob)
    await ada.write(duel_id, "# lost\n")
    await store.flushall()
    await bob.do("duel:resign", {"duel_id": duel_id})
    seen = [text_of(await player.open(duel_id), ada) for player in (bob, ada)]
    assert seen[0] == seen[1]


@pytest.mark.slow
async def test_a_job_lost_with_the_store_is_judged_all_the_same(
    hall: Arena, duelists: tuple[Player, Player], store: Any
) -> None:
    ada, bob = duelists
    duel_id = await invited(ada, bob)
    slug = (await ada.open(duel_id))["challenge"]["slug"]
    await ada.write(duel_id, reference(slug))
    [judge] = hall.judges
    os.kill(judge.pid, signal.SIGSTOP)
    await ada.submit(duel_id, "lost")
    with lasted("a job lost with its store: to the verdict"):
        await store.flushall()
        os.kill(judge.pid, signal.SIGCONT)
        await told(bob, "lost")
    finished = await bob.heard("duel:finished", duel_id=duel_id)
    assert finished["result"]["winner_id"] == ada.id


GRACE_S = 22
"""Longer than a break that is part of it."""


@pytest.fixture
def patient() -> Iterator[Arena]:
    """An arena in which a player may be away for that long."""
    with an_arena(webs=2, settings={"DUEL_RECONNECT_GRACE": str(GRACE_S)}) as arena:
        yield arena


@pytest.mark.slow  # nobody is there for longer than a grace
async def test_nobody_loses_by_an_absence_while_every_web_process_was_down(patient: Arena) -> None:
    """Neither by the timer, which comes first when they are back, nor by coming back themselves."""
    ada, bob = [await Player.join(web.url, name) for web, name in zip(patient.webs, ("Ada", "Bob"), strict=True)]
    duel_id = await invited(ada, bob)
    await bob.leave()
    grace_until = (await ada.heard("duel:presence", player_id=bob.id, connected=False))["grace_until"]
    for web in patient.webs:
        web.kill()
    async with asyncio.timeout(2 * GRACE_S):
        while time.time() * 1000 < grace_until:
            await asyncio.sleep(0.1)
    await restart(patient, [0, 1])
    for player in (ada, bob):
        await come_back(player)
        assert (await player.open(duel_id))["status"] == "live"
    # And who is away while all stands loses as ever.
    await bob.leave()
    async with asyncio.timeout(3 * GRACE_S):
        while (over := await ada.open(duel_id))["status"] != "finished":
            await asyncio.sleep(0.2)
    assert over["result"] == {"outcome": "win", "winner_id": ada.id, "reason": "abandoned"}
    await sound(patient.database_url)
    for player in (ada, bob):
        await player.leave()
