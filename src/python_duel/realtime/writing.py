"""How a keystroke travels: checked, applied, relayed at once on this process, made durable, acknowledged."""

from collections.abc import Collection

from python_duel.challenges.package import Package
from python_duel.duels.document import Document, InvalidChanges, TextTooLong
from python_duel.duels.journal import Append, Journal, Outcome
from python_duel.duels.models import Duel
from python_duel.duels.repository import side
from python_duel.duels.service import starter_of
from python_duel.errors import Forbidden, Invalid, NotLive, PenTaken, RateLimited, Resync, TooLarge, Unavailable
from python_duel.platform import metrics
from python_duel.platform.clock import Clock
from python_duel.platform.redis import LOST, RedisError
from python_duel.protocol.client import DuelEdit
from python_duel.protocol.server import DuelEdited
from python_duel.realtime.connection import Connection, Pen
from python_duel.realtime.hub import Hub

CLOCK_SLACK_MS = 100
"""Another process may have told the start by its own, slightly earlier reading of the database's clock."""
OVER = "The duel is over."
PEN_TAKEN = "Another tab or device writes now: open the duel here again (duel:open) to take the pen back."


class Writing:
    """The pens of this process."""

    def __init__(self, journal: Journal, hub: Hub, clock: Clock, code_bytes: int) -> None:
        self._journal, self._hub, self._clock, self._code_bytes = journal, hub, clock, code_bytes
        self._pens: dict[tuple[str, str], Pen] = {}

    def document(self, duel_id: str, player_id: str) -> Document | None:
        """The document as this process relayed it last, when its pen is here: ahead of the log while an edit
        is on its way there, behind it when another process has the pen now.
        """
        pen = self._pens.get((duel_id, player_id))
        return pen.document if pen else None

    async def take_pen(self, connection: Connection, duel: Duel, package: Package) -> None:
        """Make this socket the one that writes; every earlier one is fenced. A finished duel has no pens."""
        epoch = await self._journal.take_pen(duel.id, connection.player_id)
        self._lay_down(connection, duel.id)
        if epoch == "closed" or duel.status == "finished":
            connection.over.add(duel.id)
            return
        player = side(duel, connection.player_id)
        document = await self._journal.read(duel.id, player.player_id, starter_of(player, package))
        languages = frozenset(package.starter)
        pen = Pen(epoch, document, duel.starts_at, duel.deadline, player.language, languages)  # type: ignore[arg-type]
        connection.pens[duel.id] = self._pens[duel.id, connection.player_id] = pen

    def forget(self, connection: Connection) -> None:
        """The socket closed."""
        for duel_id in list(connection.pens):
            self._lay_down(connection, duel_id)

    def pen(self, connection: Connection, duel_id: str) -> Pen:
        """The socket's pen of an open duel; raises `Forbidden`, `PenTaken` or `NotLive`."""
        role = connection.roles.get(duel_id)
        if role is None:
            raise Forbidden("Open the duel first: duel:open.")
        if role == "spectator":
            raise Forbidden("Only the two players may do that.")
        if duel_id in connection.over:
            raise NotLive(OVER)
        pen = connection.pens.get(duel_id)
        if pen is None:
            raise PenTaken(PEN_TAKEN)
        if self._clock.now() < pen.starts_at - CLOCK_SLACK_MS:
            raise NotLive("The duel has not started: wait for the countdown.")
        if self._clock.now() >= pen.deadline:
            raise NotLive("Time is up.")
        return pen

    async def edit(self, connection: Connection, message: DuelEdit) -> int:
        """Take one edit; the seq that is durable now. Raises what `pen` raises, and `Resync`, `Invalid`, `TooLarge`."""
        wait = connection.edits.spend() or connection.volume.spend(_volume(message))
        if wait:
            raise RateLimited(
                "Too much at once: send edits in larger batches, and only what changed.", retry_after_ms=wait
            )
        pen = self.pen(connection, message.duel_id)
        before = pen.document
        if message.seq <= before.seq:
            metrics.EDITS.labels("repeated").inc()
            return message.seq
        if message.seq > before.seq + 1:
            raise Resync(f"The last edit here is {before.seq}: go on from this text.", seq=before.seq, text=before.text)
        if message.language is not None and message.language not in pen.languages:
            raise Invalid(not_offered(message.language, pen.languages), seq=before.seq)
        pen.document = self._apply(before, message)
        relayed = DuelEdited(
            duel_id=message.duel_id, player_id=connection.player_id, seq=message.seq, changes=message.changes
        )
        await self._hub.edit(relayed)
        await self._keep(connection, pen, before, relayed)
        metrics.EDITS.labels("accepted").inc()
        return message.seq

    def _apply(self, document: Document, message: DuelEdit) -> Document:
        try:
            return document.edited(message.changes, self._code_bytes)
        except InvalidChanges as error:
            raise Invalid(str(error), seq=document.seq) from None
        except TextTooLong as error:
            raise TooLarge(str(error), seq=document.seq) from None

    async def _keep(self, connection: Connection, pen: Pen, before: Document, relayed: DuelEdited) -> None:
        append = Append(
            relayed.duel_id,
            relayed.player_id,
            pen.epoch,
            pen.document,
            relayed.changes or [],
            relayed.model_dump(mode="json"),
        )
        try:
            outcome = await self._journal.append(append)
        except (*LOST, RedisError) as error:
            pen.document = before
            # What is sent again may not be the same: the watchers here must forget what they were shown.
            self._hub.refresh(relayed.duel_id)
            raise Unavailable("The edit could not be stored: send it again.", retry_after_ms=1000) from error
        if outcome != "ok":
            await self._not_kept(connection, relayed, outcome)

    async def _not_kept(self, connection: Connection, relayed: DuelEdited, outcome: Outcome) -> None:
        """The watchers here were sent an edit that does not stand: give them the truth again."""
        self._lay_down(connection, relayed.duel_id)
        self._hub.refresh(relayed.duel_id)
        if outcome == "closed":
            connection.over.add(relayed.duel_id)
            raise NotLive(OVER)
        raise PenTaken(PEN_TAKEN)

    def _lay_down(self, connection: Connection, duel_id: str) -> None:
        pen = connection.pens.pop(duel_id, None)
        if pen and self._pens.get((duel_id, connection.player_id)) is pen:
            del self._pens[duel_id, connection.player_id]


def not_offered(language: str, offered: Collection[str]) -> str:
    """Why a duel does not take a language."""
    return f"{language} is not offered in this duel: use {' or '.join(sorted(offered))}."


def _volume(message: DuelEdit) -> int:
    """How much an edit adds to the log, about, in characters."""
    parts = (part for section in message.changes if isinstance(section, list) for part in section)
    return len(message.changes) + sum(len(part) if isinstance(part, str) else 1 for part in parts)
