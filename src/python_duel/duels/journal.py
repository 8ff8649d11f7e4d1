"""The live documents: each player's edits in Redis, in order, written by one pen at a time.

Keys of a duel (hash-tagged by its id, so that a cluster keeps them together; they live for a day):

- `{id}:log:<player>`: list, change set n at index n - 1, as JSON
- `{id}:mark:<player>`: a checkpoint, `seq` and text as JSON: reading starts here
- `{id}:pen:<player>`: the pen that may write, a name never given twice; `closed` after the duel
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Literal, cast

from python_duel.duels.document import Document
from python_duel.platform.bus import channel, encode
from python_duel.platform.ids import new_id
from python_duel.platform.redis import Redis, reply

KEEP_S = 86_400
CHECKPOINT_EVERY = 200
UNBOUNDED = 1 << 40

# The same edit twice is one: the answer to the first may have been lost.
# KEYS log, pen, mark; ARGV epoch, seq, changes, keep, channel, message, checkpoint ("" for none)
APPEND = """
local pen = redis.call('GET', KEYS[2])
if pen ~= ARGV[1] then return {pen or 'none', redis.call('LLEN', KEYS[1])} end
local length = redis.call('LLEN', KEYS[1])
if tonumber(ARGV[2]) == length and redis.call('LINDEX', KEYS[1], -1) == ARGV[3] then return {'ok', length} end
if tonumber(ARGV[2]) ~= length + 1 then return {'order', length} end
redis.call('RPUSH', KEYS[1], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
if ARGV[7] ~= '' then redis.call('SET', KEYS[3], ARGV[7], 'EX', ARGV[4]) end
redis.call('PUBLISH', ARGV[5], ARGV[6])
return {'ok', length + 1}
"""

TAKE_PEN = """
if redis.call('GET', KEYS[1]) == 'closed' then return 'closed' end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return ARGV[1]
"""

Outcome = Literal["ok", "taken", "closed", "order"]


@dataclass(frozen=True, slots=True)
class Append:
    """One edit on its way into the log."""

    duel_id: str
    player_id: str
    epoch: str
    after: Document
    """The document with this edit."""
    changes: list[int | list[int | str]]
    message: dict[str, Any]
    """What other processes are told, once it is durable."""


def _keys(duel_id: str, player_id: str) -> tuple[str, str, str]:
    return f"{{{duel_id}}}:log:{player_id}", f"{{{duel_id}}}:pen:{player_id}", f"{{{duel_id}}}:mark:{player_id}"


class Journal:
    """Reads documents, hands out pens, and appends edits: all that arrive while a write is on its way go together."""

    def __init__(self, redis: Redis, process: str) -> None:
        self._redis, self._process = redis, process
        self._append = redis.register_script(APPEND)
        self._take_pen = redis.register_script(TAKE_PEN)
        self._waiting: list[tuple[Append, asyncio.Future[Outcome]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def take_pen(self, duel_id: str, player_id: str) -> str:
        """A new epoch that fences every earlier one, or `closed`."""
        return cast("str", await self._take_pen(keys=[_keys(duel_id, player_id)[1]], args=[new_id(), KEEP_S]))

    async def close(self, duel_id: str, player_ids: list[str]) -> None:
        """No more edits: the documents are final."""
        for player_id in player_ids:
            await self._redis.set(_keys(duel_id, player_id)[1], "closed", ex=KEEP_S)

    async def read(self, duel_id: str, player_id: str, starter: str) -> Document:
        """The document as it is in the log."""
        log, _, mark = _keys(duel_id, player_id)
        at: str | None = await reply(self._redis.get(mark))
        document = (
            Document.of(starter) if at is None else Document.of(at.partition("\n")[2], int(at.partition("\n")[0]))
        )
        return _replayed(document, await reply(self._redis.lrange(log, document.seq, -1)))

    async def read_at(self, duel_id: str, player_id: str, starter: str, seq: int) -> Document:
        """The document as it was after `seq` edits, or as far as the log goes."""
        log = _keys(duel_id, player_id)[0]
        edits = await reply(self._redis.lrange(log, 0, seq - 1)) if seq else []
        return _replayed(Document.of(starter), edits)

    async def append(self, edit: Append) -> Outcome:
        """Make an edit durable. `taken`: another pen writes. `order`: it does not follow the last one of the log."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((edit, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="journal")
        return await future

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                answers = await self._send([edit for edit, _ in batch])
            except Exception as error:  # noqa: BLE001 - each author must hear of it, whatever it is
                answers = [error] * len(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(_outcome(answer[0]))

    async def _send(self, edits: list[Append]) -> list[Any]:
        pipe = self._redis.pipeline(transaction=False)
        for edit in edits:
            message = encode("duel:edit", edit.message, self._process)
            seq = edit.after.seq
            mark = f"{seq}\n{edit.after.text}" if seq % CHECKPOINT_EVERY == 0 else ""
            await self._append(
                keys=list(_keys(edit.duel_id, edit.player_id)),
                args=[
                    edit.epoch,
                    seq,
                    json.dumps(edit.changes, separators=(",", ":")),
                    KEEP_S,
                    channel(f"duel:{edit.duel_id}"),
                    message,
                    mark,
                ],
                client=pipe,
            )
        return await pipe.execute(raise_on_error=False)


def _replayed(document: Document, edits: list[str]) -> Document:
    for edit in edits:
        document = document.edited(json.loads(edit), UNBOUNDED)
    return document


def _outcome(answer: str) -> Outcome:
    if answer in ("ok", "order", "closed"):
        return cast("Outcome", answer)
    return "taken"
