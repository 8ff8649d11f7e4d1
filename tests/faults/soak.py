"""`python -m tests.faults.soak [SECONDS]`: bots duel while something breaks every few seconds; then what is stored
is asked for its invariants. Prints a report as JSON; exit code 1 when anything is broken.
"""

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis.asyncio
from socketio.exceptions import SocketIOError

from python_duel.platform import embedded
from python_duel.settings import Settings
from tests.contract.conftest import an_arena
from tests.faults.conftest import Hall
from tests.support.invariants import breaches
from tests.support.player import Player, reference

BOTS = 8
DUEL_S = 60
"""One that takes longer is given up, by resigning."""
PAUSE_S = (2, 6)
"""Between two faults."""
SETTLED_S = 90
TROUBLE = (SocketIOError, TimeoutError, AssertionError, OSError)
"""What a bot meets while something is broken: it comes back and asks what is true now."""


class Bot:
    """Plays one duel after the other, whatever happens."""

    def __init__(self, hall: Hall, counts: "Counter[str]") -> None:
        self._hall, self._counts = hall, counts

    async def play(self, until: float) -> None:
        player = await Player.join(self._hall.arena.webs[0].url, f"Bot {random.randrange(10_000)}")
        while time.monotonic() < until:
            try:
                await asyncio.wait_for(self._duel(player), DUEL_S)
            except TROUBLE:
                self._counts["comebacks"] += 1
                await self._come_back(player)
        await player.leave()

    async def _come_back(self, player: Player) -> None:
        with suppress(*TROUBLE):
            await player.leave()
        await asyncio.sleep(0.3)
        with suppress(*TROUBLE):
            await player.connect(random.choice(self._hall.arena.webs).url)

    async def _duel(self, player: Player) -> None:
        joined = await player.ask("queue:join", {"mode": "casual"})
        if joined["ok"]:
            duel_id = (await player.heard("queue:matched", at_least=1 + len(player.events["queue:matched"])))["duel_id"]
        else:
            duel_id = joined["error"]["duel_id"]
        if (await player.open(duel_id))["status"] == "countdown":
            player.take(await player.state("live", duel_id))
        slug = (await player.open(duel_id))["challenge"]["slug"]
        for n in range(random.randrange(2, 8)):
            await player.write(duel_id, f"# {n} 🦆\n")
            self._counts["edits"] += 1
            await asyncio.sleep(random.random() / 2)
        if random.random() < 0.6:
            await player.write(duel_id, reference(slug))
        await player.submit(duel_id, f"s{random.getrandbits(60)}")
        self._counts["submissions"] += 1
        await player.heard("duel:finished", duel_id=duel_id)
        self._counts["duels seen to their end"] += 1


class Breaker:
    """Breaks one thing at a time, and mends it."""

    def __init__(self, hall: Hall, counts: "Counter[str]") -> None:
        self._hall, self._counts = hall, counts
        self._faults: list[Callable[[], Coroutine[Any, Any, None]]] = [
            self._boundary,
            self._boundary,
            self._web_killed,
            self._web_stopped,
            self._judge_killed,
            self._pubsub_killed,
            self._backends_ended,
            self._redis_emptied,
        ]

    async def run(self, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(random.uniform(*PAUSE_S))
            fault = random.choice(self._faults)
            await fault()
            self._counts["fault: " + fault.__name__.strip("_").replace("_", " ")] += 1
            await self._hall.mend()

    async def _boundary(self) -> None:
        where = random.choice(["before_commit", "after_commit", "before_publish", "after_publish"])
        self._hall.arm(f"{where} {random.randrange(1, 20)}")
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while not self._hall.dead():
                    await asyncio.sleep(0.05)

    async def _web_killed(self) -> None:
        random.choice(self._hall.arena.webs).kill()

    async def _web_stopped(self) -> None:
        pid = random.choice(self._hall.arena.webs).process.pid
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(random.uniform(1, 5))
        os.kill(pid, signal.SIGCONT)

    async def _judge_killed(self) -> None:
        judge = self._hall.arena.judges.pop()
        judge.kill()
        judge.wait()
        self._hall.arena.start_judge()

    async def _pubsub_killed(self) -> None:
        await self._redis("CLIENT", "KILL", "TYPE", "pubsub")

    async def _redis_emptied(self) -> None:
        await self._redis("FLUSHALL")

    async def _redis(self, *command: str) -> None:
        client: Any = redis.asyncio.Redis.from_url(self._hall.arena.redis_url)
        await client.execute_command(*command)
        await client.aclose()

    async def _backends_ended(self) -> None:
        await self._hall.ask(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def soak(hall: Hall, seconds: float) -> dict[str, Any]:
    """Play and break for so long, let it settle, and report."""
    counts: Counter[str] = Counter()
    until = time.monotonic() + seconds
    bots = [Bot(hall, counts).play(until) for _ in range(BOTS)]
    await asyncio.gather(Breaker(hall, counts).run(until), *bots)
    await hall.mend()
    settled = await _settled(hall)
    found = await breaches(hall.arena.database_url, edits_lost=True)
    stored = {
        name: await hall.ask(f"SELECT count(*) FROM {table}")
        for name, table in {"duels": "duels", "submissions": "submissions", "replays": "replays"}.items()
    }
    return {"seconds": seconds, **dict(sorted(counts.items())), "stored": stored, "settled": settled, "breaches": found}


async def _settled(hall: Hall) -> bool:
    """Whether every duel ends by itself: nobody is there any more."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLED_S):
            while await hall.ask(
                "SELECT EXISTS (SELECT FROM duels LEFT JOIN replays ON id = duel_id WHERE log IS NULL)"
            ):
                await asyncio.sleep(0.5)
            return True
    return False


def main() -> int:
    """Run it for as long as the argument says, an hour without one."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3600.0
    with (
        tempfile.TemporaryDirectory() as name,
        embedded.stores(Path(name) / "data", Settings.model_construct()) as stores,
    ):
        plan = Path(name) / "plan"
        settings = {"FAILPOINT": str(plan), "DUEL_RECONNECT_GRACE": "10", "DUEL_LOG_LEVEL": "error"}
        with an_arena(2, settings, "tests.support.failpoints", stores) as arena:
            report = asyncio.run(soak(Hall(arena, plan, stores), seconds))
    print(json.dumps(report, indent=2))
    return 0 if report["settled"] and not report["breaches"] else 1


if __name__ == "__main__":
    sys.exit(main())
