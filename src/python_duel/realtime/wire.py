"""Socket.IO packets of the default namespace as the bytes that a socket takes, and the two hot ones as they come in.

A packet is Engine.IO's `4` (message), Socket.IO's `2` (event) or `3` (acknowledgement), an id where there is one, and a
JSON list: https://socket.io/docs/v4/socket-io-protocol/. Everything but the hot events is parsed by python-socketio.
"""

import json
import re
from typing import Annotated, Any

import engineio.json
import msgspec

from python_duel.protocol.base import Language, ServerMessage
from python_duel.protocol.client import MAX_SECTIONS

Units = Annotated[int, msgspec.Meta(ge=0)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]


class Edit(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """`client.DuelEdit`, checked no less strictly."""

    duel_id: Id
    seq: Annotated[int, msgspec.Meta(ge=1)]
    changes: Annotated[
        list[Units | Annotated[list[Units | str], msgspec.Meta(min_length=1)]], msgspec.Meta(max_length=MAX_SECTIONS)
    ]
    language: Language | None = None


class Cursor(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """`client.DuelCursor`."""

    duel_id: Id
    anchor: Units
    head: Units


HOT = re.compile(rb'42(\d{0,15})\["duel:(?:(edit)|cursor)",')
_edit = msgspec.json.Decoder(Edit).decode
_cursor = msgspec.json.Decoder(Cursor).decode
encode = msgspec.json.encode
Raw = msgspec.Raw


def hot(packet: bytes) -> tuple[bytes, Edit | Cursor] | None:
    """The acknowledgement's id (perhaps empty) and the payload of a well-formed edit or cursor, else None.

    What is None here goes the general way, which says what is wrong with it.
    """
    head = HOT.match(packet)
    if head is None or packet[-1:] != b"]":
        return None
    body = packet[head.end() : -1]
    try:
        return head[1], _edit(body) if head[2] else _cursor(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


_dumps = json.JSONEncoder(separators=(",", ":")).encode
"""ASCII: what a program printed may hold half a surrogate pair, which UTF-8 cannot."""


class Json:
    """JSON for python-socketio's own packets, several times as fast as the module that it takes by default."""

    @staticmethod
    def dumps(value: object, **options: Any) -> str:
        """Compact, whatever the options."""
        return _dumps(value)

    @staticmethod
    def loads(text: str) -> Any:
        """What msgspec refuses may still be taken: half a surrogate pair is told what is wrong with it. Raises
        ValueError.
        """
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            return engineio.json.loads(text)


def _json(value: object) -> bytes:
    return _dumps(value).encode()


def event(name: str, message: ServerMessage) -> bytes:
    """An event that carries a message."""
    return raw_event(name, message.model_dump(mode="json", exclude_none=True))


def raw_event(name: str, data: dict[str, Any]) -> bytes:
    """An event whose payload is plain already."""
    return b"42" + _json([name, data])


def ack(id: bytes, answer: dict[str, Any]) -> bytes:
    """The acknowledgement `id` of a client's event."""
    return b"43%b[%b]" % (id, _json(answer))


def edit_ack(id: bytes, seq: int) -> bytes:
    """The acknowledgement of an edit."""
    return b'43%b[{"ok":true,"seq":%d}]' % (id, seq)


OK = b"43%b" + b'[{"ok":true}]'


def edit_head(duel_id: str, player_id: str) -> bytes:
    """What all the edits of an author begin with, for `edited`."""
    return b'42["duel:edit",{"duel_id":"%b","player_id":"%b","seq":' % (duel_id.encode(), player_id.encode())


def edited(head: bytes, seq: int, changes: bytes | None) -> bytes:
    """`duel:edit` to those who watch; `changes` as JSON, None where the code is hidden."""
    return b"%b%d}]" % (head, seq) if changes is None else b'%b%d,"changes":%b}]' % (head, seq, changes)


def cursor_moved(duel_id: str, player_id: str, anchor: int, head: int) -> bytes:
    """`duel:cursor` to those who watch."""
    return b'42["duel:cursor",{"duel_id":"%b","player_id":"%b","anchor":%d,"head":%d}]' % (
        duel_id.encode(),
        player_id.encode(),
        anchor,
        head,
    )
