"""The live documents: each player's edits in Redis, in order, written by one pen at a time.

The keys are in `platform.keys`. A log grows by one line an edit: its time in milliseconds,
a space, its change set. Every `COMPACT_EVERY` edits its front is moved
away: the text there becomes the mark from which reading starts, the change sets one compressed chunk of the past.

A store that was emptied gets a text back from the process that holds its pen: as a mark, and a past of one line, which
has the seq after its time and makes the text of the starter code.
"""

import asyncio
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal, NamedTuple, cast

import structlog

from python_duel.duels.document import Document
from python_duel.duels.journal_scripts import (
    APPEND,
    BEGIN,
    CLOSE,
    COMPACT,
    FIELDS,
    PUT_BACK,
    READ,
    READ_PAST,
    TAKE_PEN,
    WATCH,
)
from python_duel.duels.replay import UNBOUNDED, Edit
from python_duel.platform import keys
from python_duel.platform.ids import new_id
from python_duel.platform.lane import Call
from python_duel.platform.pipelined import Part, Pipelined, Prepared

KEEP_S = keys.DUEL_S
COMPACT_EVERY = 256
BATCH_S = 0.01
"""How long an edit waits for others on its way to the log. Whoever watches has seen it by then."""
TAKEN, CLOSED, ORDER, FORGOTTEN = 1, 2, 3, 4
log = structlog.get_logger(__name__)


class Log:
    """The log of one player's document, for one pen. `page`: what writes with it."""

    __slots__ = ("append", "duel_id", "epoch", "page", "player_id")

    def __init__(self, duel_id: str, player_id: str, epoch: str, page: str) -> None:
        self.duel_id, self.player_id, self.epoch, self.page = duel_id, player_id, epoch, page
        at = (keys.duel_live(duel_id), keys.duel_log(duel_id, player_id))
        self.append = Prepared(APPEND, at, (_pen(player_id), _base(player_id), epoch, KEEP_S))


class Append(Call, kw_only=True):
    """One edit on its way into a log."""

    log: Log
    after: Document
    """The document with this edit."""
    changes: bytes
    """The change set as JSON."""
    kept: "Callable[[Append, Outcome], None]"
    """Told what became of it."""
    outcome: "Callable[[Append, Any], None]"
    """Told the store's answer first: what it means is the journal's."""

    def take(self, answer: Any) -> None:
        """The store has answered."""
        self.outcome(self, answer)


@dataclass(frozen=True, slots=True)
class Kept:
    """The edit is durable. `elsewhere`: the other processes on which the duel is watched."""

    elsewhere: tuple[str, ...] = ()


Outcome = Kept | Literal["taken", "closed", "order", "forgotten", "lost"]
"""`taken`: another pen writes. `closed`: the duel is over. `order`: the edit does not follow the last one of the log.
`forgotten`: the store knows of no pen, so it was emptied. `lost`: the store is away, and the edit may be in the log or
not.
"""


HERE = Kept()

Before = Literal["nobody", "unknown", "own", "other", "held", "closed"]
"""Who had a pen: `nobody`; nobody that the store knows of, but it may have lost one (`unknown`); this page; another
page, which is fenced now, or (`held`) writes on. `closed`: the document is final.
"""
Standing = Literal["own", "nobody", "other", "closed"]
"""Whose pen the store knows of, to one that asks for its own. `closed`: the document is final."""


class Stored(NamedTuple):
    """A document as the store has it: the text from which reading starts, and the edits since."""

    mark: bytes | None
    edits: list[bytes]

    def document(self, starter: str) -> Document:
        """`starter`: what it was at seq 0."""
        return reduce(_replayed, self.edits, _marked(self.mark, starter))


class Taking(NamedTuple):
    """What came of asking for a pen, and what it goes on from; no log for whoever did not get it."""

    log: Log | None
    before: Before
    stored: Stored


