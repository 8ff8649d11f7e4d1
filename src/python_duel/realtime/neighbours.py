"""The other web processes: edits for them go in one message a process and turn of the loop, to those concerned only."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from python_duel.duels.journal import Append
from python_duel.platform.bus import Bus
from python_duel.realtime import wire

RELAYED = "relayed"
"""The bus event: `{"edits": [[duel, player, seq, changes]], "cursors": [[duel, player, anchor, head]]}`."""


class Neighbours:
    """What this turn of the loop has for each other process."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._edits: defaultdict[str, list[tuple[str, str, int, wire.Raw]]] = defaultdict(list)
        self._cursors: defaultdict[str, list[tuple[str, str, int, int]]] = defaultdict(list)
        self._flushing = False

    def edit(self, processes: Iterable[str], edit: Append) -> None:
        """An edit for these processes."""
        for process in processes:
            self._edits[process].append((edit.log.duel_id, edit.log.player_id, edit.after.seq, wire.Raw(edit.changes)))
        self._flush_soon()

    def cursor(self, processes: Iterable[str], duel_id: str, player_id: str, anchor: int, head: int) -> None:
        """A caret for these processes."""
        for process in processes:
            self._cursors[process].append((duel_id, player_id, anchor, head))
        self._flush_soon()

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        edits, cursors = self._edits, self._cursors
        for process in edits.keys() | cursors.keys():
            self._bus.post(process, RELAYED, {"edits": edits[process], "cursors": cursors[process]})
        edits.clear()
        cursors.clear()
