"""Guests and the duels they are in."""

import asyncio
import http.client
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from python_duel.load.socket import Refused, Socket, connect

AT_ONCE = 32
MINUTES = 180
T = TypeVar("T")


@dataclass
class Player:
    """A guest with an open socket."""

    url: str
    id: str
    token: str
    socket: Socket

    async def again(self) -> None:
        """A new socket."""
        self.socket = await connect(self.url, self.token)


@dataclass
class Pair:
    """A live duel, open on both sides. `texts`: the length of each side's document, in UTF-16 units."""

    duel_id: str
    players: tuple[Player, Player]
    seqs: tuple[int, int]
    texts: tuple[int, int]


class Guests:
    """Makes guests over HTTP, a few at a time, each thread with a connection of its own."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._threads = ThreadPoolExecutor(8)
        self._local = threading.local()

    async def make(self, nickname: str) -> tuple[str, str]:
        """Id and token of a new guest. Raises `Refused`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._make, nickname)

    def _make(self, nickname: str) -> tuple[str, str]:
        kind = http.client.HTTPSConnection if self._address.scheme == "https" else http.client.HTTPConnection
        connection = getattr(self._local, "connection", None) or kind(self._address.netloc, timeout=30)
        self._local.connection = connection
        body = json.dumps({"nickname": nickname})
        try:
            connection.request("POST", "/api/v1/session/guest", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Refused(f"{self._address.netloc} does not make guests: {error!r}") from None
        if answer.status != 201:
            raise Refused(f"{self._address.netloc} made no guest: {told.get('detail', answer.status)}")
        return told["player"]["id"], told["token"]


async def each(work: Callable[[T], Awaitable[None]], items: Iterable[T], at_once: int = AT_ONCE) -> None:
    """Do the work for every item, some side by side; the first failure ends it."""
    slots = asyncio.Semaphore(at_once)

    async def one(item: T) -> None:
        async with slots:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for item in items:
                group.create_task(one(item))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def players(urls: Sequence[str], count: int, together: bool = True) -> list[Player]:
    """Guests with sockets, on the URLs in turn; both players of a duel on the same, or on different ones."""
    guests, made = Guests(urls[0]), {}

    async def one(n: int) -> None:
        url = urls[(n // 2 if together else n) % len(urls)]
        player_id, token = await guests.make(f"load {n}")
        made[n] = Player(url, player_id, token, await connect(url, token))

    await each(one, range(count))
    return [made[n] for n in range(count)]


async def pairs(everybody: Sequence[Player], challenge: str) -> list[Pair]:
    """Live duels of every two."""
    duels: list[tuple[str, tuple[Player, Player]]] = []
    made: list[Pair] = []

    async def invite(two: tuple[Player, Player]) -> None:
        ada, bob = two
        told = await ada.socket.do("duel:create", {"challenge": challenge, "minutes": MINUTES})
        await bob.socket.do("duel:accept", {"invite": told["invite"]})
        duels.append((told["duel_id"], two))

    async def open_both(duel: tuple[str, tuple[Player, Player]]) -> None:
        made.append(await opened(*duel))

    await each(invite, list(zip(everybody[::2], everybody[1::2], strict=True)))
    await each(open_both, duels)
    return made


async def opened(duel_id: str, two: tuple[Player, Player]) -> Pair:
    """A duel open on both sides, once it is live."""
    while True:
        snapshots = [(await player.socket.do("duel:open", {"duel_id": duel_id}))["snapshot"] for player in two]
        left = max(snapshot["starts_at"] - snapshot["server_time"] for snapshot in snapshots)
        if left <= 0:
            break
        await asyncio.sleep(left / 1000 + 0.15)
    sides = [next(it for it in snapshots[0]["players"] if it["id"] == player.id) for player in two]
    seqs, texts = [side["seq"] for side in sides], [len(side["text"].encode("utf-16-le")) // 2 for side in sides]
    return Pair(duel_id, two, (seqs[0], seqs[1]), (texts[0], texts[1]))
