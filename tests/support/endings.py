"""How the tests of faults wait for what must happen in the end."""

import asyncio
from typing import Any

from tests.faults.conftest import Hall
from tests.support.invariants import breaches
from tests.support.player import Player, units

RETRY_S = 30
ARCHIVED_S = 60
NOT_NOW = ("unavailable", "rate_limited", "busy")


async def accepted(player: Player, event: str, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Done at last: whoever is refused for a while is told so and when to try again, and does. The refusals."""
    refusals = []
    async with asyncio.timeout(RETRY_S):
        while not (answer := await player.ask(event, payload))["ok"]:
            assert answer["error"]["code"] in NOT_NOW, answer
            assert answer["error"]["retry_after_ms"] > 0, answer
            refusals.append(answer["error"])
            await asyncio.sleep(0.2)
    return refusals


def submission(duel_id: str, player: Player, submission_id: str) -> dict[str, Any]:
    """The payload that submits the player's own document as it is."""
    return {"duel_id": duel_id, "submission_id": submission_id, "language": "python", "seq": player.seq}


def an_edit(player: Player, duel_id: str) -> dict[str, Any]:
    """The payload of the player's next edit, which changes nothing."""
    return {"duel_id": duel_id, "seq": player.seq + 1, "changes": [units(player.text)]}


async def archived(hall: Hall, duel_id: str, seconds: float = ARCHIVED_S) -> None:
    """The duel is over and has its replay."""
    async with asyncio.timeout(seconds):
        while not await hall.ask("SELECT count(*) = 1 FROM replays WHERE duel_id = $1", duel_id):
            await asyncio.sleep(0.05)


async def won(hall: Hall, duel_id: str, winner: Player, *others: Player, edits_lost: bool = False) -> None:
    """It ends with the winner's solution, all are told the same, and no invariant is broken."""
    await archived(hall, duel_id)
    for player in (winner, *others):
        over = await player.open(duel_id)
        assert over["result"] == {"outcome": "win", "winner_id": winner.id, "reason": "solved"}
    assert await breaches(hall.arena.database_url, edits_lost=edits_lost) == []
