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
