"""Between browser and server: slow, sliced, reset, half open; clients that repeat, reorder and delay what they send."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import Hall
from tests.support.endings import archived
from tests.support.flaky import Flaky, Mirror
from tests.support.invariants import breaches
from tests.support.lasted import lasted
from tests.support.player import Player, invited, pair, reference
from tests.support.proxy import Proxy, Way, proxied

Wires = tuple[Proxy, Proxy]


@pytest.fixture
def wires(hall: Hall) -> Iterator[Wires]:
    """One before each web process."""
    first, second = [(str(parts.hostname), int(parts.port or 0)) for parts in map(urlsplit, urls(hall))]
    with proxied(first) as one, proxied(second) as two:
        yield one, two


def urls(hall: Hall) -> list[str]:
    return [web.url for web in hall.arena.webs]


@asynccontextmanager
async def two(wires: Wires, kind: type[Player] = Player, transports: list[str] | None = None) -> AsyncIterator[Any]:
    """Ada and Bob, each on a process of their own."""
    players = [
        await kind.join(f"http://127.0.0.1:{wire.port}", name, transports)
        for wire, name in zip(wires, ("Ada", "Bob"), strict=True)
    ]
    yield players
    for player in players:
        await player.leave()


async def ended(hall: Hall, duel_id: str, winner: Player, texts: dict[str, str]) -> None:
    """The duel is over and stored: the same winner and the same texts for everybody, and no breach."""
    await archived(hall, duel_id)
    snapshot = await winner.open(duel_id)
    assert snapshot["result"] == {"outcome": "win", "winner_id": winner.id, "reason": "solved"}
    assert {side["id"]: side["text"] for side in snapshot["players"]} == texts
    assert await breaches(hall.arena.database_url) == []


@pytest.mark.parametrize("transport", ["websocket", pytest.param("polling", marks=pytest.mark.slow)])
@pytest.mark.parametrize("sliced", [False, True], ids=["slow", "sliced"])
async def test_a_duel_over_a_bad_link(hall: Hall, wires: Wires, transport: str, sliced: bool) -> None:
    """It takes longer. Nothing else."""
    for wire in wires:
        wire.latency, wire.jitter, wire.sliced = (0.0, 0.0, True) if sliced else (0.04, 0.06, False)
    async with two(wires, transports=[transport]) as (ada, bob):
        duel_id = await pair(ada, bob)
        solution = reference((await ada.open(duel_id))["challenge"]["slug"])
        for n in range(4):
            await ada.write(duel_id, f"# 🦆 {n}\n")
        await ada.write(duel_id, solution)
        await bob.heard("duel:edit", player_id=ada.id, seq=5)
        assert [edit["seq"] for edit in bob.events["duel:edit"]] == [1, 2, 3, 4, 5]
        await ada.submit(duel_id, "right")
        for player in (ada, bob):
            await player.heard("duel:finished", duel_id=duel_id)
        await ended(hall, duel_id, ada, {ada.id: solution, bob.id: bob.text})


@pytest.mark.parametrize("lost", ["up", "down"])
async def test_a_connection_lost_over_a_submission(hall: Hall, wires: Wires, lost: Way) -> None:
    """On its way there, or its acknowledgement on the way back: it is said again, and counts once."""
    stored = "SELECT count(*) FROM submissions WHERE duel_id = $1"
    async with two(wires, Mirror) as (ada, bob):
        ada.duel_id = duel_id = await invited(ada, bob)
        solution = reference((await ada.open(duel_id))["challenge"]["slug"])
        await ada.write(duel_id, solution)
        submission = {"duel_id": duel_id, "submission_id": "right", "language": "python", "seq": 1}
        wires[0].stall(lost)
        await ada.socket.emit("duel:submit", submission)
        if lost == "down":
            async with asyncio.timeout(20):
                while not await hall.ask(stored, duel_id):
                    await asyncio.sleep(0.01)
        with lasted("connection reset over a submission: to its acknowledgement"):
            wires[0].reset()
            wires[0].flow()
            again = await ada.insist("duel:submit", submission)
        assert again["receipt"] == 1
        assert await hall.ask(stored, duel_id) == 1
        await ended(hall, duel_id, ada, {ada.id: solution, bob.id: bob.text})
        verdicts = [it for it in bob.events["duel:verdict"] if it["submission_id"] == "right"]
        assert len(verdicts) == 1


@pytest.mark.slow  # two rounds of heartbeats
async def test_a_client_gone_without_a_word(hall: Hall, wires: Wires) -> None:
    """The heartbeat finds it out, the other player is told; it comes back as if nothing had been."""
    async with two(wires, Mirror) as (ada, bob):
        bob.duel_id = duel_id = await pair(ada, bob)
        await bob.write(duel_id, "# before\n")

        with lasted("a client gone without FIN: until the other is told"):
            wires[1].forget()
            await told(ada, bob, connected=False)
        await bob.come_back()
        await told(ada, bob, connected=True)
        assert bob.texts[bob.id] == (1, "# before\n")
        await ada.do("duel:resign", {"duel_id": duel_id})
        await archived(hall, duel_id)
        assert await breaches(hall.arena.database_url) == []


async def told(hearer: Player, other: Player, *, connected: bool) -> None:
    """The last word on the other's presence is that."""
    async with asyncio.timeout(60):
        while [it["connected"] for it in hearer.events["duel:presence"] if it["player_id"] == other.id][-1:] != [
            connected
        ]:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 13))])
