"""What this process knows of one open socket."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from python_duel.duels.document import Document
from python_duel.duels.journal import Log
from python_duel.errors import DuelError
from python_duel.platform.ratelimit import Credit
from python_duel.protocol.base import Language
from python_duel.protocol.server import Role
from python_duel.realtime.transport.link import Link


@dataclass(slots=True)
class Pen:
    """The right to write a document, and the document. Its log knows it from every earlier pen."""

    log: Log
    document: Document
    starter: str
    """What the document was at seq 0."""
    starts_at: int
    deadline: int
    language: Language
    """What the document is written in now."""
    languages: frozenset[Language]
    """Those in which the challenge can be solved, judged here or not."""
    kept: int
    """The last edit that is in the log for sure."""
    under_way: int = 0
    """Edits on their way to the log."""
    repeated: list[tuple[int, Callable[[int | DuelError], None]]] = field(default_factory=list)
    """Edits that were sent again meanwhile, and who waits for their answer."""
    stale: bool = False
    """The log may have more or fewer edits than the document: it is being read again."""

    @property
    def busy(self) -> bool:
        """Whether it shows by itself what the log has."""
        return self.stale or self.under_way > 0


@dataclass(slots=True)
class Connection:
    """One socket of one player. Its events are handled one after the other, under `turn`."""

    sid: str
    link: Link
    player_id: str
    session: str
    """Digest of the session's token."""
    edits: Credit
    volume: Credit
    """Credit for what edits bring, in characters."""
    others: Credit
    """Credit for events that are no edits."""
    arrival: asyncio.Task[None] | None = None
    """Tells that the player is there, as long as that takes."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    roles: dict[str, Role] = field(default_factory=dict)
    """Duels this socket has opened."""
    pens: dict[str, Pen] = field(default_factory=dict)
    taking: set[str] = field(default_factory=set)
    """Duels whose pen it asks for just now."""
    over: set[str] = field(default_factory=set)
    """Duels it knows to have ended: there is nothing to write."""
