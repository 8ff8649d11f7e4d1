"""What a client may emit over Socket.IO, and what the acknowledgement of each carries beside `ok`.

A change set is CodeMirror 6's `ChangeSet.toJSON()`: a list of kept lengths (UTF-16 code units) and
`[deleted, line, line, ...]` replacements; its meaning is in `duels.document`.
"""

from typing import Annotated

from pydantic import Field

from python_duel.protocol.base import ClientMessage, Id, Language, Mode, ServerMessage, Visibility
from python_duel.protocol.server import Snapshot

Units = Annotated[int, Field(ge=0)]
"""A length or an offset in UTF-16 code units."""

Replacement = Annotated[list[Units | str], Field(min_length=1)]
MAX_SECTIONS = 20_000
ChangeSet = Annotated[list[Units | Replacement], Field(max_length=MAX_SECTIONS)]


class QueueJoin(ClientMessage):
    mode: Mode
    languages: Annotated[list[Language], Field(min_length=1)] | None = None
    """By preference: the player starts in the first that can be judged now."""


class Empty(ClientMessage):
    """No fields."""


class DuelCreate(ClientMessage):
    """A duel by invitation. Minutes: 1 to 180."""

    challenge: Annotated[str, Field(max_length=100)] | None = None
    minutes: Annotated[int, Field(ge=1, le=180)] | None = None
    visibility: Visibility = "live"
    ranked: bool = False


class DuelAccept(ClientMessage):
    invite: Id


class DuelPractice(ClientMessage):
    level: Annotated[int, Field(ge=1, le=10)] | None = None
    challenge: Annotated[str, Field(max_length=100)] | None = None


class DuelRef(ClientMessage):
    duel_id: Id


class DuelOpen(DuelRef):
    page: Id | None = None
    """Names the page that writes, over all its sockets."""
    take: bool = True
    """Whether to take the pen from another page."""


class DuelEdit(DuelRef):
    seq: Annotated[int, Field(ge=1)]
    changes: ChangeSet
    language: Language | None = None
    """What the text is written in from this edit on. Absent: as before."""


class DuelCursor(DuelRef):
    anchor: Units
    head: Units


class DuelRun(DuelRef):
    run_id: Id
    language: Language
    input: Annotated[str, Field(max_length=65_536)] | None = None
    """The player's own input: standard input, or a JSON list of arguments. Absent: the samples."""


class DuelSubmit(DuelRef):
    submission_id: Id
    language: Language
    seq: Annotated[int, Field(ge=0)]


class DuelSay(DuelRef):
    reaction: Annotated[str, Field(min_length=1, max_length=32)]


EVENTS: dict[str, type[ClientMessage]] = {
    "queue:join": QueueJoin,
    "queue:leave": Empty,
    "duel:create": DuelCreate,
    "duel:accept": DuelAccept,
    "duel:practice": DuelPractice,
    "duel:open": DuelOpen,
    "duel:edit": DuelEdit,
    "duel:cursor": DuelCursor,
    "duel:run": DuelRun,
    "duel:submit": DuelSubmit,
    "duel:resign": DuelRef,
    "duel:offer_draw": DuelRef,
    "duel:rematch": DuelRef,
    "duel:say": DuelSay,
}
"""Every client event and the shape of its payload: the single list the server parses by."""


class Ack(ServerMessage):
    """Every acknowledgement. `ok` tells the two kinds apart."""

    ok: bool = True


class QueueJoinAck(Ack):
    ticket: Id
    waiting_ms: int
    estimate_ms: int | None = None


class DuelCreateAck(Ack):
    duel_id: Id
    invite: Id


class DuelAck(Ack):
    duel_id: Id


class DuelOpenAck(Ack):
    snapshot: Snapshot
    pen: bool | None = None
    """Whether this socket writes. Absent: for a spectator."""


class DuelEditAck(Ack):
    seq: int
    """The last durable edit of this document."""


class DuelRunAck(Ack):
    run_id: Id
    queue_position: int
    """As in `DuelSubmitAck`."""


class DuelSubmitAck(Ack):
    submission_id: Id
    receipt: int
    """The order in which submissions of this duel were received, from 1."""
    queue_position: int
    """Jobs before this one; 0 is the next to be judged."""


class ErrorBody(ServerMessage):
    """`code` is for programs, `message` for people and says what to do."""

    code: str
    message: str
    retry_after_ms: int | None = None
    seq: int | None = None
    """With `resync`: the last edit the server has."""
    text: str | None = None
    """With `resync`: the document at `seq`."""
    duel_id: Id | None = None
    """With `already_in_duel`: the duel to open."""
    queue_position: int | None = None
    """With `busy`: the jobs that would come before."""


class ErrorAck(ServerMessage):
    ok: bool = False
    error: ErrorBody
