"""What a browser window knows of its duel, by the packets of its sockets and its editors: two can be compared."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, Page, WebSocket, expect

from tests.e2e.test_duel import code, enter

SAME_S = 20
EVENT, ACK = "42", "43"
"""How Engine.IO and Socket.IO begin a packet that carries one."""


TEXT = """content => [...content.querySelectorAll(".cm-line")].map(line => {
  const bare = line.cloneNode(true);
  bare.querySelectorAll("[contenteditable=false]").forEach(widget => widget.remove());
  return bare.textContent;
}).join("\\n")"""
"""The text of an editor, without the other's caret and its name."""


@dataclass
class Side:
    """One window; the newest of all that it was told."""

    page: Page
    deadline: int = 0
    result: Any = None
    seqs: dict[str, int] = field(default_factory=dict)
    """By player, as the texts."""
    submissions: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    """Receipts with their verdicts."""
    me: str = ""

    def watch(self) -> "Side":
        """Read along on every socket that this window opens from now on."""
        self.page.on("websocket", self._opened)
        return self

    def _opened(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._received)

    def _received(self, frame: str | bytes) -> None:
        packet = frame if isinstance(frame, str) else frame.decode()
        start = packet.find("[")
        if not packet.startswith((EVENT, ACK)) or start < 0:
            return
        content = json.loads(packet[start:])
        if packet.startswith(ACK):
            self._acknowledged(content[0])
        else:
            self._heard(*content)

    def _acknowledged(self, ack: dict[str, Any]) -> None:
        if "snapshot" in ack:
            self._shown(ack["snapshot"])
        elif ack.get("ok") and "seq" in ack:
            self.seqs[self.me] = ack["seq"]
        elif ack.get("ok") and "receipt" in ack:
            self._submitted(self.me, ack["receipt"], None)

    def _heard(self, event: str, it: dict[str, Any]) -> None:
        match event:
            case "duel:state":
                self._shown(it["snapshot"])
            case "duel:edit":
                self.seqs[it["player_id"]] = it["seq"]
            case "duel:verdict":
                self._submitted(it["player_id"], it["receipt"], it["verdict"])

    def _submitted(self, player: str, receipt: int, verdict: Any) -> None:
        known = dict(self.submissions.get(player, []))
        self.submissions[player] = sorted((known | {receipt: verdict or known.get(receipt)}).items())

    def _shown(self, snapshot: dict[str, Any]) -> None:
        self.deadline, self.result = snapshot["deadline"], snapshot.get("result")
        self.seqs = {side["id"]: side["seq"] for side in snapshot["players"]}
        self.submissions = {
            side["id"]: [(it["receipt"], it.get("verdict")) for it in side["submissions"]]
            for side in snapshot["players"]
        }

    async def texts(self) -> tuple[str, str]:
        """The own code and the other's, as they are shown."""
        over = await self.page.get_by_test_id("result").count()
        mine, theirs = ("solution-mine", "solution-theirs") if over else ("my-editor", "opponent-editor")
        shown = [await code(self.page, editor).evaluate(TEXT) for editor in (mine, theirs)]
        return shown[0], shown[1]


async def side(browser: Browser, url: str, nickname: str) -> Side:
    """A window whose player stands in the lobby, watched."""
    page = await enter(browser, url, nickname)
    made = Side(page).watch()
    await page.reload()
    await expect(page.get_by_test_id("play")).to_be_enabled()
    made.me = (await (await page.request.get(f"{url}/api/v1/me")).json())["player"]["id"]
    return made


async def same(ada: Side, bob: Side) -> None:
    """Return once both windows have the same texts, seqs, deadline, submissions and result."""

    def known(it: Side) -> object:
        return it.deadline, it.result, it.seqs, it.submissions

    try:
        async with asyncio.timeout(SAME_S):
            while known(ada) != known(bob) or (await ada.texts())[::-1] != await bob.texts():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(
            f"{known(ada)} != {known(bob)}, or {await ada.texts()} is not seen as {await bob.texts()}"
        ) from None
