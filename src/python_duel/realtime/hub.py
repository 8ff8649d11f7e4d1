"""The sockets of this process: which duel each watches, whose each is, and what the bus brings for them."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from python_duel.duels.document import ChangeSet
from python_duel.duels.journal import Append, Journal
from python_duel.platform.bus import Bus
from python_duel.platform.redis import LOST, RedisError
from python_duel.realtime import wire
from python_duel.realtime.connection import Connection
from python_duel.realtime.neighbours import RELAYED, Neighbours
from python_duel.realtime.room import Enter, Load, Room
from python_duel.realtime.transport.link import Link
from python_duel.realtime.views import Facts, Viewer

AT_ONCE = 100
"""Duels that are looked after together."""


class Hub:
    """Rooms by duel and sockets by player."""

    def __init__(self, bus: Bus, journal: Journal, neighbours: Neighbours, load: Load) -> None:
        self._bus, self._journal, self._neighbours, self._load = bus, journal, neighbours, load
        self._rooms: dict[str, Room] = {}
        self._watching: defaultdict[str, set[str]] = defaultdict(set)
        self.players: defaultdict[str, dict[str, Link]] = defaultdict(dict)
        """The sockets of each player."""
        self._matched: dict[str, str] = {}
        """The duel that each player was told of last."""
        self.closing: Callable[[str, dict[str, Any]], Coroutine[Any, Any, None]] | None = None
        """Called with a player's id when one of their sessions has ended."""
        self.lost: Callable[[str], Awaitable[None]] | None = None
        """Called with a duel's id when the store may have lost its pens."""
        self.deaf: Callable[[], None] | None = None
        """Called when this process may have missed what players were told."""
        self._tasks: set[asyncio.Task[None]] = set()
        bus.handler = self._heard
        bus.on_gap = self._after_gap

    async def arrive(self, connection: Connection) -> None:
        """A socket opened."""
        self.players[connection.player_id][connection.sid] = connection.link
        await self._bus.subscribe(f"player:{connection.player_id}")

    async def depart(self, connection: Connection) -> None:
        """A socket closed: it is not among `sockets` any more, before anything is waited for and whatever fails."""
        sid, player_id = connection.sid, connection.player_id
        self.players[player_id].pop(sid, None)
        if not self.players[player_id]:
            del self.players[player_id]
            self._matched.pop(player_id, None)
        for duel_id in self._watching.pop(sid, set()):
            await self._unwatch(sid, duel_id)
        await self._bus.unsubscribe(f"player:{player_id}")

    async def watch(self, connection: Connection, duel_id: str, enter: Enter) -> tuple[Facts, Viewer]:
        """Let the socket hear of a duel from now on. Raises `NotFound`, and what `enter` does. Edits are held back
        until `release`.
        """
        sid = connection.sid
        watching = self._watching[sid]
        new = duel_id not in watching
        try:
            if new:
                watching.add(duel_id)
                await self._bus.subscribe(f"duel:{duel_id}")
                await self._journal.watch(duel_id)
            # Only now: while this waited, the last other watcher may have closed the room.
            return await self._room(duel_id).open(sid, connection.link, connection.player_id, enter)
        except BaseException:
            if new:
                watching.discard(duel_id)
                await self._unwatch(sid, duel_id, linger=False)
            raise

    def _room(self, duel_id: str) -> Room:
        if duel_id not in self._rooms:
            self._rooms[duel_id] = Room(duel_id, self._load)
        return self._rooms[duel_id]

    def release(self, sid: str, duel_id: str) -> None:
        """The snapshot leaves before this turn of the loop ends: then send what was held back."""
        room = self._rooms.get(duel_id)
        if room:
            asyncio.get_running_loop().call_soon(room.release, sid)

    def edit(self, duel_id: str, player_id: str, seq: int, changes: ChangeSet, encoded: bytes) -> None:
        """Relay an edit to the sockets of this process."""
        room = self._rooms.get(duel_id)
        if room:
            room.edit(player_id, seq, changes, encoded)

    def tell_elsewhere(self, processes: tuple[str, ...], edit: Append) -> None:
        """Relay an edit to the other processes on which the duel is watched."""
        room = self._rooms.get(edit.log.duel_id)
        if room:
            room.elsewhere = processes
            if processes:
                self._neighbours.edit(processes, edit)

    def cursor(self, duel_id: str, player_id: str, anchor: int, head: int) -> None:
        """Relay a caret, here and to the other processes as far as they are known."""
        room = self._rooms.get(duel_id)
        if room:
            room.cursor(player_id, anchor, head)
            if room.elsewhere:
                self._neighbours.cursor(room.elsewhere, duel_id, player_id, anchor, head)

    def refresh(self, duel_id: str) -> None:
        """Send a duel's watchers on this process a fresh snapshot."""
        room = self._rooms.get(duel_id)
        if room:
            room.refresh()

    def sockets(self) -> list[tuple[str, str]]:
        """Every open socket as `(player, socket)`."""
        return [(player_id, sid) for player_id, sids in self.players.items() for sid in sids]

    def has(self, player_id: str, sid: str) -> bool:
        """Whether that socket is open still."""
        return sid in self.players.get(player_id, ())

    def _knows(self, player_id: str, duel_id: str) -> bool:
        """Whether a socket of the player was told of that duel here, or has it open."""
        sids = self.players.get(player_id, ())
        return self._matched.get(player_id) == duel_id or any(duel_id in self._watching.get(sid, ()) for sid in sids)

    async def _unwatch(self, sid: str, duel_id: str, *, linger: bool = True) -> None:
        room = self._rooms.get(duel_id)
        if room:
            room.members.pop(sid, None)
            if not room.members:
                room.close()
                del self._rooms[duel_id]
                await self._say_unwatched(duel_id)
        await self._bus.unsubscribe(f"duel:{duel_id}", linger=linger)

    async def _say_unwatched(self, duel_id: str) -> None:
        # A store that was away may take this process for a watcher still: that costs a message an edit.
        with suppress(*LOST, RedisError):
            try:
                await self._journal.unwatch(duel_id)
            finally:
                if duel_id in self._rooms:
                    await self._journal.watch(duel_id)  # somebody came meanwhile

    async def _heard(self, topic: str, event: str, data: Any, origin: str) -> None:
        if event == RELAYED:
            self._relayed(data)
            return
        kind, _, name = topic.partition(":")
        if kind == "player":
            self.tell_player(name, event, data)
            return
        room = self._rooms.get(name)
        if room and event == "duel:state" and data.get("unknown"):
            self._spawn(self._recover(name))
        elif room:
            room.put(event, data)

    def _relayed(self, data: dict[str, list[Any]]) -> None:
        """Edits and carets from another process."""
        for duel_id, player_id, seq, changes in data["edits"]:
            self.edit(duel_id, player_id, seq, changes, wire.encode(changes))
        for duel_id, player_id, anchor, head in data["cursors"]:
            room = self._rooms.get(duel_id)
            if room:
                room.cursor(player_id, anchor, head)

    def tell_player(self, player_id: str, event: str, data: dict[str, Any]) -> None:
        """Send an event to a player's sockets on this process."""
        if event == "session:closed":
            if self.closing:
                # Apart: it waits for the socket's last event, which may wait for what this listener hears.
                self._spawn(self.closing(player_id, data))
            return
        if event == "duel:begun":
            self.remind(player_id, data)
            return
        sockets = self.players.get(player_id, {})
        if sockets and event == "queue:matched":
            self._matched[player_id] = data["duel_id"]
        packet = wire.raw_event(event, data)
        for link in sockets.values():
            link.send(packet)

    def remind(self, player_id: str, matched: dict[str, Any]) -> None:
        """Tell a player of their duel, unless they know of it."""
        if not self._knows(player_id, matched["duel_id"]):
            self.tell_player(player_id, "queue:matched", matched)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _after_gap(self) -> None:
        """The store may have lost everything, and this process what it was told."""
        # Apart: the listener must hear what others ask for meanwhile.
        self._spawn(self._recover_all())
        if self.deaf:
            self.deaf()

    async def _recover_all(self) -> None:
        duel_ids = list(self._rooms)
        for n in range(0, len(duel_ids), AT_ONCE):
            await asyncio.gather(*map(self._recover, duel_ids[n : n + AT_ONCE]), return_exceptions=True)

    async def _recover(self, duel_id: str) -> None:
        """The store may have been emptied."""
        try:
            if self.lost:
                await self.lost(duel_id)
        finally:
            await self._watch_again(duel_id)

    async def _watch_again(self, duel_id: str) -> None:
        try:
            await self._journal.watch(duel_id)
        finally:
            self.refresh(duel_id)
