"""What the other side was sent, as the generator counts it."""

from types import SimpleNamespace
from typing import Any

from python_duel.load.players import Pair, Player
from python_duel.load.socket import Socket
from python_duel.load.traffic import Record, Typist


def a_player(name: str) -> Player:
    socket = Socket("token")
    socket.transport = SimpleNamespace(send=lambda kind, packet: None)  # type: ignore[assignment]
    return Player("", name, "token", socket)


def an_edit(seq: int) -> bytes:
    return b'42["duel:edit",{"duel_id":"d","player_id":"ada","seq":%d,"changes":[]}]' % seq


def a_snapshot(seq: int) -> dict[str, Any]:
    return {"snapshot": {"players": [{"id": "ada", "seq": seq}, {"id": "bob", "seq": 0}]}}


async def test_a_snapshot_stands_for_the_edits_before_it() -> None:
    """The server sends one when the duel begins, and not the edits that it holds."""
    record, ada, bob = Record(), a_player("ada"), a_player("bob")
    typist = Typist(record, Pair("d", (ada, bob), (0, 0), (0, 0)), 0, acks=False)
    for _ in range(5):
        typist.type(0)
    bob.socket.on_edit(an_edit(1))
    bob.socket._hear("duel:state", a_snapshot(3))
    bob.socket._hear("duel:state", a_snapshot(3))
    assert (len(record.relays), record.out_of_order) == (3, 0)
    bob.socket.on_edit(an_edit(4))
    bob.socket.on_edit(an_edit(6))
    assert (len(record.relays), record.out_of_order) == (4, 1)
