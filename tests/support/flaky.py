"""Clients for bad networks: one that comes back, one that keeps a mirror of every text, one that sends out of order."""

import asyncio
import random
from contextlib import suppress
from typing import Any

from socketio.exceptions import SocketIOError

from tests.support.player import Player, units

TROUBLE = (SocketIOError, TimeoutError, OSError, ValueError)
"""What the library raises on a connection that breaks in its hands."""
ACK_S, AGAIN_S = 5, 0.05
RETRY = ("unavailable", "rate_limited", "busy")
WORDS = ["x", "duck", "🦆", "é\n", "\n\n", "return a + b\n", "𝒳𝒴"]


def edited(text: str, changes: list[Any]) -> str:
    """CodeMirror's change set, applied; it must fit."""
    data, at, out = text.encode("utf-16-le"), 0, b""
    for part in changes:
        kept = isinstance(part, int)
        length = 2 * (part if kept else part[0])
        out += data[at : at + length] if kept else "\n".join(part[1:]).encode("utf-16-le")
        at += length
    assert at == len(data), (changes, text)
    return out.decode("utf-16-le")


class Mirror(Player):
    """Keeps what it is sent of both texts; opens the duel again when it comes back, or sees a gap."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.duel_id = ""
        self.texts: dict[str, tuple[int, str]] = {}
        self.gap, self.gaps, self.comebacks = False, 0, 0
        self._gone = asyncio.Event()
        self.socket.on("disconnect", self._left)

    async def connect(self, url: str | None = None) -> None:
        self._gone.clear()
        await super().connect(url)

    async def insist(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The acknowledgement, after as many comebacks as that takes."""
        while True:
            try:
                answer = await self._asked(event, payload)
            except TROUBLE:
                await self.come_back()
                continue
            if answer["ok"] or answer["error"]["code"] not in RETRY:
                return answer
            await asyncio.sleep(AGAIN_S)

    async def come_back(self) -> None:
        """Connect, and open the duel, until that succeeds."""
        while True:
            self.comebacks += 1
            with suppress(*TROUBLE):
                await self.leave()
            with suppress(*TROUBLE):
                await self.connect()
                if self.duel_id:
                    await self.look()
                return
            await asyncio.sleep(AGAIN_S)

    async def look(self) -> dict[str, Any]:
        """Open the duel; raises as the library does."""
        answer = await self._asked("duel:open", {"duel_id": self.duel_id})
        assert answer["ok"] or answer["error"]["code"] in RETRY, answer
        if not answer["ok"]:
            raise TimeoutError(answer)
        snapshot: dict[str, Any] = answer["snapshot"]
        self.gap = False
        self._mirror(snapshot, forced=True)
        return snapshot

    async def shows(self, player_id: str, seq: int, seconds: float = 20) -> str:
        """The text of a player, once it is so far."""
        async with asyncio.timeout(seconds):
            while self.texts.get(player_id, (-1, ""))[0] < seq:
                if self.gap or self._gone.is_set():
                    self.gaps += self.gap
                    await self.come_back() if self._gone.is_set() else await self.look()
                await asyncio.sleep(0.01)
        return self.texts[player_id][1]

    async def _asked(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Raises when the connection ends, without waiting for what will not come."""
        call, gone = asyncio.create_task(self.ask(event, payload)), asyncio.create_task(self._gone.wait())
        await asyncio.wait({call, gone}, timeout=ACK_S, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not call.done():
            call.cancel()
            raise TimeoutError("nobody knows whether that was done")
        return call.result()

    async def _left(self, reason: str) -> None:
        self._gone.set()

    async def _heard(self, event: str, payload: Any = None) -> None:
        if event == "duel:edit" and payload["duel_id"] == self.duel_id:
            seq, text = self.texts.get(payload["player_id"], (-1, ""))
            if payload["seq"] == seq + 1:
                self.texts[payload["player_id"]] = payload["seq"], edited(text, payload["changes"])
            self.gap |= payload["seq"] > seq + 1
        elif event == "duel:state" and payload["snapshot"]["duel_id"] == self.duel_id:
            self._mirror(payload["snapshot"])
        await super()._heard(event, payload)

    def _mirror(self, snapshot: dict[str, Any], forced: bool = False) -> None:
        for side in snapshot["players"]:
            if "text" in side and (forced or side["seq"] > self.texts.get(side["id"], (-1, ""))[0]):
                self.texts[side["id"]] = side["seq"], side["text"]


class Flaky(Mirror):
    """Types, and sends each edit late, twice, or before an earlier one. What the server says must fit that."""

    def begin(self, seed: int) -> None:
        """With what `look` has shown."""
        self.random = random.Random(seed)
        self.seq, self.text = self.texts[self.id]
        assert self.seq == 0
        self.history, self.edits, self.durable = [self.text], [[]], 0
        """The text after each edit, and the edits; the last one that was acknowledged."""
        self.resyncs = 0

    history: list[str]
    edits: list[list[Any]]

    def type(self) -> None:
        """One edit, not sent yet."""
        start, end = sorted(self.random.randint(0, len(self.text)) for _ in range(2))
        end = min(end, start + 5)
        new = self.random.choice(WORDS) if self.random.random() < 0.8 else ""
        self.replace(self.text[:start] + new + self.text[end:], start, len(self.text) - end)

    def replace(self, text: str, front: int = 0, back: int = 0) -> None:
        """Everything but so many characters at both ends."""
        old, new = self.text, text
        gone = units(old[front : len(old) - back])
        written = new[front : len(new) - back]
        change = [gone, *written.split("\n")] if written else [gone]
        parts = [units(old[:front]), change, units(old[len(old) - back :])]
        self.edits.append([part for part in parts if part not in (0, [0])])
        self.history.append(text)
        self.text = text

    async def send(self, seq: int) -> None:
        """Send one edit, whatever the server has; it need not be acknowledged."""
        payload = {"duel_id": self.duel_id, "seq": seq, "changes": self.edits[seq]}
        with suppress(*TROUBLE):
            await self.socket.emit("duel:edit", payload, callback=self._acknowledged)

    async def scramble(self) -> None:
        """Some of what is not acknowledged, and sometimes what is."""
        first = max(1, self.durable + 1 - self.random.randint(0, 3))
        batch = list(range(first, len(self.edits)))[:12]
        batch = [seq for seq in batch for _ in range(self.random.choice([1, 1, 1, 2, 0]))]
        for n in range(len(batch) - 1):
            if self.random.random() < 0.2:
                batch[n], batch[n + 1] = batch[n + 1], batch[n]
        for seq in batch:
            await self.send(seq)
            if self.random.random() < 0.3:
                await asyncio.sleep(self.random.random() * 0.02)

    async def settle(self) -> None:
        """Everything in order, until it is durable."""
        while self.durable < len(self.edits) - 1:
            seq = self.durable + 1
            payload = {"duel_id": self.duel_id, "seq": seq, "changes": self.edits[seq]}
            self._acknowledged(await self.insist("duel:edit", payload))
        self.seq = self.durable

    def _acknowledged(self, answer: dict[str, Any]) -> None:
        if answer["ok"]:
            self.durable = max(self.durable, answer["seq"])
            return
        error = answer["error"]
        assert error["code"] in (*RETRY, "resync", "forbidden", "pen_taken"), answer
        if error["code"] == "resync":
            self.resyncs += 1
            assert error["text"] == self.history[error["seq"]]