class Journal:
    """Reads documents, hands out pens, and appends edits, in batches."""

    def __init__(self, hot: Pipelined, process: str) -> None:
        self._hot, self._process = hot, process
        self._own = process.encode()
        self._waiting: list[Append] = []
        self._compacting: set[asyncio.Task[None]] = set()

    async def begin(self, duel_id: str) -> None:
        """The duel was just made: as long as the store knows that, it has lost no pen of it."""
        await self._hot.call(BEGIN, [keys.duel_live(duel_id)], [KEEP_S])

    async def whole(self, duel_id: str, player_ids: list[str]) -> bool:
        """Whether the store has every pen of these players that there was."""
        fields: list[Part] = ["begun", *map(_pen, player_ids)]
        begun, *pens = await self._hot.call(FIELDS, [keys.duel_live(duel_id)], fields)
        return begun is not None or None not in pens

    async def take_pen(
        self, duel_id: str, player_id: str, page: str = "", *, anyway: bool = True, blindly: bool = True
    ) -> Taking:
        """A new pen that fences every earlier one. `page`: what writes. Not `anyway`: another page keeps its own. Not
        `blindly`: it is not taken if the store may have lost one.
        """
        args: list[Part] = [_pen(player_id), _page(player_id), new_id(), page, int(anyway), int(blindly), KEEP_S]
        before, epoch, *stored = await self._hot.call(TAKE_PEN, _keys(duel_id, player_id)[:3], args)
        log = Log(duel_id, player_id, epoch.decode(), page) if epoch else None
        return Taking(log, cast("Before", before.decode()), Stored(*stored))

    async def standing(self, log: Log) -> Standing:
        """What the store knows of a pen."""
        [pen] = await self._hot.call(FIELDS, [keys.duel_live(log.duel_id)], [_pen(log.player_id)])
        if pen is None:
            return "nobody"
        if pen == b"closed":
            return "closed"
        return "own" if pen.decode() == log.epoch else "other"

    async def put_back(self, log: Log, document: Document, starter: str, at: int) -> bool:
        """Give a store that has lost a pen and all edits, at the time `at`, what its holder has; False, and nothing is
        done, if the store has a pen.
        """
        player_id, text = log.player_id, document.text
        changes = [[len(Document.of(starter).units), *text.split("\n")]]
        line = b"%d %d %b" % (at, document.seq, json.dumps(changes).encode())
        args: list[Part] = [_pen(player_id), _base(player_id), _page(player_id), f"put_back:{player_id}", log.epoch]
        args += [log.page, document.seq, f"{document.seq}\n{text}", _packed([line]), KEEP_S]
        return bool(await self._hot.call(PUT_BACK, _keys(log.duel_id, player_id), args))

    async def close(self, duel_id: str, player_ids: list[str]) -> list[Stored]:
        """No more edits: the documents are final. Gives them in the order of the players."""
        at = [keys.duel_live(duel_id)]
        for player_id in player_ids:
            at += [keys.duel_mark(duel_id, player_id), keys.duel_log(duel_id, player_id)]
        return [Stored(*read) for read in await self._hot.call(CLOSE, at, [KEEP_S, *map(_pen, player_ids)])]

    async def watch(self, duel_id: str) -> None:
        """The duel is watched on this process: edits that are stored from now on are for it, too."""
        await self._hot.call(WATCH, [keys.duel_live(duel_id)], [self._process, 1, KEEP_S])

    async def unwatch(self, duel_id: str) -> None:
        """Nobody on this process watches any more."""
        await self._hot.call(WATCH, [keys.duel_live(duel_id)], [self._process, 0, KEEP_S])

    def append(
        self, log: Log, after: Document, changes: bytes, at: int, kept: Callable[[Append, Outcome], None]
    ) -> None:
        """Make an edit durable: `changes` as JSON, which have made the document `after` at the time `at`. `kept` is
        told once what became of it.
        """
        if not self._waiting:
            asyncio.get_running_loop().call_later(BATCH_S, self._send)
        edit = Append(
            log.append.packed(after.seq, b"%d %b" % (at, changes)),
            script=APPEND.source,
            key=log.append.key,
            log=log,
            after=after,
            changes=changes,
            kept=kept,
            outcome=self._answered,
        )
        self._waiting.append(edit)

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._hot.send(waiting)

    def _answered(self, edit: Append, answer: Any) -> None:
        edit.kept(edit, HERE if answer == self._own else self._outcome(answer))
        if edit.after.seq % COMPACT_EVERY == 0 and isinstance(answer, bytes):
            task = asyncio.get_running_loop().create_task(self._compact(edit))
            self._compacting.add(task)
            task.add_done_callback(self._compacting.discard)

    def _outcome(self, answer: Any) -> Outcome:
        if isinstance(answer, bytes):
            return Kept(tuple(name for name in answer.decode().split() if name != self._process))
        refusals: dict[Any, Outcome] = {TAKEN: "taken", CLOSED: "closed", ORDER: "order", FORGOTTEN: "forgotten"}
        return refusals.get(answer, "lost") if isinstance(answer, int) else "lost"

    async def read(self, duel_id: str, player_id: str, starter: str) -> Document:
        """The document as it is in the log."""
        at = [keys.duel_mark(duel_id, player_id), keys.duel_log(duel_id, player_id)]
        return Stored(*await self._hot.call(READ, at, [])).document(starter)

    async def read_at(self, duel_id: str, player_id: str, starter: str, seq: int) -> Document:
        """The document as it was after `seq` edits, or where the log is nearest: at its end, or after what it lost."""
        document = Document.of(starter)
        for line in await self._lines(duel_id, player_id):
            if document.seq >= seq:
                break
            document = _replayed(document, line)
        return document

    async def edits(self, duel_id: str, player_id: str) -> list[Edit]:
        """All edits of a document, as far as the store has them."""
        return [_edit(line) for line in await self._lines(duel_id, player_id)]

    async def _lines(self, duel_id: str, player_id: str) -> list[bytes]:
        at = [keys.duel_past(duel_id, player_id), keys.duel_log(duel_id, player_id)]
        past, recent = await self._hot.call(READ_PAST, at, [])
        return [*(line for chunk in past for line in _unpacked(chunk)), *recent]

    async def _compact(self, edit: Append) -> None:
        """Move the front of the log away, up to an edit after which the text is known; if this fails, the next does."""
        try:
            while not await self._compacted(edit):
                pass  # another one was first: what is left of this one is after that
        except Exception as error:  # noqa: BLE001 - nothing is lost: the log is only longer
            log.warning("a log could not be compacted", duel=edit.log.duel_id, error=repr(error))

    async def _compacted(self, edit: Append) -> bool:
        player_id, after = edit.log.player_id, edit.after
        live, mark_key, log_key, past_key = _keys(edit.log.duel_id, player_id)
        mark, edits = await self._hot.call(READ, [mark_key, log_key], [])
        base = _marked(mark, "").seq
        front = edits[: after.seq - base]
        if after.seq <= base or base + len(front) < after.seq:
            return True
        new: list[Part] = [_base(player_id), base, after.seq, f"{after.seq}\n{after.text}", _packed(front), KEEP_S]
        return bool(await self._hot.call(COMPACT, [live, log_key, mark_key, past_key], new))


