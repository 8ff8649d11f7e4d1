"""What an earlier version has kept is proved by this one, and what it left unfinished is finished."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from python_duel.duels.retold import retold
from python_duel.protocol.http import DuelReplay
from tests.support.parts import parts

BACKUP = Path(__file__).parent.parent / "platform" / "backups" / "schema-0004.dump"
"""Written by the fourth schema's code: a duel for each reason, that of `resigned` with edits that were lost; and one
that is live, in which one player is away.
"""


async def everybody(player_id: str) -> bool:
    return True


@pytest.fixture
def restored_url(database_url: str) -> str:
    command = [sys.executable, "-m", "python_duel", "restore", str(BACKUP)]
    environ = {**os.environ, "DATABASE_URL": database_url, "REDIS_URL": "redis://not.used"}
    subprocess.run(command, env=environ, check=True, capture_output=True, timeout=60)
    return database_url


async def test_duels_of_an_earlier_version(restored_url: str, redis_url: str) -> None:
    async with parts(restored_url, redis_url) as core:
        verify = core.duels.archive.replays.verify
        over = await core.sql("SELECT id, reason FROM duels WHERE status = 'finished'")
        reports = {reason: await verify(duel_id) for duel_id, reason in over}
        assert {reason: report.faults for reason, report in reports.items()} == {
            reason: [] for reason in ("solved", "most_cases", "abandoned", "agreed", "resigned")
        }
        assert [reason for reason, report in reports.items() if report.lost] == ["resigned"]
        for duel_id, _ in over:
            told = DuelReplay.model_validate_json(retold([], await core.duels.archive.replays.get(duel_id)))
            assert told.events[-1].kind == "end"
        [(live, deadline)] = await core.sql("SELECT id, deadline FROM duels WHERE status = 'live'")
        await core.duels.set_clock()
        assert deadline < core.clock.now()
        # As its server would have: the player who was away then has not lost by that.
        await core.recovery.sweep(everybody)
        async with asyncio.timeout(10):
            while (await core.duel(live)).status != "finished":
                await core.recovery.tick(live, everybody)
        assert (await core.duel(live)).reason == "most_cases"
        assert not (await verify(live)).faults
