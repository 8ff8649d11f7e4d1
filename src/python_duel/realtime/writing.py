"""How a keystroke travels: checked, applied, relayed at once on this process, made durable, acknowledged."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial

from python_duel.challenges.package import Package
from python_duel.duels.archive import starter_of
from python_duel.duels.document import HALF_PAIR, ChangeSet, Document, InvalidChanges, TextTooLong
from python_duel.duels.journal import Append, Before, Journal, Kept, Outcome
from python_duel.duels.models import Duel
from python_duel.duels.repository import side
from python_duel.errors import (
    DuelError,
    Forbidden,
    Invalid,
    NotLive,
    PenTaken,
    RateLimited,
    Resync,
    TooLarge,
    Unavailable,
)
from python_duel.platform import metrics
from python_duel.platform.clock import Clock
from python_duel.platform.redis import LOST, RedisError
from python_duel.realtime import wire
from python_duel.realtime.connection import Connection, Pen
from python_duel.realtime.hub import Hub
from python_duel.realtime.wire import Cursor, Edit

CLOCK_SLACK_MS = 100
"""Another process may have told the start by its own, slightly earlier reading of the database's clock."""
REREAD_S = 0.2
OVER = "The duel is over."
PEN_TAKEN = "Another tab or device writes now: open the duel here again (duel:open) to take the pen back."
FLOOD = "Too much at once: send edits in larger batches, and only what changed."

Reply = Callable[[int | DuelError], None]
"""Told the seq that is durable now, or why it is not."""


