"""A replay over HTTP: all that the protocol's model says, made beside the loop, one at a time."""

import asyncio
import json
import threading

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import example, given

from python_duel.duels import endpoints, replay, rules
from python_duel.duels.replay import Broken, Log, Rows
from python_duel.duels.retold import retold
from python_duel.protocol.http import DuelReplay, DuelSide, ReplayDocument, ReplayEdit, ReplayEvent
from tests.duels.test_replay import ADA, BOB, a_game, games, put_back
from tests.support.parts import Parts

SIDES = [DuelSide(id=name, nickname=f"{name} 🦆", rating=1200, language="python", submissions=0) for name in (ADA, BOB)]


def by_the_model(log: Log) -> DuelReplay:
    """What the answer says, by way of the protocol's own model."""
    lines = replay.read(log)
    return DuelReplay(
        players=SIDES,
        documents=[
            ReplayDocument(
                player_id=player["id"],
                starter=player["starter"],
                edits=[
                    ReplayEdit(**{name: line[name] for name in ReplayEdit.model_fields if name in line})
                    for line in lines
                    if line["kind"] == "edit" and line["player_id"] == player["id"]
                ],
            )
            for player in lines[0]["players"]
        ],
        events=[
            ReplayEvent(**{name: line[name] for name in ReplayEvent.model_fields if name in line})
            for line in lines[1:]
            if line["kind"] != "edit"
        ],
    )


@given(games())
@example(put_back())
def test_it_is_what_the_model_says(game: tuple[Log, Rows]) -> None:
    log, _ = game
    assert json.loads(retold(SIDES, log)) == by_the_model(log).model_dump(mode="json")


def test_code_that_looks_like_a_key_is_none() -> None:
    lines = replay.read(a_game()[0])
    for line in lines:
        if line["kind"] == "edit":
            line["changes"] = [[0, ',"lost":1', ',"kind":"edit","player_id":"bob","', '","seq":9,"changes":[]}']]
    log = replay._sealed(lines)
    assert json.loads(retold(SIDES, log)) == by_the_model(log).model_dump(mode="json")


def test_a_log_that_was_changed_is_not_told() -> None:
    log, _ = a_game()
    with pytest.raises(Broken):
        retold(SIDES, Log(log.text.replace("# bob", "# eve"), log.hash))


async def test_replays_are_told_beside_the_loop_one_at_a_time(core: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    duel_id, ada, _ = await core.live()
    await core.duels.command(duel_id, rules.Resign(ada))
    threads: list[int] = []
    alone = threading.Lock()

    def watched(sides: list[DuelSide], log: Log) -> bytes:
        assert alone.acquire(blocking=False)
        try:
            threads.append(threading.get_ident())
            return retold(sides, log)
        finally:
            alone.release()

    monkeypatch.setattr(endpoints, "retold", watched)
    app = FastAPI()
    app.include_router(endpoints.router(core.duels, core.challenges, core.clock, lambda _: asyncio.sleep(0, None)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://duel") as http:
        answers = await asyncio.gather(*(http.get(f"/duels/{duel_id}/replay") for _ in range(8)))
    assert [DuelReplay.model_validate_json(answer.content).events[-1].kind for answer in answers] == 8 * ["end"]
    assert len(threads) == 8
    assert threading.get_ident() not in threads
