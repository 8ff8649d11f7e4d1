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
from python_duel.duels.replay import UNBOUNDED, Edit
from python_duel.platform import keys
from python_duel.platform.ids import new_id
from python_duel.platform.lane import Call
from python_duel.platform.pipelined import HotScript, Part, Pipelined, Prepared
from python_duel.platform.redis import UNSTARVED

KEEP_S = keys.DUEL_S
COMPACT_EVERY = 256
BATCH_S = 0.01
"""How long an edit waits for others on its way to the log. Whoever watches has seen it by then."""
TAKEN, CLOSED, ORDER, FORGOTTEN = 1, 2, 3, 4
log = structlog.get_logger(__name__)

# The same edit twice is one: the answer to the first may have been lost.
# KEYS live, log; ARGV pen field, base field, epoch, keep, seq, changes. Gives who watches, or why not as a number.
APPEND = HotScript("""
local live = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[2], 'watched')
if live[1] ~= ARGV[3] then return live[1] == 'closed' and 2 or live[1] and 1 or 4 end
local base, seq = tonumber(live[2] or 0), tonumber(ARGV[5])
local length = base + redis.call('RPUSH', KEYS[2], ARGV[6])
if length == seq then
  if seq == base + 1 then redis.call('EXPIRE', KEYS[2], ARGV[4]) end
  return live[3] or ''
end
redis.call('RPOP', KEYS[2])
if seq > base and redis.call('LINDEX', KEYS[2], seq - base - 1) == ARGV[6] then return live[3] or '' end
return 3
""")

# An epoch begins with the store's time in microseconds, so that of two pens one knows which is the later.
# KEYS live; ARGV pen field, page field, id, page, '1' to take it from another page, '1' to take it though the store may
# have lost one, keep. Gives a `Before` and the epoch.
TAKE_PEN = HotScript(
    UNSTARVED
    + """
local live = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[2], 'begun')
if live[1] == 'closed' then return {'closed', ''} end
local before = not live[1] and 'nobody' or (live[2] or '') == ARGV[4] and 'own' or 'other'
if before == 'nobody' and not live[3] and ARGV[6] == '0' then return {'unknown', ''} end
if before == 'other' and ARGV[5] == '0' then return {'held', ''} end
local now = redis.call('TIME')
local last = tonumber(string.match(live[1] or '', '^(%d+):') or 0)
local epoch = string.format('%.0f:%s', math.max(now[1] * 1e6 + now[2], last + 1), ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], epoch, ARGV[2], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[7])
return {before, epoch}
"""
)

# Where there is a pen, nothing is put back, but over what was put back by a process that knows less.
# KEYS live, log, mark, past; ARGV pen field, base field, page field, put-back field, epoch, page, seq, mark, chunk,
# keep. Gives whether it was done.
PUT_BACK = HotScript("""
local live = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[2], ARGV[4])
local seq, base = tonumber(ARGV[7]), tonumber(live[2] or 0)
local function taken(epoch) return tonumber(string.match(epoch, '^%d+')) end
if live[1] and (live[1] ~= live[3] or seq < base or seq == base and taken(ARGV[5]) <= taken(live[1])) then return 0 end
if redis.call('EXISTS', KEYS[2]) == 1 or not live[1] and redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[5], ARGV[2], seq, ARGV[3], ARGV[6], ARGV[4], ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[10])
redis.call('DEL', KEYS[3], KEYS[4])
if seq == 0 then return 1 end
redis.call('SET', KEYS[3], ARGV[8], 'EX', ARGV[10])
redis.call('RPUSH', KEYS[4], ARGV[9])
redis.call('EXPIRE', KEYS[4], ARGV[10])
return 1
""")

# KEYS live; ARGV keep
BEGIN = HotScript(
    UNSTARVED
    + """
redis.call('HSET', KEYS[1], 'begun', 1)
return redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
)

# KEYS live; ARGV field ...
FIELDS = HotScript("return redis.call('HMGET', KEYS[1], unpack(ARGV))")

# KEYS live; ARGV process, '1' to begin or '0' to end, keep. A process is in the list once.
WATCH = HotScript(
    UNSTARVED
    + """
local kept = {}
for name in string.gmatch(redis.call('HGET', KEYS[1], 'watched') or '', '%S+') do
  if name ~= ARGV[1] then kept[#kept + 1] = name end
end
if ARGV[2] == '1' then kept[#kept + 1] = ARGV[1] end
redis.call('HSET', KEYS[1], 'watched', table.concat(kept, ' '))
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
)

# KEYS live; ARGV keep, pen field ...
CLOSE = HotScript(
    UNSTARVED
    + """
for i = 2, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], 'closed') end
return redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
)

# KEYS mark or past, log. What was before, and the edits since.
READ = HotScript("return {redis.call('GET', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, -1)}")
READ_PAST = HotScript("return {redis.call('LRANGE', KEYS[1], 0, -1), redis.call('LRANGE', KEYS[2], 0, -1)}")

# KEYS live, log, mark, past; ARGV base field, base before, base after, mark, chunk, keep
COMPACT = HotScript("""
if (redis.call('HGET', KEYS[1], ARGV[1]) or '0') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('LTRIM', KEYS[2], ARGV[3] - ARGV[2], -1)
redis.call('SET', KEYS[3], ARGV[4], 'EX', ARGV[6])
redis.call('RPUSH', KEYS[4], ARGV[5])
redis.call('EXPIRE', KEYS[4], ARGV[6])
return 1
""")


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


class Taking(NamedTuple):
    """What came of asking for a pen; no log for whoever did not get it."""

    log: Log | None
    before: Before


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
        before, epoch = await self._hot.call(TAKE_PEN, [keys.duel_live(duel_id)], args)
        return Taking(Log(duel_id, player_id, epoch.decode(), page) if epoch else None, cast("Before", before.decode()))

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

    async def close(self, duel_id: str, player_ids: list[str]) -> None:
        """No more edits: the documents are final."""
        args: list[Part] = [KEEP_S, *map(_pen, player_ids)]
        await self._hot.call(CLOSE, [keys.duel_live(duel_id)], args)

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
        mark, edits = await self._hot.call(READ, at, [])
        return reduce(_replayed, edits, _marked(mark, starter))

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
        live, log_key, mark_key, past_key = _keys(edit.log.duel_id, player_id)
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
        keys.duel_log(duel_id, player_id),
        keys.duel_mark(duel_id, player_id),
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
