"""Edits held back for a snapshot leave after it, whoever leaves and comes back meanwhile and whatever fails."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from python_duel.challenges.loader import load
from python_duel.duels.document import Document
from python_duel.duels.models import Duel, DuelPlayer
from python_duel.platform.bundled import bundled
from python_duel.protocol.server import DuelEdited
from python_duel.realtime import room as rooms
from python_duel.realtime.room import Room
from python_duel.realtime.views import Facts


def facts(seq: int = 0) -> Facts:
    """A live duel between ada and bob."""
    package = load(bundled("challenges") / "paper-lanterns")
    players = [
        DuelPlayer(player_id=name, nickname=name, seat=seat, rating=1500, language="python", live=True)
        for seat, name in enumerate(("ada", "bob"))
    ]
    duel = Duel(id="d", mode="casual", ranked=False, visibility="live", public=True, status="live")
    duel.starts_at, duel.deadline, duel.grace, duel.players, duel.submissions = 1, 10**15, 1000, players, []
    documents = {"ada": Document.of("", seq), "bob": Document.of("")}
    return Facts(duel, package, documents, now=2, code_bytes=65_536, languages=frozenset(), rematch_id=None)


class Store:
    """Loads when it is told to."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[asyncio.Future[Facts]] = asyncio.Queue()
        self.sent: list[tuple[str, str]] = []

    async def load(self, duel_id: str) -> Facts:
        answer: asyncio.Future[Facts] = asyncio.get_running_loop().create_future()
        self.asked.put_nowait(answer)
        return await answer

    async def emit(self, sid: str, event: str, data: dict[str, Any]) -> None:
        self.sent.append((sid, event))


async def settled(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


def edit(seq: int) -> DuelEdited:
    return DuelEdited(duel_id="d", player_id="ada", seq=seq, changes=[[0, "x"]])


async def test_a_socket_that_left_and_came_back_during_a_snapshot_still_hears_edits() -> None:
    store = Store()
    room = Room("d", store.load, store.emit)
    opening = asyncio.create_task(room.open("bob-1", "bob"))
    (await store.asked.get()).set_result(facts())
    await opening
    await room.release("bob-1")
    room.refresh()
    pushed = await store.asked.get()
    room.members.pop("bob-1")
    again = asyncio.create_task(room.open("bob-1", "bob"))
    await settled(lambda: "bob-1" in room.members)
    pushed.set_result(facts())
    (await store.asked.get()).set_result(facts())
    await again
    await room.release("bob-1")
    await room.edit(edit(1))
    assert ("bob-1", "duel:edit") in store.sent
    room.close()


async def test_a_snapshot_that_could_not_be_made_is_made_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "RETRY_S", 0.01)
    store = Store()
    room = Room("d", store.load, store.emit)
    opening = asyncio.create_task(room.open("bob-1", "bob"))
    (await store.asked.get()).set_result(facts())
    await opening
    await room.release("bob-1")
    room.refresh()
    (await store.asked.get()).set_exception(ConnectionError("the store is away"))
    async with asyncio.timeout(5):
        (await store.asked.get()).set_result(facts())
    await settled(lambda: ("bob-1", "duel:state") in store.sent)
    room.close()
