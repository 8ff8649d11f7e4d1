"""A client that goes on whatever breaks: comes back, moves when it is asked to, and checks all that it may rely on."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from socketio.exceptions import SocketIOError

from tests.model.model import NOTHING, Answer, Document, Duel, Kind, unknown
from tests.support.player import Player, units

TROUBLE = (SocketIOError, TimeoutError, OSError)
"""What a client meets while something is broken."""
PATIENCE_S = 5.0
"""For an answer; then nobody knows."""
PAUSE_S = 0.1
LOOK_AGAIN = ("forbidden", "pen_taken", "resync", "unauthenticated", "not_live", "invalid")
"""Refusals after which the duel is opened again."""


class Steady:
    """One player of one duel after the other."""

    def __init__(self, player: Player, urls: Callable[[], list[str]], duels: dict[str, Duel], grace_s: float) -> None:
        """`urls`: of the web processes; `duels`: what is known of each, shared with the other players; `grace_s`: who
        was away for longer may have lost by it.
        """
        self.player, self.urls, self._duels, self._grace_s = player, urls, duels, grace_s
        self.duel_id = ""
        self.comebacks = 0
        self.moves_s: list[float] = []
        """How long each of them took, from the loss of the connection to the next one."""
        self._opened = False
        self._seen: dict[str, Any] = {}
        self._drained = 0
        self._here: float | None = None
        """When this client was connected last, unless it is."""

    @property
    def duel(self) -> Duel:
        """What is known of the duel."""
        return self._duels[self.duel_id]

    async def enter(self, duel_id: str) -> None:
        """Begin with a duel that is live."""
        self.duel_id, self._opened = duel_id, False
        await self.ready()

    async def ready(self) -> dict[str, Any]:
        """Connected, and the duel opened; what that gave."""
        while not (self._opened and self.player.socket.connected and not await self._asked_to_move()):
            try:
                if not self.player.socket.connected:
                    await self._come_back()
                await asyncio.wait_for(self._open(), PATIENCE_S)
            except TROUBLE:
                await self.leave()
            if not self._opened:
                self._note_absence()
                await asyncio.sleep(PAUSE_S)
        return self._seen

    async def look(self) -> dict[str, Any]:
        """What holds now; the pen is here then."""
        self._opened = False
        return await self.ready()

    async def _asked_to_move(self) -> bool:
        """Obey `server:drain`, some time within what it says."""
        drains = self.player.events["server:drain"]
        if len(drains) == self._drained:
            return False
        self._drained = len(drains)
        await asyncio.sleep(random.random() * drains[-1]["reconnect_within_ms"] / 1000)
        await self.leave()
        return True

    async def leave(self) -> None:
        """Close the socket, whatever is left of it."""
        self._here = self._here or time.monotonic()
        with suppress(*TROUBLE):
            await self.player.leave()

    async def _come_back(self) -> None:
        """On the next process that lets it in."""
        self._here = self._here or time.monotonic()
        self.comebacks += 1
        here = self.player.url
        elsewhere = [url for url in self.urls() if url != here]
        await asyncio.wait_for(self.player.connect(random.choice(elsewhere or [here])), PATIENCE_S)
        self._note_absence()
        self.moves_s.append(time.monotonic() - self._here)
        self._here = None

    def _note_absence(self) -> None:
        if self._here and time.monotonic() - self._here > self._grace_s and self.duel_id in self._duels:
            self.duel.gone.add(self.player.id)

    async def _open(self) -> None:
        self._opened = False
        known = self._duels.get(self.duel_id)
        asked = known.asking() if known else NOTHING
        answer = await self.player.ask("duel:open", {"duel_id": self.duel_id})
        if unknown(answer):
            raise TimeoutError
        assert answer["ok"], answer
        snapshot = self._seen = answer["snapshot"]
        self.player.snapshots.append(snapshot)
        self.player.take(snapshot)
        if known is None and snapshot["status"] != "countdown":
            known = self._duels.setdefault(self.duel_id, begun(snapshot))
        if known:
            known.opened(self.player.id, snapshot, asked)
        self._opened = known is not None

    async def wish(self, event: str, **payload: Any) -> Answer:
        """The acknowledgement of something that is about no duel; None: nobody knows."""
        try:
            if not self.player.socket.connected or await self._asked_to_move():
                await self._come_back()
            return await asyncio.wait_for(self.player.ask(event, payload), PATIENCE_S)
        except TROUBLE:
            await self.leave()
            return None

    async def tried(self, event: str, **payload: Any) -> Answer:
        """The acknowledgement of something about the duel; None: nobody knows."""
        answer: Answer = None
        try:
            answer = await asyncio.wait_for(self.player.ask(event, {"duel_id": self.duel_id, **payload}), PATIENCE_S)
        except TROUBLE:
            await self.leave()
        if unknown(answer) or (answer and not answer["ok"] and answer["error"]["code"] in LOOK_AGAIN):
            self._opened = False
        return answer

    async def edit(self, text: str) -> Answer:
        """Replace the own text, from what this client knows of it."""
        await self.ready()
        player = self.player
        changes: list[Any] = [[units(player.text), *text.split("\n")]]
        seq = player.seq + 1
        document = self.duel.documents[player.id]
        document.edited(seq, text, None)  # the other player may see the end, with it, before this one has its answer
        answer = await self.tried("duel:edit", seq=seq, changes=changes)
        document.edited(seq, text, answer)
        if answer and answer["ok"]:
            player.seq, player.text = seq, text
        return answer

    async def submit(self, id: str, kind: Kind | None = None) -> Answer:
        """Submit the own text as it is."""
        await self.ready()
        self.duel.submitting(self.player.id, id, kind)
        answer = await self.tried("duel:submit", submission_id=id, language="python", seq=self.player.seq)
        self.duel.submitted(self.player.id, id, answer)
        return answer

    async def resign(self) -> Answer:
        """Give up."""
        await self.ready()
        self.duel.acting("resign", self.player.id)
        answer = await self.tried("duel:resign")
        self.duel.acted("resign", self.player.id, answer)
        return answer

    async def end(self) -> None:
        """Wait until the duel is over and kept, and check it: an edit may be on its way until then."""
        while not await self._kept():
            await self.ready()
            await asyncio.sleep(PAUSE_S)
        self.duel.ended(await self.look())

    async def _kept(self) -> bool:
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(base_url=random.choice(self.urls()), timeout=PATIENCE_S) as http:
                headers = {"Authorization": f"Bearer {self.player.token}"}
                return (await http.get(f"/api/v1/duels/{self.duel_id}/replay", headers=headers)).is_success
        return False


def begun(snapshot: dict[str, Any]) -> Duel:
    """What is known of a duel that has started."""
    starter = snapshot["challenge"]["starter"]
    return Duel({side["id"]: Document(starter["python"]) for side in snapshot["players"]})
