"""Deploys: processes are asked to end, one after the other, while duels are played. Nobody loses anything by it."""

import asyncio
import random
import signal
import subprocess
import time
from itertools import count
from typing import Any

import asyncpg
import httpx
import pytest
import redis.asyncio

from python_duel.judge.queue import LEASE_MS
from python_duel.platform.postgres import LOCK_S
from python_duel.protocol.jobs import JOBS, JOBS_GROUP, WORKERS
from tests.faults.conftest import STOP_S, Hall
from tests.model.model import Duel
from tests.support.invariants import breaches
from tests.support.lasted import lasted, note
from tests.support.player import Player, invited, reference
from tests.support.steady import Steady

CHALLENGE = "fair-shares"
PARTLY = "def settle(paid):\n    return {}\n"
LOOP = "def settle(paid):\n    while True:\n        pass\n"
LATE_S = 1.5
"""After the word to move, which is to be obeyed within two seconds."""
PROMPT_S = 8
"""A verdict that nobody had to look for: that would take 10 s or more."""


async def play(client: Steady, over: asyncio.Event) -> int:
    """Type and submit until it is over; gives the edits."""
    for n in count(1):
        if over.is_set():
            return n - 1
        answer = await client.edit(f"{PARTLY}# {n} 🦆\n")
        assert answer, "an edit was not answered"
        assert answer["ok"], answer
        if n % 20 == 0:
            answer = await client.submit(f"s{n}", "partly")
            assert answer, "a submission was not answered"
            assert answer["ok"], answer
        await asyncio.sleep(random.random() / 10)
    raise AssertionError


async def test_a_rolling_restart_under_live_duels(hall: Hall) -> None:
    """Web processes and the judge, one after the other: every act is answered, no clock moves, the right ones win."""
    duels: dict[str, Duel] = {}
    urls = [web.url for web in hall.arena.webs]
    tables = []
    for n in range(3):
        ada, bob = [await Player.join(url, f"{name} {n}") for url, name in zip(urls, ("Ada", "Bob"), strict=True)]
        duel_id = await invited(ada, bob, challenge=CHALLENGE)
        tables.append([Steady(player, lambda: urls, duels, 60) for player in (ada, bob)])
        for client in tables[-1]:
            await client.enter(duel_id)
    clients = [client for table in tables for client in table]
    over = asyncio.Event()
    playing = [asyncio.create_task(play(client, over)) for client in clients]
    codes = [await hall.roll_web(0), await hall.roll_web(1), await hall.roll_judge()]
    over.set()
    edits = await asyncio.gather(*playing)
    assert codes == [0, 0, 0]
    assert min(edits) > 10
    moves = [seconds for client in clients for seconds in client.moves_s]
    assert len(moves) == sum(client.comebacks for client in clients) == 9, (
        "half of them moved twice, nobody was cut off"
    )
    for seconds in moves:
        note("deploy: a client is away while it moves", seconds)
    for loser, winner in tables:
        await winner.edit(reference(CHALLENGE))
        answer = await winner.submit("last", "right")
        assert answer
        assert answer["ok"], answer
        async with asyncio.timeout(PROMPT_S):
            await asyncio.gather(loser.end(), winner.end())
        assert winner.duel.result == {"outcome": "win", "winner_id": winner.player.id, "reason": "solved"}
    for client in clients:
        await client.leave()
    assert await breaches(hall.arena.database_url) == []


