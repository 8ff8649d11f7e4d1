"""How a keystroke travels: checked, applied, relayed at once on this process, made durable, acknowledged."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial

from python_duel.challenges.package import Package
from python_duel.duels.archive import starter_of
from python_duel.duels.document import HALF_PAIR, ChangeSet, Document, InvalidChanges, TextTooLong
from python_duel.duels.journal import Append, Before, Kept, Outcome, Taking
from python_duel.duels.models import Duel
from python_duel.duels.repository import side
from python_duel.duels.service import Duels
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
from python_duel.platform.stores import AWAY
from python_duel.realtime import wire
from python_duel.realtime.connection import Connection, Pen
from python_duel.realtime.hub import Hub
from python_duel.realtime.wire import Cursor, Edit

CLOCK_SLACK_MS = 100
"""Another process may have told the start by its own, slightly earlier reading of the database's clock."""
REREAD_S = 0.2
AT_ONCE = 100
"""Duels whose pens are looked for together."""
OVER = "The duel is over."
PEN_TAKEN = "Another tab or device writes now: open the duel here again (duel:open) to take the pen back."
FLOOD = "Too much at once: send edits in larger batches, and only what changed."

Reply = Callable[[int | DuelError], None]
"""Told the seq that is durable now, or why it is not."""


