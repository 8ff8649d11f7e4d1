"""Edits held back for a snapshot leave after it, whoever leaves and comes back meanwhile and whatever fails."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest

from python_duel.challenges.loader import load
from python_duel.duels.document import ChangeSet, Document
from python_duel.duels.models import Duel, DuelPlayer
from python_duel.platform.bundled import bundled
from python_duel.protocol.server import DuelVerdict
from python_duel.realtime import room as rooms
from python_duel.realtime.room import Enter, Room
from python_duel.realtime.transport.link import Link
from python_duel.realtime.views import Facts

VERDICT = DuelVerdict(
    duel_id="d", player_id="ada", submission_id="s", receipt=1, verdict="WA", passed=1, total=2, time_ms=1, memory_kb=1
).model_dump(mode="json")


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

    async def load(self, duel_id: str, enter: Enter | None = None) -> Facts:
        answer: asyncio.Future[Facts] = asyncio.get_running_loop().create_future()
        self.asked.put_nowait(answer)
        return await answer


class Socket:
    """What one socket was sent: the names of events, and the seqs of edits."""

    def __init__(self) -> None:
        self.link = Link(self.take, lambda reason: None)
        self.sent: list[str] = []
        self.edits: list[int] = []

    def take(self, packet: bytes) -> None:
        event, payload = json.loads(packet[2:])
        self.sent.append(event)
        if event == "duel:edit":
            self.edits.append(payload["seq"])


async def settled(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


def write(room: Room, seq: int, player_id: str = "ada") -> None:
    changes: ChangeSet = [[0, "x"]]
    room.edit(player_id, seq, changes, json.dumps(changes).encode())


async def opened(store: Store, room: Room, sid: str, player_id: str, seq: int = 0) -> Socket:
    """A socket that has its snapshot."""
    socket = Socket()
    opening = asyncio.create_task(room.open(sid, socket.link, player_id))
    (await store.asked.get()).set_result(facts(seq))
    await opening
    room.release(sid)
    return socket


@pytest.fixture
async def store() -> Store:
    return Store()


@pytest.fixture
async def room(store: Store) -> AsyncIterator[Room]:
    room = Room("d", store.load)
    yield room
    room.close()


async def test_a_socket_that_left_and_came_back_during_a_snapshot_still_hears_edits(store: Store, room: Room) -> None:
    await opened(store, room, "bob-1", "bob")
    room.refresh()
    pushed = await store.asked.get()
    room.members.pop("bob-1")
    back = Socket()
    again = asyncio.create_task(room.open("bob-1", back.link, "bob"))
    await settled(lambda: "bob-1" in room.members)
    pushed.set_result(facts())
    (await store.asked.get()).set_result(facts())
    await again
    room.release("bob-1")
    write(room, 1)
    assert back.edits == [1]


async def test_edits_that_come_during_a_snapshot_leave_after_it_once(store: Store, room: Room) -> None:
    bob = await opened(store, room, "bob-1", "bob")
    room.refresh()
    loading = await store.asked.get()
    for seq in (1, 2, 3):
        write(room, seq)
    assert bob.sent == []
    loading.set_result(facts(seq=2))
    await settled(lambda: len(bob.sent) == 2)
    assert (bob.sent, bob.edits) == (["duel:state", "duel:edit"], [3])


async def test_a_gap_is_mended_by_a_snapshot(store: Store, room: Room) -> None:
    bob = await opened(store, room, "bob-1", "bob")
    write(room, 1)
    write(room, 3)
    (await store.asked.get()).set_result(facts(seq=3))
    await settled(lambda: "duel:state" in bob.sent)
    write(room, 4)
    assert bob.edits == [1, 4]


async def test_who_could_not_open_it_again_still_hears_edits(store: Store, room: Room) -> None:
    bob = await opened(store, room, "bob-1", "bob")
    again = asyncio.create_task(room.open("bob-1", bob.link, "bob"))
    loading = await store.asked.get()
    write(room, 1)
    loading.set_exception(ConnectionError("the store is away"))
    with pytest.raises(ConnectionError):
        await again
    write(room, 2)
    assert bob.edits == [1, 2]


async def test_a_verdict_does_not_overtake_a_snapshot_that_is_being_made(store: Store, room: Room) -> None:
    bob = await opened(store, room, "bob-1", "bob")
    room.refresh()
    loading = await store.asked.get()
    eve = Socket()
    opening = asyncio.create_task(room.open("eve-1", eve.link, "eve"))
    await settled(lambda: "eve-1" in room.members)
    room.put("duel:verdict", VERDICT)
    loading.set_result(facts())
    loading = await store.asked.get()
    assert eve.sent == []
    loading.set_result(facts())
    await opening
    await settled(lambda: eve.sent == ["duel:verdict"])
    assert bob.sent == ["duel:state", "duel:verdict"]


async def test_nobody_is_sent_their_own_edit_or_caret(store: Store, room: Room) -> None:
    ada = await opened(store, room, "ada-1", "ada")
    bob = await opened(store, room, "bob-1", "bob")
    write(room, 1)
    room.cursor("ada", 1, 2)
    assert (ada.sent, bob.sent) == ([], ["duel:edit", "duel:cursor"])


async def test_a_snapshot_that_could_not_be_made_is_made_later(
    store: Store, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "RETRY_S", 0.01)
    bob = await opened(store, room, "bob-1", "bob")
    room.refresh()
    (await store.asked.get()).set_exception(ConnectionError("the store is away"))
    async with asyncio.timeout(5):
        (await store.asked.get()).set_result(facts())
    await settled(lambda: bob.sent == ["duel:state"])