class Writing:
    """The pens of this process."""

    def __init__(self, journal: Journal, hub: Hub, clock: Clock, code_bytes: int) -> None:
        self._journal, self._hub, self._clock, self._code_bytes = journal, hub, clock, code_bytes
        self._pens: dict[tuple[str, str], Pen] = {}
        self._reading: set[asyncio.Task[None]] = set()

    def document(self, duel_id: str, player_id: str) -> Document | None:
        """The document as this process relayed it last, when its pen is here: ahead of the log while an edit
        is on its way there, behind it when another process has the pen now.
        """
        pen = self._pens.get((duel_id, player_id))
        return pen.document if pen else None

    async def take_pen(self, connection: Connection, duel: Duel, package: Package, page: str, anyway: bool) -> Before:
        """Make this socket the one that writes, and fence every earlier one, unless the pen is `held` by another page.
        A finished duel has no pens.

        `page` and `anyway` are those of `Journal.take_pen`.
        """
        log, before = await self._journal.take_pen(duel.id, connection.player_id, page, anyway=anyway)
        self._lay_down(connection, duel.id)
        if before == "closed" or duel.status == "finished":
            connection.over.add(duel.id)
            return "closed"
        if log is None:
            return before
        player = side(duel, connection.player_id)
        starter = starter_of(player, package)
        document = await self._journal.read(duel.id, player.player_id, starter)
        pen = Pen(
            log,
            document,
            starter,
            duel.starts_at,
            duel.deadline,
            player.language,  # type: ignore[arg-type]
            frozenset(package.starter),
            kept=document.seq,
        )
        connection.pens[duel.id] = self._pens[duel.id, connection.player_id] = pen
        return before

    def forget(self, connection: Connection) -> None:
        """The socket closed."""
        for duel_id in list(connection.pens):
            self._lay_down(connection, duel_id)

    def pen(self, connection: Connection, duel_id: str) -> Pen:
        """The socket's pen of an open duel; raises `Forbidden`, `PenTaken` or `NotLive`."""
        pen = connection.pens.get(duel_id)
        if pen is None:
            raise self._penless(connection, duel_id)
        now = self._clock.now()
        if pen.starts_at - CLOCK_SLACK_MS <= now < pen.deadline:
            return pen
        raise NotLive("Time is up." if now >= pen.deadline else "The duel has not started: wait for the countdown.")

    @staticmethod
    def _penless(connection: Connection, duel_id: str) -> DuelError:
        role = connection.roles.get(duel_id)
        if role is None:
            return Forbidden("Open the duel first: duel:open.")
        if role == "spectator":
            return Forbidden("Only the two players may do that.")
        return NotLive(OVER) if duel_id in connection.over else PenTaken(PEN_TAKEN)

    def cursor(self, connection: Connection, moved: Cursor) -> None:
        """Relay a caret. Raises what `pen` raises."""
        self.pen(connection, moved.duel_id)
        self._hub.cursor(moved.duel_id, connection.player_id, moved.anchor, moved.head)

    def take(self, connection: Connection, edit: Edit, reply: Reply) -> bool:
        """Take one edit; False, and nothing is done, when it goes over to another language.

        Raises what `pen` raises, and `RateLimited`, `Resync`, `Invalid`, `TooLarge`; then `reply` is not called.
        """
        duel_id, seq = edit.duel_id, edit.seq
        if edit.language is not None:
            held = connection.pens.get(duel_id)
            if held and held.language != edit.language:
                return False
        encoded = _encoded(edit.changes)
        wait = connection.edits.spend() or connection.volume.spend(len(encoded))
        if wait:
            raise RateLimited(FLOOD, retry_after_ms=wait)
        pen = self.pen(connection, duel_id)
        if pen.stale:
            raise _not_stored()
        before = pen.document
        if seq <= before.seq:
            metrics.EDITS_REPEATED.inc()
            if seq <= pen.kept:
                reply(seq)
            else:
                pen.repeated.append((seq, reply))
        elif seq > before.seq + 1:
            raise Resync(f"The last edit here is {before.seq}: go on from this text.", seq=before.seq, text=before.text)
        else:
            pen.document = after = self._apply(before, edit.changes)
            self._hub.edit(duel_id, connection.player_id, seq, edit.changes, encoded)
            pen.under_way += 1
            self._journal.append(
                pen.log, after, encoded, self._clock.now(), partial(self._kept, connection, pen, reply)
            )
        return True

    async def edit(self, connection: Connection, edit: Edit) -> int:
        """As `take`, also for an edit that goes over to another language; the seq that is durable now."""
        pen = self.pen(connection, edit.duel_id)
        if edit.language is not None and edit.language not in pen.languages:
            raise Invalid(not_offered(edit.language, pen.languages), seq=pen.document.seq)
        edit.language = None
        answer: asyncio.Future[int | DuelError] = asyncio.get_running_loop().create_future()
        self.take(connection, edit, answer.set_result)
        seq = await answer
        if isinstance(seq, DuelError):
            raise seq
        return seq

    def _apply(self, document: Document, changes: ChangeSet) -> Document:
        try:
            return document.edited(changes, self._code_bytes)
        except InvalidChanges as error:
            raise Invalid(str(error), seq=document.seq) from None
        except TextTooLong as error:
            raise TooLarge(str(error), seq=document.seq) from None

    def _kept(self, connection: Connection, pen: Pen, reply: Reply, append: Append, outcome: Outcome) -> None:
        """The log has answered."""
        pen.under_way -= 1
        seq = append.after.seq
        if isinstance(outcome, Kept):
            metrics.EDITS_ACCEPTED.inc()
            pen.kept = seq
            self._hub.tell_elsewhere(outcome.elsewhere, append)
            reply(seq)
        else:
            reply(self._not_kept(connection, pen, append.log.duel_id, outcome))
        if pen.repeated:
            self._answer_again(pen, seq, outcome)

    def _not_kept(self, connection: Connection, pen: Pen, duel_id: str, outcome: Outcome) -> DuelError:
        """Why not; the pen is laid down, or is stale."""
        if outcome in ("order", "lost"):
            pen.stale = True
            if not pen.under_way:
                self._read_again(pen)
            return _not_stored()
        if outcome == "closed":
            connection.over.add(duel_id)
        elif connection.pens.get(duel_id) is not pen:
            return _not_stored()  # this socket has opened the duel again since: the pen that it has now is not fenced
        self._lay_down(connection, duel_id)
        self._hub.refresh(duel_id)
        return _penned_out(pen, outcome)

    @staticmethod
    def _answer_again(pen: Pen, seq: int, outcome: Outcome) -> None:
        """Who has sent an edit again is told when it is known what became of it."""
        answered, pen.repeated = (
            [it for it in pen.repeated if it[0] <= seq],
            [it for it in pen.repeated if it[0] > seq],
        )
        for repeated, reply in answered:
            reply(repeated if isinstance(outcome, Kept) else _not_stored())

    def _read_again(self, pen: Pen) -> None:
        """Nobody knows which of the last edits are in the log: go on from what it has."""
        log = pen.log

        async def read() -> None:
            while pen.stale:
                with suppress(*LOST, RedisError):
                    pen.document = await self._journal.read(log.duel_id, log.player_id, pen.starter)
                    pen.kept, pen.stale = pen.document.seq, False
                if pen.stale:
                    await asyncio.sleep(REREAD_S)
            # The watchers here were sent edits that may not stand.
            self._hub.refresh(log.duel_id)

        task = asyncio.get_running_loop().create_task(read())
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    def _lay_down(self, connection: Connection, duel_id: str) -> None:
        pen = connection.pens.pop(duel_id, None)
        if pen and self._pens.get((duel_id, connection.player_id)) is pen:
            del self._pens[duel_id, connection.player_id]


def _encoded(changes: ChangeSet) -> bytes:
    try:
        return wire.encode(changes)
    except UnicodeEncodeError:
        raise Invalid(HALF_PAIR) from None


def _penned_out(pen: Pen, outcome: Outcome) -> DuelError:
    if outcome == "forgotten":
        return Resync("The server has lost your text: open the duel again and send it.", seq=0, text=pen.starter)
    return NotLive(OVER) if outcome == "closed" else PenTaken(PEN_TAKEN)


def _not_stored() -> Unavailable:
    return Unavailable("The edit could not be stored: send it again.", retry_after_ms=1000)


def not_offered(language: str, offered: Collection[str]) -> str:
    """Why a duel does not take a language."""
    return f"{language} is not offered in this duel: use {' or '.join(sorted(offered))}."
