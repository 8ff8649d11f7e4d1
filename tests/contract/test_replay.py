"""A duel that is over, told again: by the web to those who may see it, by `replay verify` to the host."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import asyncpg
import httpx
import pytest

from python_duel.duels.document import Document
from python_duel.protocol.http import DuelReplay
from tests.support.arena import Arena
from tests.support.player import Player, pair, reference


@pytest.fixture
async def played(arena: Arena, players: tuple[Player, Player]) -> tuple[str, Player, Player]:
    """A duel between players of two web processes that Ada has won."""
    ada, bob = players
    duel_id = await pair(ada, bob)
    slug = (await ada.open(duel_id))["challenge"]["slug"]
    await bob.open(duel_id)
    await bob.write(duel_id, "# Bob 🦆\n")
    await bob.submit(duel_id, "wrong")
    await bob.heard("duel:verdict", submission_id="wrong")
    await ada.write(duel_id, reference(slug))
    await ada.submit(duel_id, "right")
    await ada.heard("duel:finished", duel_id=duel_id)
    return duel_id, ada, bob


async def replay_of(arena: Arena, duel_id: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=f"{arena.webs[1].url}/api/v1") as http, asyncio.timeout(20):
        # It is written right after all have heard of the end.
        while (answer := await http.get(f"/duels/{duel_id}/replay")).status_code == 404:
            await asyncio.sleep(0.02)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def verified(arena: Arena, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "python_duel", "replay", "verify", *arguments]
    environ = {**os.environ, "DATABASE_URL": arena.database_url}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)


async def test_a_replay_has_every_edit_and_all_that_happened(arena: Arena, played: tuple[str, Player, Player]) -> None:
    duel_id, ada, bob = played
    told = await replay_of(arena, duel_id)
    texts = {player["id"]: player["text"] for player in told["players"]}
    assert texts[bob.id] == "# Bob 🦆\n"
    for document in told["documents"]:
        text = Document.of(document["starter"])
        for edit in document["edits"]:
            text = text.edited(edit["changes"], 1 << 20)
        assert (text.text, text.seq) == (texts[document["player_id"]], len(document["edits"]))
    happened = [(e["kind"], e.get("player_id"), e.get("verdict")) for e in told["events"]]
    assert happened[0] == ("tick", None, None)
    assert [it for it in happened if it[0] in ("submit", "verdict")][::2] == [
        ("submit", bob.id, None),
        ("submit", ada.id, None),
    ]
    assert told["events"][-1]["result"] == {"outcome": "win", "winner_id": ada.id, "reason": "solved"}
    times = [edit["at"] for document in told["documents"] for edit in document["edits"]]
    assert all(told["events"][0]["at"] - 100 <= at <= told["events"][-1]["at"] for at in times)


async def test_a_replay_that_everybody_may_see_is_kept_by_those_who_have_it(
    arena: Arena, played: tuple[str, Player, Player]
) -> None:
    duel_id, *_ = played
    told = await replay_of(arena, duel_id)
    async with httpx.AsyncClient(base_url=f"{arena.webs[0].url}/api/v1") as http:
        first = await http.get(f"/duels/{duel_id}/replay")
        again = await http.get(f"/duels/{duel_id}/replay", headers={"If-None-Match": first.headers["etag"]})
        other = await http.get(f"/duels/{duel_id}/replay", headers={"If-None-Match": '"other"'})
    assert DuelReplay.model_validate(first.json()).model_dump(mode="json") == told
    assert first.headers["content-type"] == "application/json"
    assert first.headers["cache-control"] == "public, max-age=86400"
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (other.status_code, other.json()) == (200, told)


async def test_the_host_proves_a_duel(arena: Arena, played: tuple[str, Player, Player]) -> None:
    duel_id, *_ = played
    await replay_of(arena, duel_id)
    good = verified(arena, duel_id, "--json")
    assert good.returncode == 0, good.stderr
    said = json.loads(good.stdout)
    assert (said["ok"], said["faults"], said["submissions"], said["lost"]) == (True, [], 2, 0)
    assert verified(arena, duel_id, "--hash", said["hash"]).returncode == 0
    another = verified(arena, duel_id, "--hash", "0" * 64)
    assert another.returncode == 1
    assert said["hash"] in another.stderr
    database = await asyncpg.connect(arena.database_url)
    try:
        await database.execute("ALTER TABLE replays DISABLE TRIGGER USER")
        await database.execute("UPDATE replays SET log = replace(log, 'Bob', 'Bab') WHERE duel_id = $1", duel_id)
    finally:
        await database.execute("ALTER TABLE replays ENABLE TRIGGER USER")
        await database.close()
    bad = verified(arena, duel_id)
    assert bad.returncode == 1
    assert "is not what was written" in bad.stderr


@pytest.mark.parametrize("duel_id", ["nobody-has-played-this", "x" * 300])
def test_what_is_no_duel_is_said(arena: Arena, duel_id: str) -> None:
    answer = verified(arena, duel_id)
    assert (answer.returncode, answer.stderr) == (2, "python-duel: There is no such duel.\n")
