"""What must hold of the stored duels once nothing moves any more, whatever has happened before."""

import asyncio
from typing import Any

import asyncpg

from python_duel.challenges.service import Challenges
from python_duel.duels.archive import Replays
from python_duel.platform.postgres import Database

BREACHES = {
    "a player is in two live duels": """
        SELECT player_id FROM duel_players JOIN duels ON duels.id = duel_id WHERE status <> 'finished'
        GROUP BY player_id HAVING count(*) > 1""",
    "somebody duels alone, or with themselves": """
        SELECT id FROM duels WHERE (SELECT count(*) FROM duel_players WHERE duel_id = id) <> 2""",
    "a player's move has ended a duel after its deadline": """
        SELECT id FROM duels WHERE finished_at > deadline AND reason IN ('resigned', 'agreed')""",
    "a rating has changed, and no ledger says why": "SELECT id FROM players WHERE rating <> 1500",
    "a received submission has no verdict": "SELECT id FROM submissions WHERE verdict IS NULL",
    "a fault of the platform stands as a verdict": "SELECT id FROM submissions WHERE verdict = 'IE'",
    "receipts have gaps": """
        SELECT duel_id FROM submissions GROUP BY duel_id
        HAVING min(receipt) <> 1 OR max(receipt) <> count(*) OR count(DISTINCT receipt) <> count(*)""",
    "somebody else than the first received pass has won": """
        SELECT d.id FROM duels d WHERE d.reason = 'solved' AND d.winner_id IS DISTINCT FROM
        (SELECT player_id FROM submissions WHERE duel_id = d.id AND verdict = 'AC' ORDER BY receipt LIMIT 1)""",
    "a submission was received after the deadline": """
        SELECT s.id FROM submissions s JOIN duels d ON d.id = s.duel_id WHERE s.received_at >= d.deadline""",
    "a finished duel still counts as live": """
        SELECT duel_id FROM duel_players JOIN duels ON duels.id = duel_id WHERE live = (status = 'finished')""",
    "a last text is missing": """
        SELECT duel_id FROM duel_players JOIN duels ON duels.id = duel_id
        WHERE status = 'finished' AND final_text IS NULL""",
    "an event log is missing": """
        SELECT id FROM duels WHERE status = 'finished' AND NOT EXISTS (SELECT FROM replays WHERE duel_id = duels.id)""",
    "an event log was not emptied": "SELECT duel_id FROM duel_events JOIN replays USING (duel_id)",
}


SETTLED_S = 60


async def sound(database_url: str, *, edits_lost: bool = False) -> None:
    """Nothing is broken once every duel that is over has its replay. Raises AssertionError, or TimeoutError."""
    connection = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(SETTLED_S):
            while await connection.fetch(BREACHES["an event log is missing"]):
                await asyncio.sleep(0.1)
    finally:
        await connection.close()
    assert await breaches(database_url, edits_lost=edits_lost) == []


async def breaches(database_url: str, *, edits_lost: bool = False) -> list[str]:
    """What is broken, in words; `edits_lost`: the store of the edits was emptied on the way, which may show."""
    connection = await asyncpg.connect(database_url)
    try:
        found = [f"{what}: {row[0]}" for what, query in BREACHES.items() for row in await connection.fetch(query)]
        duels: list[Any] = await connection.fetch("SELECT duel_id FROM replays")
    finally:
        await connection.close()
    database = Database(database_url, pool_size=1)
    try:
        replays = Replays(database, Challenges(database, 65_536))
        for row in duels:
            report = await replays.verify(row[0])
            found += [f"{row[0]}: {fault}" for fault in report.faults]
            if report.lost and not edits_lost:
                found.append(f"{row[0]}: {report.lost} texts were lost")
    finally:
        await database.close()
    return found
