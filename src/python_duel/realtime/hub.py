"""The sockets of this process: which duel each watches, whose each is, and what the bus brings for them."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from python_duel.platform.bus import Bus
from python_duel.protocol.server import DuelEdited
from python_duel.realtime.room import Emit, Room
from python_duel.realtime.views import Facts, Viewer


class Hub:
    """Rooms by duel and sockets by player."""

    def __init__(self, bus: Bus, load: Callable[[str], Awaitable[Facts]], emit: Emit) -> None:
        self._bus, self._load, self._emit = bus, load, emit
        self._rooms: dict[str, Room] = {}
        self._watching: defaultdict[str, set[str]] = defaultdict(set)
        self.players: defaultdict[str, set[str]] = defaultdict(set)
        self.closing: Callable[[str, dict[str, Any]], Coroutine[Any, Any, None]] | None = None
        """Called with a player's id when one of their sessions has ended."""
        self._tasks: set[asyncio.Task[None]] = set()
        bus.handler = self._heard
        bus.on_gap = self._refresh_all

    async def arrive(self, sid: str, player_id: str) -> None:
        """A socket opened."""
        self.players[player_id].add(sid)
        await self._bus.subscribe(f"player:{player_id}")

    async def depart(self, sid: str, player_id: str) -> None:
        """A socket closed."""
        for duel_id in self._watching.pop(sid, set()):
            await self._unwatch(sid, duel_id)
        self.players[player_id].discard(sid)
        if not self.players[player_id]:
            del self.players[player_id]
        await self._bus.unsubscribe(f"player:{player_id}")

    async def watch(self, sid: str, player_id: str, duel_id: str) -> tuple[Facts, Viewer]:
        """Let the socket hear of a duel from now on. Raises `NotFound`. Edits are held back until `release`."""
        watching = self._watching[sid]
        try:
            if duel_id not in watching:
                watching.add(duel_id)
                await self._bus.subscribe(f"duel:{duel_id}")
            # Only now: while this waited, the last other watcher may have closed the room.
            return await self._room(duel_id).open(sid, player_id)
        except BaseException:
            watching.discard(duel_id)
            await self._unwatch(sid, duel_id)
            raise

    def _room(self, duel_id: str) -> Room:
        if duel_id not in self._rooms:
            self._rooms[duel_id] = Room(duel_id, self._load, self._emit)
        return self._rooms[duel_id]

    def release(self, sid: str, duel_id: str) -> None:
        """The snapshot is on its way: send what was held back, after it."""
        room = self._rooms.get(duel_id)
        if room:
            self._spawn(room.release(sid))

    async def edit(self, message: DuelEdited) -> None:
        """Relay an edit to the sockets of this process."""
        room = self._rooms.get(message.duel_id)
        if room:
            await room.edit(message)

    def refresh(self, duel_id: str) -> None:
        """Send a duel's watchers on this process a fresh snapshot."""
        room = self._rooms.get(duel_id)
        if room:
            room.refresh()

    def sockets(self) -> list[tuple[str, str]]:
        """Every open socket as `(player, socket)`."""
        return [(player_id, sid) for player_id, sids in self.players.items() for sid in sids]

    async def _unwatch(self, sid: str, duel_id: str) -> None:
        room = self._rooms.get(duel_id)
        if room:
            room.members.pop(sid, None)
            if not room.members:
                room.close()
                del self._rooms[duel_id]
        await self._bus.unsubscribe(f"duel:{duel_id}")

    async def _heard(self, topic: str, event: str, data: dict[str, Any], origin: str) -> None:
        kind, _, name = topic.partition(":")
        if kind == "player":
            await self._tell_player(name, event, data)
            return
        room = self._rooms.get(name)
        # An edit of this process's own was relayed at once, before it was durable.
        if room and not (event == "duel:edit" and origin == self._bus.process):
            room.put(event, data)

    async def _tell_player(self, player_id: str, event: str, data: dict[str, Any]) -> None:
        if event == "session:closed":
            if self.closing:
                # Apart: it waits for the socket's last event, which may wait for what this listener hears.
                self._spawn(self.closing(player_id, data))
            return
        for sid in list(self.players.get(player_id, ())):
            await self._emit(sid, event, data)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refresh_all(self) -> None:
        for room in self._rooms.values():
            room.refresh()