async def test_two_clients_over_a_flaky_pipe(hall: Hall, wires: Wires, seed: int) -> None:
    """Edits twice, out of order and late, connections reset under way: in the end author, opponent, spectator and
    replay have the same texts.
    """
    chance = random.Random(seed)
    for wire in wires:
        wire.jitter, wire.sliced = 0.02, chance.random() < 0.5
    async with two(wires, Flaky) as (ada, bob):
        duel_id = await pair(ada, bob)
        cleo = await Mirror.join(chance.choice(urls(hall)), "Cleo")
        for player in (ada, bob, cleo):
            player.duel_id = duel_id
            await player.look()
        for n, player in enumerate((ada, bob)):
            player.begin(2 * seed + n)
        await asyncio.gather(play(ada, wires[0], chance), play(bob, wires[1], chance))
        for author in (ada, bob):
            for mirror in (ada, bob, cleo):
                assert mirror is author or await mirror.shows(author.id, author.seq) == author.text
        typed = ada.seq + bob.seq
        ada.replace(reference((await ada.look())["challenge"]["slug"]))
        await ada.settle()
        submission = {"duel_id": duel_id, "submission_id": "s", "language": "python", "seq": ada.seq}
        twice = await asyncio.gather(*(ada.insist("duel:submit", submission) for _ in range(2)))
        assert [answer["receipt"] for answer in twice] == [1, 1]
        await ended(hall, duel_id, ada, {ada.id: ada.text, bob.id: bob.text})
        assert await cleo.shows(ada.id, ada.seq) == ada.text
        print(f"    {typed} edits, {ada.resyncs + bob.resyncs} resyncs, {ada.comebacks + bob.comebacks} comebacks")
        await cleo.leave()


async def play(player: Flaky, wire: Proxy, chance: random.Random) -> None:
    """Type for a while, on a wire that breaks."""
    for _ in range(12):
        for _ in range(chance.randint(1, 5)):
            player.type()
        await player.scramble()
        if chance.random() < 0.2:
            wire.reset()
            await player.come_back()
        if chance.random() < 0.2:
            await too_early(player)
    await player.settle()


async def too_early(player: Flaky) -> None:
    """A submission before its edit: it is not taken, and nothing of it stays."""
    seq = len(player.edits)
    payload = {"duel_id": player.duel_id, "submission_id": f"early{seq}", "language": "python", "seq": seq}
    answer = await player.insist("duel:submit", payload)
    assert answer["error"]["code"] == "resync"
    assert answer["error"]["text"] == player.history[answer["error"]["seq"]]
