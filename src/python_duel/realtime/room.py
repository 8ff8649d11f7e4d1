"""One duel on this process: the sockets that watch it, and what each of them is sent, in order and without gaps."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from python_duel.duels.document import ChangeSet
from python_duel.duels.models import Duel
from python_duel.platform.stores import log_failure
from python_duel.protocol.base import ServerMessage
from python_duel.protocol.server import DuelState, DuelVerdict
from python_duel.realtime import views, wire
from python_duel.realtime.transport.link import Link
from python_duel.realtime.views import Facts, Sight, Viewer

Enter = Callable[[Duel], Awaitable[None]]
"""What somebody who opens a duel does first."""


class Load(Protocol):
    """Reads all there is to know of a duel; `enter` is called before the documents are read."""

    def __call__(self, duel_id: str, enter: Enter | None = None) -> Awaitable[Facts]: ...


RETRY_S = 1.0
"""From a snapshot that could not be made to the next attempt."""
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Member:
    """A watching socket. `seen`: the last edit sent, by player."""

    link: Link
    viewer: Viewer
    seen: dict[str, int] = field(default_factory=dict)
    holds: int = 0
    """Snapshots on their way to it."""
    late: list[tuple[str, int, bytes]] = field(default_factory=list)
    """Edits and carets held back until they have left: author, seq (0: a caret), packet."""


class Room:
    """A duel's members. Edits and carets pass at once; all else waits in one queue, so that it keeps its order."""

    def __init__(self, duel_id: str, load: Load) -> None:
        self.duel_id = duel_id
        self.members: dict[str, Member] = {}
        """By socket."""
        self.elsewhere: tuple[str, ...] = ()
        """The other processes on which it was watched when the last edit was stored."""
        self._load = load
        self._sight: Sight = "none"
        """How much others see of a player's code."""
        self._heads: dict[str, bytes] = {}
        """What the edits of each author begin with."""
        self._stale = False
        # One snapshot at a time: an older one never leaves after a newer one.
        self._snapshots = asyncio.Lock()
        self._queue: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(), name=f"room {duel_id}")

    async def open(self, sid: str, link: Link, player_id: str, enter: Enter | None = None) -> tuple[Facts, Viewer]:
        """Make the socket a member, let it `enter` and load what it may see. Call `release` once the snapshot is on
        its way.
        """
        known = sid in self.members
        member = self.members.setdefault(sid, Member(link, Viewer(player_id, "spectator")))
        member.holds += 1
        try:
            async with self._snapshots:
                facts = await self._load(self.duel_id, enter)
                self._inform(member, facts)
        except BaseException:
            if known:
                self._release(member)
            raise
        return facts, member.viewer

    def release(self, sid: str) -> None:
        """Send what was held back while the snapshot was made."""
        member = self.members.get(sid)
        if member:
            self._release(member)

    def _release(self, member: Member) -> None:
        member.holds -= 1
        if not member.holds:
            late, member.late = member.late, []
            for edit in late:
                self._relay(member, *edit)

    def put(self, event: str, data: dict[str, Any]) -> None:
        """A message of the bus. Several changes that wait together make one snapshot."""
        if event == "duel:state":
            if self._stale:
                return
            self._stale = True
        self._queue.put_nowait((event, data))

    def refresh(self) -> None:
        """Send every member a fresh snapshot."""
        self.put("duel:state", {})

    def close(self) -> None:
        """Nobody watches any more."""
        self._task.cancel()

    def edit(self, player_id: str, seq: int, changes: ChangeSet, encoded: bytes) -> None:
        """Relay an edit to everybody but its author; `encoded` is the change set as JSON."""
        seen = views.edited(changes, self._sight)
        if seen is not changes:
            encoded = wire.encode(seen)
        head = self._heads.get(player_id)
        if head is None:
            head = self._heads[player_id] = wire.edit_head(self.duel_id, player_id)
        self._pass_on(player_id, seq, wire.edited(head, seq, None if seen is None else encoded))

    def cursor(self, player_id: str, anchor: int, head: int) -> None:
        """Relay a caret to everybody but its owner."""
        if self._sight != "none":
            self._pass_on(player_id, 0, wire.cursor_moved(self.duel_id, player_id, anchor, head))

    def _pass_on(self, player_id: str, seq: int, packet: bytes) -> None:
        for member in self.members.values():
            if member.viewer.player_id != player_id:
                if member.holds:
                    member.late.append((player_id, seq, packet))
                else:
                    self._relay(member, player_id, seq, packet)

    def _relay(self, member: Member, player_id: str, seq: int, packet: bytes) -> None:
        expected = member.seen.get(player_id, 0) + 1
        if seq == expected:
            member.seen[player_id] = seq
            member.link.send(packet)
        elif seq == 0:
            member.link.send(packet)
        elif seq > expected:
            self.refresh()

    async def _run(self) -> None:
        while True:
            event, data = await self._queue.get()
            try:
                await self._take(event, data)
            except Exception as error:  # noqa: BLE001 - whatever it is
                log_failure(log, "a message could not be relayed", error, duel=self.duel_id, message_event=event)

    async def _take(self, event: str, data: dict[str, Any]) -> None:
        match event:
            case "duel:state":
                await self._push_state()
            case "duel:verdict":
                verdict = DuelVerdict.model_validate(data)
                # Behind a snapshot that is being made: that may not have it yet.
                async with self._snapshots:
                    for member in self.members.values():
                        self._send(member, event, views.verdict(verdict, member.viewer))
            case _:
                packet = wire.raw_event(event, data)
                for member in self.members.values():
                    member.link.send(packet)

    async def _push_state(self) -> None:
        self._stale = False
        members = list(self.members.values())
        for member in members:
            member.holds += 1
        try:
            async with self._snapshots:
                facts = await self._load(self.duel_id)
                for member in members:
                    self._inform(member, facts)
                    self._send(member, "duel:state", DuelState(snapshot=views.snapshot(facts, member.viewer)))
        except Exception:
            # Nobody else will tell them: try again until the stores answer.
            asyncio.get_running_loop().call_later(RETRY_S, self.refresh)
            raise
        finally:
            # Those who were held, not their sockets: one may have left and come back as another member.
            for member in members:
                self._release(member)

    def _inform(self, member: Member, facts: Facts) -> None:
        """It is about to be sent a snapshot of these facts."""
        self._sight = views.others_sight(facts.duel.visibility)
        member.viewer = views.viewer(facts.duel, member.viewer.player_id)
        member.seen = {player_id: document.seq for player_id, document in facts.documents.items()}

    @staticmethod
    def _send(member: Member, event: str, message: ServerMessage) -> None:
        member.link.send(wire.event(event, message))
