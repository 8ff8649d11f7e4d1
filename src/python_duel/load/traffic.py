"""Keystrokes on a Poisson schedule that waits for nobody, and what became of each.

Latency counts from the moment a keystroke was due, not from when it was sent: a generator or a server that stalls does
not hide what it delayed (coordinated omission).
"""

import asyncio
import random
import time
from array import array
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from python_duel.load.players import Pair
from python_duel.load.socket import Socket

LONGEST = 900
"""From this length on a keystroke deletes."""
SETTLE_S = 2.0
"""How long after the last keystroke its relay may take."""
now = time.perf_counter_ns


@dataclass(slots=True)
class Record:
    """What happened to the keystrokes. Times in nanoseconds."""

    relays: "array[int]" = field(default_factory=lambda: array("q"))
    acks: "array[int]" = field(default_factory=lambda: array("q"))
    lags: "array[int]" = field(default_factory=lambda: array("q"))
    """How late each was sent: the generator's own fault."""
    sent: int = 0
    refused: int = 0
    out_of_order: int = 0


class Typist:
    """One player's keystrokes, and the check of what the other side receives."""

    def __init__(self, record: Record, pair: Pair, side: int, acks: bool) -> None:
        self._record, self._acks = record, acks
        self._side, self._pair = side, pair
        self._duel_id = pair.duel_id.encode()
        self._first = self._seq = self._received = pair.seqs[side]
        self._length = pair.texts[side]
        self._due: array[int] = array("q")
        other = pair.players[1 - side].socket
        other.on_edit, other.on_state = self.received, self.shown

    def note(self) -> None:
        """Let the next typist of this side go on from here."""
        seqs, texts = list(self._pair.seqs), list(self._pair.texts)
        seqs[self._side], texts[self._side] = self._seq, self._length
        self._pair.seqs, self._pair.texts = (seqs[0], seqs[1]), (texts[0], texts[1])

    @property
    def socket(self) -> Socket:
        """As it is now: it may be another one after a storm."""
        return self._pair.players[self._side].socket

    def type(self, due: int) -> None:
        """One keystroke, due at `due`."""
        size = self._length
        at = random.randrange(size + 1) if size < LONGEST else random.randrange(size)
        change = b'[%d,[0,"x"],%d]' if size < LONGEST else b"[%d,[1],%d]"
        rest = size - at if size < LONGEST else size - at - 1
        self._length += 1 if size < LONGEST else -1
        self._seq += 1
        self._due.append(due)
        body = b'{"duel_id":"%b","seq":%d,"changes":%b}' % (self._duel_id, self._seq, change % (at, rest))
        self.socket.emit(b"duel:edit", body, partial(self._acked, due) if self._acks else None)
        self._record.sent += 1

    def _acked(self, due: int, ack: bytes) -> None:
        if ack.startswith(b'[{"ok":true'):
            self._record.acks.append(now() - due)
        else:
            self._record.refused += 1

    def received(self, packet: bytes) -> None:
        """The other side was sent an edit."""
        start = packet.index(b'"seq":') + 6
        seq = int(packet[start : packet.index(b",", start)])
        if seq != self._received + 1:
            self._record.out_of_order += 1
        self._received = max(self._received, seq)
        self._relayed(seq)

    def shown(self, snapshot: dict[str, Any]) -> None:
        """The other side was sent a snapshot, as when the duel begins: it stands for the edits before it."""
        sides = {side["id"]: side["seq"] for side in snapshot["players"]}
        seq = sides[self._pair.players[self._side].id]
        for brought in range(self._received + 1, seq + 1):
            self._relayed(brought)
        self._received = max(self._received, seq)

    def _relayed(self, seq: int) -> None:
        if self._first < seq <= self._seq:
            self._record.relays.append(now() - self._due[seq - self._first - 1])


def typists(record: Record, pairs: list[Pair], acks: bool) -> list[Typist]:
    """Both sides of every pair."""
    return [Typist(record, pair, side, acks) for pair in pairs for side in (0, 1)]


async def type_for(record: Record, everybody: list[Typist], rate: float, seconds: float) -> None:
    """Keystrokes of random players, `rate` a second in all, for so long; then wait for their relays."""
    pick: Any = random.choice
    start = now()
    end, due = start + int(seconds * 1e9), float(start)
    while due < end:
        moment = now()
        while due <= moment and due < end:
            record.lags.append(now() - int(due))
            pick(everybody).type(int(due))
            due += random.expovariate(rate) * 1e9
        await asyncio.sleep(max(0.0, min(0.001, (due - now()) / 1e9)))
    deadline = time.monotonic() + SETTLE_S
    while len(record.relays) < record.sent and time.monotonic() < deadline:  # noqa: ASYNC110 - an event a relay costs
        await asyncio.sleep(0.01)