class Writing:
    """The pens of this process."""

    def __init__(self, duels: Duels, hub: Hub, code_bytes: int) -> None:
        self._duels, self._journal, self._clock = duels, duels.journal, duels.clock
        self._hub, self._code_bytes = hub, code_bytes
        self._holders: defaultdict[str, dict[str, Connection]] = defaultdict(dict)
        """By duel and player, the socket that took the pen last."""
        self._reading: set[asyncio.Task[None]] = set()
        hub.lost = self.put_back

    def document(self, duel_id: str, player_id: str) -> Document | None:
        """The document as this process relayed it last, when its pen is here: ahead of the log while an edit
        is on its way there, behind it when another process has the pen now.
        """
        holder = self._holders[duel_id].get(player_id) if duel_id in self._holders else None
        return holder.pens[duel_id].document if holder else None

    async def take_pen(self, connection: Connection, duel: Duel, package: Package, page: str, anyway: bool) -> Before:
        """Make this socket the one that writes, and fence every earlier one, unless the pen is `held` by another page.
        A finished duel has no pens.

        `page` and `anyway` are those of `Journal.take_pen`.
        """
        if duel.status == "finished":
            return self._closed(connection, duel.id)
        connection.taking.add(duel.id)
        try:
            taking = await self._asked(connection, duel.id, page, anyway)
        except BaseException:
            # The one that is here may be fenced: an edit that was answered meanwhile has not shown it.
            self._doubt(connection, connection.pens.get(duel.id))
            raise
        finally:
            connection.taking.discard(duel.id)
        return self._take_pen(connection, duel, package, taking)

    async def _asked(self, connection: Connection, duel_id: str, page: str, anyway: bool) -> Taking:
        """As `Journal.take_pen`; one that the store has lost is put back first by whoever holds it."""
        player_id = connection.player_id
        taking = await self._journal.take_pen(duel_id, player_id, page, anyway=anyway, blindly=False)
        if taking.before != "unknown":
            return taking
        await self._duels.recall(duel_id, [player_id])
        return await self._journal.take_pen(duel_id, player_id, page, anyway=anyway)

    def _take_pen(self, connection: Connection, duel: Duel, package: Package, taking: Taking) -> Before:
        if taking.before == "closed":
            return self._closed(connection, duel.id)
        self._lay_down(connection, duel.id)
        if taking.log is None:
            return taking.before
        player = side(duel, connection.player_id)
        starter = starter_of(player, package)
        document = taking.stored.document(starter)
        pen = Pen(
            taking.log,
            document,
            starter,
            duel.starts_at,
            duel.deadline,
            player.language,  # type: ignore[arg-type]
            frozenset(package.starter),
            kept=document.seq,
        )
        connection.pens[duel.id] = pen
        self._holders[duel.id][connection.player_id] = connection
        return taking.before

    def _closed(self, connection: Connection, duel_id: str) -> Before:
        self._lay_down(connection, duel_id)
        connection.over.add(duel_id)
        return "closed"

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

    async def stored(self, connection: Connection, duel_id: str, seq: int | None = None) -> Pen:
        """The pen, once the log has its edits up to `seq` (None: all that were relayed): until then another pen may
        fence them. Raises what `pen` raises, `Resync` for a `seq` that is ahead, `Unavailable` when one was not stored.
        """
        pen = self.pen(connection, duel_id)
        now = pen.document
        seq = now.seq if seq is None else seq
        if seq > now.seq:
            raise Resync(f"The last edit here is {now.seq}: send the ones after it first.", seq=now.seq, text=now.text)
        if seq <= pen.kept:
            return pen
        if pen.stale:
            raise _not_stored()
        answer: asyncio.Future[int | DuelError] = asyncio.get_running_loop().create_future()
        pen.repeated.append((seq, answer.set_result))
        outcome = await answer
        pen = self.pen(connection, duel_id)  # one that was laid down says why
        if isinstance(outcome, DuelError):
            raise outcome
        return pen

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
        if pen.stale and not pen.under_way:
            self._read_again(connection, pen)

    def _not_kept(self, connection: Connection, pen: Pen, duel_id: str, outcome: Outcome) -> DuelError:
        """Why not; the pen is laid down, or is stale."""
        if outcome in ("order", "lost", "forgotten"):
            pen.stale = True
            return _not_stored()
        if outcome == "closed":
            self._fenced(connection, duel_id, over=True)
            return NotLive(OVER)
        if connection.pens.get(duel_id) is not pen or duel_id in connection.taking:
            return _not_stored()  # this socket has opened the duel again since: the pen that it has now is not fenced
        self._fenced(connection, duel_id)
        return PenTaken(PEN_TAKEN)

    def _fenced(self, connection: Connection, duel_id: str, *, over: bool = False) -> None:
        """The pen is good no more; `over`: nor is any other."""
        if over:
            connection.over.add(duel_id)
        self._lay_down(connection, duel_id)
        self._hub.refresh(duel_id)

    @staticmethod
    def _answer_again(pen: Pen, seq: int, outcome: Outcome) -> None:
        """Who has sent an edit again is told when it is known what became of it."""
        answered, pen.repeated = (
            [it for it in pen.repeated if it[0] <= seq],
            [it for it in pen.repeated if it[0] > seq],
        )
        for repeated, reply in answered:
            reply(repeated if isinstance(outcome, Kept) else _not_stored())

    async def put_all_back(self) -> None:
        """The store may have lost everything: look for every pen of this process."""
        duel_ids = list(self._holders)
        for n in range(0, len(duel_ids), AT_ONCE):
            await asyncio.gather(*map(self.put_back, duel_ids[n : n + AT_ONCE]), return_exceptions=True)

    async def put_back(self, duel_id: str) -> None:
        """As `put_all_back`, of one duel."""
        for connection in list(self._holders.get(duel_id, {}).values()):
            pen = connection.pens.get(duel_id)
            # With an edit under way, the answer to that one says it.
            if pen and not pen.busy and await self._journal.standing(pen.log) != "own":
                self._doubt(connection, pen)

    def _doubt(self, connection: Connection, pen: Pen | None) -> None:
        """The pen may be good no more. If something shows that already, or will, nothing is done."""
        if pen and not pen.busy:
            pen.stale = True
            self._read_again(connection, pen)

    def _read_again(self, connection: Connection, pen: Pen) -> None:
        """Nobody knows which of the last edits are in the log: go on from what it has. If it has lost everything, it
        gets back what is here, edits that were not acknowledged among it: their author sends them again.
        """
        duel_id = pen.log.duel_id

        async def read() -> None:
            put_back = False
            while pen.stale:
                with suppress(*AWAY, DuelError):
                    put_back = await self._met(connection, pen) or put_back
                    if put_back:
                        await self._duels.tell(duel_id, unknown=True)
                    pen.kept, pen.stale = pen.document.seq, False
                if pen.stale:
                    await asyncio.sleep(REREAD_S)
            # The watchers here were sent edits that may not stand.
            self._hub.refresh(duel_id)

        task = asyncio.get_running_loop().create_task(read())
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _met(self, connection: Connection, pen: Pen) -> bool:
        """The document and its log are the same now, or the pen is laid down; whether the log was put back."""
        log, duel_id = pen.log, pen.log.duel_id
        standing = await self._journal.standing(log)
        if standing == "own":
            pen.document = await self._journal.read(duel_id, log.player_id, pen.starter)
            return False
        over = standing == "closed" or await self._archived(duel_id)
        text, now = (pen.document, pen.starter), self._clock.now()
        if not over and self._last(connection, pen) and await self._journal.put_back(log, *text, now):
            return True
        if connection.pens.get(duel_id) is pen:
            self._fenced(connection, duel_id, over=over)
        return False

    def _last(self, connection: Connection, pen: Pen) -> bool:
        """Whether no other socket here has taken the pen since."""
        holder = self._holders.get(pen.log.duel_id, {}).get(pen.log.player_id)
        return holder is connection and connection.pens[pen.log.duel_id] is pen

    async def _archived(self, duel_id: str) -> bool:
        """Whether the last texts are stored."""
        return all(player.final_seq is not None for player in (await self._duels.get(duel_id)).players)

    def _lay_down(self, connection: Connection, duel_id: str) -> None:
        if connection.pens.pop(duel_id, None) is None or duel_id not in self._holders:
            return
        holders = self._holders[duel_id]
        if holders.get(connection.player_id) is connection:
            del holders[connection.player_id]
        if not holders:
            del self._holders[duel_id]


def _encoded(changes: ChangeSet) -> bytes:
    try:
        return wire.encode(changes)
    except UnicodeEncodeError:
        raise Invalid(HALF_PAIR) from None


def _not_stored() -> Unavailable:
    return Unavailable("The edit could not be stored: send it again.", retry_after_ms=1000)


def not_offered(language: str, offered: Collection[str]) -> str:
    """Why a duel does not take a language."""
    return f"{language} is not offered in this duel: use {' or '.join(sorted(offered))}."