def _keys(duel_id: str, player_id: str) -> tuple[str, str, str, str]:
    return (
        keys.duel_live(duel_id),
        keys.duel_mark(duel_id, player_id),
        keys.duel_log(duel_id, player_id),
        keys.duel_past(duel_id, player_id),
    )


def _pen(player_id: str) -> str:
    return f"pen:{player_id}"


def _base(player_id: str) -> str:
    return f"base:{player_id}"


def _page(player_id: str) -> str:
    return f"page:{player_id}"


def _marked(mark: bytes | None, starter: str) -> Document:
    if mark is None:
        return Document.of(starter)
    seq, _, text = mark.decode().partition("\n")
    return Document.of(text, int(seq))


def _packed(edits: list[bytes]) -> bytes:
    """A chunk of the past: a line an edit, compressed."""
    return zlib.compress(b"\n".join(edits))


def _unpacked(chunk: bytes) -> list[bytes]:
    return zlib.decompress(chunk).split(b"\n")


def _replayed(document: Document, line: bytes) -> Document:
    edit = _edit(line)
    after = document.edited(json.loads(edit.changes), UNBOUNDED)
    return Document(edit.seq, after.units) if edit.seq else after


def _edit(line: bytes) -> Edit:
    at, _, changes = line.partition(b" ")
    seq = b""
    if not changes.startswith(b"["):
        seq, _, changes = changes.partition(b" ")
    return Edit(int(at), changes.decode(), int(seq) if seq else None)