async def test_first_not_ready_then_the_word_to_move_then_the_sockets_close(
    hall: Hall, duelists: tuple[Player, Player]
) -> None:
    """And there is as much time between the last two as clients were told. Nobody new is let in."""
    ada, _ = duelists
    web = hall.arena.webs[0]
    times: dict[str, float] = {}
    ada.socket.on("server:drain", lambda told: times.update(drain=time.monotonic(), within=told["reconnect_within_ms"]))
    ada.socket.on("disconnect", lambda *_: times.update(closed=time.monotonic()))
    async with httpx.AsyncClient() as http, asyncio.timeout(STOP_S):
        asked = time.monotonic()
        web.process.send_signal(signal.SIGTERM)
        while (await http.get(f"{web.url}/readyz")).status_code == 200:
            pass
        times["not ready"] = time.monotonic()
        while "drain" not in times:
            await asyncio.sleep(0.01)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", int(web.url.rpartition(":")[2]))
        while "closed" not in times:
            await asyncio.sleep(0.01)
    assert times["not ready"] < times["drain"] < times["closed"]
    assert times["closed"] - times["drain"] > times["within"] / 1000
    assert await asyncio.to_thread(web.process.wait, STOP_S) == 0
    note("deploy: SIGTERM to the end of a web process whose client does not move", time.monotonic() - asked)


async def test_what_was_asked_for_is_finished_before_the_process_ends(
    hall: Hall, duelists: tuple[Player, Player]
) -> None:
    """A client submits, and goes, at the last moment; the submission still waits for the database when all sockets are
    closed: it is received and judged at once.
    """
    ada, bob = duelists
    duel_id = await invited(ada, bob, challenge=CHALLENGE)
    await ada.write(duel_id, PARTLY)
    process = hall.arena.webs[0].process
    database = await asyncpg.connect(hall.arena.database_url)
    try:
        async with database.transaction():
            await database.execute("SELECT FROM duels WHERE id = $1 FOR UPDATE", duel_id)
            process.send_signal(signal.SIGTERM)
            await ada.heard("server:drain")
            await asyncio.sleep(LATE_S)
            asked = asyncio.create_task(ada.submit(duel_id, "late"))
            while not await hall.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
                await asyncio.sleep(0.02)
            # The process waits for whoever is late until three seconds after the word: this is later.
            release = time.monotonic() + 0.8 * LOCK_S
            await ada.leave()
            asked.cancel()
            with pytest.raises(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, max(0, release - time.monotonic()))
    finally:
        await database.close()
    assert await asyncio.to_thread(process.wait, STOP_S) == 0
    async with asyncio.timeout(PROMPT_S):
        assert (await bob.heard("duel:verdict", submission_id="late"))["verdict"] == "WA"


async def test_a_judge_finishes_what_it_has_or_hands_it_back(hall: Hall, duelists: tuple[Player, Player]) -> None:
    """No verdict waits for a lease when a judge is asked to end."""
    ada, bob = duelists
    duel_id = await invited(ada, bob, challenge=CHALLENGE)
    await ada.write(duel_id, LOOP)
    await bob.write(duel_id, reference(CHALLENGE))
    await ada.submit(duel_id, "slow")
    for n in range(3):
        await bob.submit(duel_id, f"right-{n}")
    with lasted("deploy: a judge asked to end with jobs in hand: to the duel's end, start of the next one included"):
        assert await hall.roll_judge() == 0
        assert await held_by_the_dead(hall.arena.redis_url) == []
        async with asyncio.timeout(STOP_S):
            while not await hall.ask("SELECT status = 'finished' FROM duels WHERE id = $1", duel_id):
                await asyncio.sleep(0.1)
    assert await hall.ask("SELECT winner_id FROM duels WHERE id = $1", duel_id) == bob.id
    await settled(hall, duel_id)
    assert await breaches(hall.arena.database_url) == []


async def held_by_the_dead(redis_url: str) -> list[dict[str, Any]]:
    """Jobs that nobody works on and nobody may take yet."""
    client: Any = redis.asyncio.Redis.from_url(redis_url, decode_responses=True)
    try:
        living = await client.zrange(WORKERS, 0, -1)
        pending = await client.xpending_range(JOBS, JOBS_GROUP, "-", "+", 100)
        return [it for it in pending if it["consumer"] not in living and it["time_since_delivered"] < LEASE_MS]
    finally:
        await client.aclose()


async def settled(hall: Hall, duel_id: str) -> None:
    """Its last verdict is in, and its replay kept."""
    async with asyncio.timeout(STOP_S):
        while not await hall.ask("SELECT count(*) FROM replays WHERE duel_id = $1", duel_id):
            await asyncio.sleep(0.1)
