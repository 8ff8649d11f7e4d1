"""Floods from one socket are answered with an error that says when to go on; nothing else suffers."""

import asyncio
from typing import Any

from tests.support.arena import Arena
from tests.support.player import Player, invited


async def test_a_flood_of_events(arena: Arena) -> None:
    flooder, other = await Player.join(arena.webs[0].url, "Flood"), await Player.join(arena.webs[0].url, "Calm")
    answers = await asyncio.gather(*(flooder.ask("queue:leave") for _ in range(600)))
    refused = [answer["error"] for answer in answers if not answer["ok"]]
    assert refused
    assert {error["code"] for error in refused} == {"rate_limited"}
    assert all(error["retry_after_ms"] > 0 for error in refused)
    await other.do("queue:leave")
    for player in (flooder, other):
        await player.leave()


async def test_a_flood_of_characters_keeps_what_was_taken(arena: Arena) -> None:
    ada, bob = await Player.join(arena.webs[0].url, "Ada"), await Player.join(arena.webs[0].url, "Bob")
    duel_id = await invited(ada, bob)
    length, kept = len(ada.text), 0
    answer: dict[str, Any] = {"ok": True}
    while answer["ok"] and kept < 40:
        edit = {"duel_id": duel_id, "seq": kept + 1, "changes": [[length, "x" * 60_000]]}
        answer = await ada.ask("duel:edit", edit)
        length, kept = 60_000, kept + answer["ok"]
    assert answer["error"]["code"] == "rate_limited"
    assert answer["error"]["retry_after_ms"] > 0
    assert kept >= 4
    snapshot = await bob.open(duel_id)
    assert next(side["seq"] for side in snapshot["players"] if side["id"] == ada.id) == kept
    for player in (ada, bob):
        await player.leave()


async def test_a_flood_of_runs_delays_nobody_else_and_is_refused_in_the_end(arena: Arena) -> None:
    ada, bob = await Player.join(arena.webs[0].url, "Ada"), await Player.join(arena.webs[1].url, "Bob")
    duel_id = await invited(ada, bob)
    await ada.write(duel_id, "while True: pass\n")
    places: list[int] = []
    answer: dict[str, Any] = {"ok": True}
    while answer["ok"]:
        run = {"duel_id": duel_id, "run_id": f"r{len(places)}", "language": "python"}
        answer = await ada.ask("duel:run", run)
        if answer["ok"]:
            places.append(answer["queue_position"])
        elif answer["error"]["code"] == "rate_limited":
            await asyncio.sleep(answer["error"]["retry_after_ms"] / 1000)
            answer = {"ok": True}
    assert places[:3] == [0, 1, 2]
    assert answer["error"]["code"] == "busy"
    assert answer["error"]["retry_after_ms"] > 0
    assert answer["error"]["queue_position"] >= len(places) - 2
    # One of hers is judged; his comes next, before all the others of hers.
    assert (await bob.submit(duel_id, "s"))["queue_position"] <= 1
    await bob.heard("duel:verdict", player_id=bob.id)
    assert len(ada.events["duel:ran"]) < len(places)
    for player in (ada, bob):
        await player.leave()
