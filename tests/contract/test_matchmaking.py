"""Everybody joins at once, on two web processes, for many rounds: each is paired once, and each pairing is one duel."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import redis.asyncio

from python_duel.load.players import Player as Guest
from python_duel.load.players import each, players
from tests.support.arena import Arena
from tests.support.player import Player

TAPS = [1, 1, 1, 2]
"""How often a player presses Play at once."""


@pytest.fixture
async def crowd(arena: Arena, request: pytest.FixtureRequest) -> AsyncIterator[list[Player]]:
    """That many players, every second one on the other process."""
    count: int = request.param
    async with asyncio.TaskGroup() as group:
        joining = [group.create_task(Player.join(arena.webs[n % 2].url, f"Player {n}")) for n in range(count)]
    players = [task.result() for task in joining]
    yield players
    await asyncio.gather(*(player.leave() for player in players))


async def duels_of(database: "asyncpg.Connection[Any]", players: list[Player], seen: set[str]) -> dict[str, set[str]]:
    """The duels of these players that are not in `seen`, with who is in them."""
    rows = await database.fetch(
        "SELECT duel_id, array_agg(player_id) AS players FROM duel_players WHERE player_id = ANY($1) GROUP BY duel_id",
        [player.id for player in players],
    )
    return {row["duel_id"]: set(row["players"]) for row in rows if row["duel_id"] not in seen}


async def matched(player: Player, seen: set[str]) -> str:
    """The next duel this player is told of."""
    while True:
        told = [event["duel_id"] for event in player.events["queue:matched"] if event["duel_id"] not in seen]
        if told:
            assert len(set(told)) == 1, "told of two duels at once"
            return str(told[0])
        await player.heard("queue:matched", at_least=len(player.events["queue:matched"]) + 1)


async def tap(player: Player, chance: random.Random) -> None:
    """Press Play, some of them twice at once."""
    answers = await asyncio.gather(*(player.ask("queue:join", {"mode": "ranked"}) for _ in range(chance.choice(TAPS))))
    for answer in answers:
        assert answer["ok"] or answer["error"]["code"] == "already_in_duel", answer


async def play_round(arena: Arena, players: list[Player], seen: set[str], chance: random.Random) -> None:
    """Everybody joins at once; then one of each pair resigns."""
    chance.shuffle(players)
    await asyncio.gather(*(tap(player, chance) for player in players))
    told = await asyncio.gather(*(matched(player, seen) for player in players))
    assert set(Counter(told).values()) == {2}
    database = await asyncpg.connect(arena.database_url)
    try:
        stored = await duels_of(database, players, seen)
    finally:
        await database.close()
    by_told: dict[str, set[str]] = {}
    for player, duel_id in zip(players, told, strict=True):
        by_told.setdefault(duel_id, set()).add(player.id)
    assert stored == by_told
    losers = {duel_id: player for player, duel_id in zip(players, told, strict=True)}
    await asyncio.gather(*(loser.do("duel:resign", {"duel_id": duel_id}) for duel_id, loser in losers.items()))
    seen.update(stored)


async def no_ticket_is_left(arena: Arena) -> None:
    client: Any = redis.asyncio.Redis.from_url(arena.redis_url, decode_responses=True)
    try:
        assert await client.hgetall("{queue}:tickets") == {}
        assert await client.hgetall("{queue}:pairings") == {}
    finally:
        await client.aclose()


@pytest.mark.parametrize("crowd", [50, 100], indirect=True)
async def test_everybody_who_joins_at_once_is_paired_once(arena: Arena, crowd: list[Player]) -> None:
    seen: set[str] = set()
    for number in range(2):
        await play_round(arena, crowd, seen, random.Random(number))
    await no_ticket_is_left(arena)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("crowd", [50, 100], indirect=True)
async def test_fifty_rounds(arena: Arena, crowd: list[Player]) -> None:
    seen: set[str] = set()
    for number in range(50):
        await play_round(arena, crowd, seen, random.Random(number))
    await no_ticket_is_left(arena)
    assert len(seen) == 50 * len(crowd) // 2


@pytest.mark.parametrize("crowd", [20], indirect=True)
async def test_cancel_against_match(arena: Arena, crowd: list[Player]) -> None:
    """Half of them change their mind at once: whoever is told of a duel is in it, nobody else is in any."""
    chance = random.Random(7)

    async def hesitate(player: Player) -> None:
        join = asyncio.create_task(player.ask("queue:join", {"mode": "casual"}))
        if chance.random() < 0.5:
            await player.ask("queue:leave")
        await join

    await asyncio.gather(*map(hesitate, crowd))
    await asyncio.gather(*(player.ask("queue:leave") for player in crowd))
    database = await asyncpg.connect(arena.database_url)
    try:
        stored = await duels_of(database, crowd, set())
    finally:
        await database.close()
    paired = Counter(player_id for players in stored.values() for player_id in players)
    assert all(times == 1 for times in paired.values())
    for player in crowd:
        if player.id in paired:
            assert player.id in stored[await matched(player, set())]
    assert len(paired) > 2
    await no_ticket_is_left(arena)


async def test_a_waiting_player_survives_a_web_restart(arena: Arena) -> None:
    web = arena.start_web()
    await asyncio.to_thread(arena.wait_ready)
    ada = await Player.join(web.url, "Ada")
    ticket = (await ada.do("queue:join", {"mode": "casual"}))["ticket"]
    web.kill()
    arena.webs.remove(web)
    await ada.leave()
    await ada.connect(arena.webs[0].url)
    assert (await ada.do("queue:join", {"mode": "casual"}))["ticket"] == ticket
    bob = await Player.join(arena.webs[1].url, "Bob")
    await bob.do("queue:join", {"mode": "casual"})
    duel_id = (await bob.heard("queue:matched"))["duel_id"]
    assert (await ada.heard("queue:matched"))["duel_id"] == duel_id
    for player in (ada, bob):
        await player.leave()


async def test_a_waiting_player_who_does_not_ask_again_is_met_after_a_web_restart(arena: Arena) -> None:
    web = arena.start_web()
    await asyncio.to_thread(arena.wait_ready)
    ada = await Player.join(web.url, "Ada")
    await ada.do("queue:join", {"mode": "casual"})
    web.kill()
    arena.webs.remove(web)
    await ada.leave()
    await ada.connect(arena.webs[0].url)
    bob = await Player.join(arena.webs[1].url, "Bob")
    await bob.do("queue:join", {"mode": "casual"})
    assert (await ada.heard("queue:matched"))["duel_id"] == (await bob.heard("queue:matched"))["duel_id"]
    for player in (ada, bob):
        await player.leave()


@pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
async def test_of_many_who_join_on_two_processes_each_is_paired_exactly_once(arena: Arena, count: int) -> None:
    everybody = await players([web.url for web in arena.webs], count, together=False)
    matched = [player.socket.hears("queue:matched") for player in everybody]

    async def join(player: Guest) -> None:
        answer = await player.socket.ask("queue:join", {"mode": "casual"})
        # Somebody may have met them before they were answered.
        assert answer["ok"] or answer["error"]["code"] == "already_in_duel"

    await each(join, everybody, at_once=256)
    async with asyncio.timeout(60):
        told = {player.id: (await found)["duel_id"] for player, found in zip(everybody, matched, strict=True)}
    assert set(Counter(told.values()).values()) == {2}
    connection = await asyncpg.connect(arena.database_url)
    try:
        rows = await connection.fetch(
            "SELECT player_id, duel_id FROM duel_players WHERE player_id = ANY($1)", list(told)
        )
    finally:
        await connection.close()
    assert sorted((row["player_id"], row["duel_id"]) for row in rows) == sorted(told.items())
    for player in everybody:
        player.socket.abort()
