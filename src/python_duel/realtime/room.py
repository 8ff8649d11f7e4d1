"""One duel on this process: the sockets that watch it, and what each of them is sent, in order and without gaps."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from python_duel.protocol.base import ServerMessage
from python_duel.protocol.server import DuelCursorMoved, DuelEdited, DuelState, DuelVerdict
from python_duel.realtime import views
from python_duel.realtime.views import Facts, Viewer

Emit = Callable[[str, str, dict[str, Any]], Awaitable[None]]
"""Send to a socket: sid, event, payload."""

RETRY_S = 1.0
"""From a snapshot that could not be made to the next attempt."""
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Member:
    """A watching socket. `seen`: the last edit sent, by player."""

    sid: str
    viewer: Viewer
    seen: dict[str, int] = field(default_factory=dict)
    holds: int = 0
    """Snapshots on their way to it."""
    late: list[DuelEdited] = field(default_factory=list)
    """Edits held back until they have left."""


class Room:
    """A duel's members. Messages from other processes go through one queue, so that they keep their order."""

    def __init__(self, duel_id: str, load: Callable[[str], Awaitable[Facts]], emit: Emit) -> None:
        self.duel_id = duel_id
        self.members: dict[str, Member] = {}
        self._load, self._emit = load, emit
        self._visibility = "hidden"
        self._stale = False
        # One snapshot at a time: an older one never leaves after a newer one.
        self._snapshots = asyncio.Lock()
        self._queue: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(), name=f"room {duel_id}")

    async def open(self, sid: str, player_id: str) -> tuple[Facts, Viewer]:
        """Make the socket a member and load what it may see. Call `release` once the snapshot is on its way."""
        member = self.members.setdefault(sid, Member(sid, Viewer(player_id, "spectator")))
        member.holds += 1
        async with self._snapshots:
            facts = await self._load(self.duel_id)
            self._inform(member, facts)
        return facts, member.viewer

    async def release(self, sid: str) -> None:
        """Send what was held back while the snapshot was made."""
        member = self.members.get(sid)
        if member:
            await self._release(member)

    async def _release(self, member: Member) -> None:
        member.holds -= 1
        while member.late and not member.holds:
            await self._relay(member, member.late.pop(0))

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

    async def edit(self, message: DuelEdited) -> None:
        """Relay an edit to every member who may see it."""
        for member in list(self.members.values()):
            await self._edit(member, message)

    async def _edit(self, member: Member, message: DuelEdited) -> None:
        if member.holds or member.late:
            member.late.append(message)
        else:
            await self._relay(member, message)

    async def _relay(self, member: Member, message: DuelEdited) -> None:
        expected = member.seen.get(message.player_id, 0) + 1
        if message.seq > expected:
            self.refresh()
        if message.seq != expected:
            return
        member.seen[message.player_id] = message.seq
        await self._send(member, "duel:edit", views.edited(message, member.viewer, self._visibility))

    async def _run(self) -> None:
        while True:
            event, data = await self._queue.get()
            try:
                await self._take(event, data)
            except Exception:
                log.exception("a message could not be relayed", duel=self.duel_id, message_event=event)

    async def _take(self, event: str, data: dict[str, Any]) -> None:
        match event:
            case "duel:state":
                await self._push_state()
            case "duel:edit":
                await self.edit(DuelEdited.model_validate(data))
            case "duel:cursor":
                moved = DuelCursorMoved.model_validate(data)
                for member in list(self.members.values()):
                    await self._send(member, event, views.cursor(moved, member.viewer, self._visibility))
            case "duel:verdict":
                verdict = DuelVerdict.model_validate(data)
                for member in list(self.members.values()):
                    await self._send(member, event, views.verdict(verdict, member.viewer))
            case _:
                for sid in list(self.members):
                    await self._emit(sid, event, data)

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
                    await self._send(member, "duel:state", DuelState(snapshot=views.snapshot(facts, member.viewer)))
        except Exception:
            # Nobody else will tell them: try again until the stores answer.
            asyncio.get_running_loop().call_later(RETRY_S, self.refresh)
            raise
        finally:
            # Those who were held, not their sockets: one may have left and come back as another member.
            for member in members:
                await self._release(member)

    def _inform(self, member: Member, facts: Facts) -> None:
        """It is about to be sent a snapshot of these facts."""
        self._visibility = facts.duel.visibility
        member.viewer = views.viewer(facts.duel, member.viewer.player_id)
        member.seen = {player_id: document.seq for player_id, document in facts.documents.items()}

    async def _send(self, member: Member, event: str, message: ServerMessage | None) -> None:
        if message is not None:
            await self._emit(member.sid, event, message.model_dump(mode="json", exclude_none=True))
