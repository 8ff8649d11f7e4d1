"""A stock python-socketio client written from docs/protocol.md alone: nothing of the server's code is in it."""

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any, Self

import httpx
import socketio

WAIT_S = 45
"""Then it counts as never: leases, heartbeats and sweeps are over by then, also on a busy machine."""
CHALLENGES = Path(__file__).parents[2] / "challenges"


def reference(slug: str, suffix: str = ".py") -> str:
    """The reference solution of a bundled challenge."""
    return (CHALLENGES / slug / "solutions" / f"reference{suffix}").read_text()


def units(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


class Player:
    """One player: a session, a socket, and every event received."""

    def __init__(self, url: str, player: dict[str, Any], token: str) -> None:
        self.url, self.id, self.nickname, self.token = url, player["id"], player["nickname"], token
        self.transports = ["websocket"]
        self.path = "socket.io"
        self.socket = socketio.AsyncClient(reconnection=False)
        self.events: defaultdict[str, list[Any]] = defaultdict(list)
        self.order: list[str] = []
        self.snapshots: list[dict[str, Any]] = []
        """Of every duel, as they came."""
        self._changed = asyncio.Condition()
        self.seq = 0
        self.text = ""
        self.socket.on("*", self._heard)

    @classmethod
    async def join(cls, url: str, nickname: str, transports: list[str] | None = None) -> Self:
        """A new guest, connected."""
        async with httpx.AsyncClient(base_url=url) as http:
            answer = await http.post("/api/v1/session/guest", json={"nickname": nickname})
        assert answer.status_code == 201, answer.text
        player = cls(url, answer.json()["player"], answer.json()["token"])
        player.transports = transports or ["websocket"]
        await player.connect()
        return player

    async def connect(self, url: str | None = None) -> None:
        """Open the socket, on another process if `url` is given."""
        self.url = url or self.url
        await self.socket.connect(
            self.url,
            auth={"token": self.token},
            wait_timeout=WAIT_S,
            transports=self.transports,
            socketio_path=self.path,
        )

    async def leave(self) -> None:
        """Close the socket."""
        await self.socket.disconnect()

    async def ask(self, event: str, payload: Any = None) -> dict[str, Any]:
        """Emit and return the acknowledgement, whatever it says."""
        answer: dict[str, Any] = await self.socket.call(event, {} if payload is None else payload, timeout=WAIT_S)
        return answer

    async def do(self, event: str, payload: Any = None) -> dict[str, Any]:
        """Emit; the acknowledgement must be `ok`."""
        answer = await self.ask(event, payload)
        assert answer["ok"], answer
        return answer

    async def refused(self, event: str, payload: Any = None) -> dict[str, Any]:
        """Emit; the acknowledgement must be an error, which is returned."""
        answer = await self.ask(event, payload)
        assert answer["ok"] is False, answer
        error: dict[str, Any] = answer["error"]
        assert error["message"]
        return error

    async def heard(self, event: str, at_least: int = 1, **fields: Any) -> Any:
        """The newest payload of an event that has these fields, once there are `at_least` of them."""
        matching: list[Any] = []

        def found() -> bool:
            matching[:] = [it for it in self.events[event] if all(it.get(k) == v for k, v in fields.items())]
            return len(matching) >= at_least

        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(found), WAIT_S)
            except TimeoutError:
                raise AssertionError(f"{self.nickname} never heard {event} {fields}; order: {self.order}") from None
        return matching[-1]

    async def knows(self, author_id: str, seq: int) -> None:
        """Wait until an edit or a snapshot has brought what that author wrote up to `seq`."""

        def found() -> bool:
            sides = [side for snapshot in self.snapshots for side in snapshot["players"] if side["id"] == author_id]
            edits = [edit for edit in self.events["duel:edit"] if edit["player_id"] == author_id]
            return any(it["seq"] >= seq for it in (*sides, *edits))

        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(found), WAIT_S)

    async def state(self, status: str, duel_id: str | None = None) -> dict[str, Any]:
        """The newest snapshot with that status, as pushed or as given by `duel:open`."""
        matching: list[dict[str, Any]] = []

        def found() -> bool:
            matching[:] = [it for it in self.snapshots if it["status"] == status and duel_id in (None, it["duel_id"])]
            return bool(matching)

        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(found), WAIT_S)
        return matching[-1]

    async def open(self, duel_id: str) -> dict[str, Any]:
        """Open a duel and take the own text over from the snapshot."""
        snapshot: dict[str, Any] = (await self.do("duel:open", {"duel_id": duel_id}))["snapshot"]
        self.snapshots.append(snapshot)
        self.take(snapshot)
        return snapshot

    def take(self, snapshot: dict[str, Any]) -> None:
        """The own document as a snapshot has it."""
        for side in snapshot["players"]:
            if side["id"] == self.id:
                self.seq, self.text = side["seq"], side.get("text") or ""

    async def write(self, duel_id: str, text: str, **more: str) -> None:
        """Replace the own document by one edit."""
        lines: list[int | str] = [units(self.text), *text.split("\n")]
        await self.do("duel:edit", {"duel_id": duel_id, "seq": self.seq + 1, "changes": [lines], **more})
        self.seq, self.text = self.seq + 1, text

    async def submit(self, duel_id: str, submission_id: str, language: str = "python") -> dict[str, Any]:
        """Submit the own document as it is."""
        payload = {"duel_id": duel_id, "submission_id": submission_id, "language": language, "seq": self.seq}
        return await self.do("duel:submit", payload)

    async def _heard(self, event: str, payload: Any = None) -> None:
        async with self._changed:
            self.events[event].append(payload)
            if event == "duel:state":
                self.snapshots.append(payload["snapshot"])
            self.order.append(event)
            self._changed.notify_all()


async def pair(first: Player, second: Player, mode: str = "casual") -> str:
    """Let two players meet in the queue; the duel's id, opened by both and live."""
    await first.do("queue:join", {"mode": mode})
    await second.do("queue:join", {"mode": mode})
    duel_id: str = (await first.heard("queue:matched"))["duel_id"]
    assert (await second.heard("queue:matched"))["duel_id"] == duel_id
    for player in (first, second):
        await player.open(duel_id)
    for player in (first, second):
        player.take(await player.state("live", duel_id))
    return duel_id


async def invited(ada: Player, bob: Player, **wish: object) -> str:
    """A duel by invitation, opened by both and live."""
    made = await ada.do("duel:create", wish)
    accepted = await bob.do("duel:accept", {"invite": made["invite"]})
    assert accepted["duel_id"] == made["duel_id"]
    for player in (ada, bob):
        await player.open(made["duel_id"])
    for player in (ada, bob):
        player.take(await player.state("live", made["duel_id"]))
    return str(made["duel_id"])
