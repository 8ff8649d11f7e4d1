"""`python -m tests.faults.soak [SECONDS]`: bots duel while something breaks every few seconds. They check all that a
client may rely on; then what is stored is asked for its invariants. SEED in the environment repeats a run's choices,
FAULTS names the kinds of faults, with commas between. Progress goes to stderr; the report, JSON on stdout, comes also
when it is interrupted. Exit code 1 when anything is broken.
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
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from tests.faults.breaker import Breaker
from tests.faults.conftest import Hall, a_hall
from tests.model.model import Answer, Duel, unknown
from tests.support.invariants import breaches
from tests.support.player import Player, reference
from tests.support.steady import TROUBLE, Steady

BOTS = 8
PAUSE_S = (1, 5)
"""Between two faults."""
TURN_S = (0.05, 0.5)
"""Between two edits."""
STUCK_S = 120
"""No duel takes so long, whatever breaks."""
GRACE_S, SURELY_S = 25, 15
"""How long a player may be away, and for how long nobody is taken for away by a mistake of their own clock."""
SETTLED_S = 120
PROGRESS_S = 60
OUTCOMES = {"replays": "SELECT count(*) FROM replays"} | {
    name: f"SELECT count(*) FROM {name}" for name in ("duels", "submissions")
}


class Soak:
    """One run: its bots, its faults, and what was found."""

    def __init__(self, hall: Hall, seed: int, kinds: list[str]) -> None:
        """Raises ValueError for a fault that there is not."""
        if unknown := set(kinds) - set(Breaker.kinds()):
            raise ValueError(f"There is no fault {', '.join(unknown)}: choose of {', '.join(Breaker.kinds())}.")
        self._hall, self._seed, self._kinds = hall, seed, kinds
        self._chance = random.Random(seed)
        self._breaker = Breaker(hall, random.Random(seed), self._losing)
        self._duels: dict[str, Duel] = {}
        self._counts: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._found: list[str] = []
        self.over = asyncio.Event()

    def _losing(self) -> None:
        for duel in self._duels.values():
            duel.lost()

    async def run(self, seconds: float) -> dict[str, Any]:
        """Play and break for so long or until it is `over`, let it settle, and report."""
        begin = time.monotonic()
        asyncio.get_running_loop().call_later(seconds, self.over.set)
        progress = asyncio.create_task(self._progress(begin))
        bots = [Bot(self._hall, self._duels, self._counts, self._found, self._chance.random()) for _ in range(BOTS)]
        try:
            await asyncio.gather(self._break(), *(bot.play(self.over) for bot in bots))
        finally:
            progress.cancel()
        await self._hall.mend()
        settled = await self._settled()
        # Emptied at any time: only its replay may say that edits are missing.
        self._found += await breaches(self._hall.arena.database_url, edits_lost=self._faults["redis_emptied"] > 0)
        stored = {name: await self._hall.ask(query) for name, query in OUTCOMES.items()}
        return {**self._so_far(begin), "stored": stored, "settled": settled, "breaches": self._found}

    def _so_far(self, begin: float) -> dict[str, Any]:
        counts, faults = (dict(sorted(it.items())) for it in (self._counts, self._faults))
        return {"seed": self._seed, "seconds": round(time.monotonic() - begin), **counts, "faults": faults}

    async def _progress(self, begin: float) -> None:
        while True:
            print(json.dumps({**self._so_far(begin), "breaches": len(self._found)}), file=sys.stderr, flush=True)
            await asyncio.sleep(PROGRESS_S)

    async def _break(self) -> None:
        """Each kind once, then as chance will have it."""
        waiting: list[str] = []
        while not await _passed(self.over, self._chance.uniform(*PAUSE_S)):
            if not waiting:
                waiting = self._chance.sample(self._kinds, len(self._kinds))
            kind = waiting.pop()
            await self._breaker.break_(kind)
            self._faults[kind] += 1
            await self._hall.mend()

    async def _settled(self) -> bool:
        """Whether every duel is over and kept."""
        open_ = "SELECT EXISTS (SELECT FROM duels LEFT JOIN replays ON id = duel_id WHERE log IS NULL)"
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLED_S):
                while await self._hall.ask(open_):
                    await asyncio.sleep(0.5)
                return True
        return False


class Bot:
    """Plays one duel after the other, whatever happens."""

    def __init__(
        self, hall: Hall, duels: dict[str, Duel], counts: "Counter[str]", found: list[str], seed: float
    ) -> None:
        self._hall, self._duels, self._counts, self._found = hall, duels, counts, found
        self._chance = random.Random(seed)
        self._over: set[str] = set()

    async def play(self, over: asyncio.Event) -> None:
        """Until it is `over`; the duel that is under way then is ended."""
        client = await self._arrive()
        while not over.is_set():
            try:
                async with asyncio.timeout(STUCK_S):
                    if duel_id := await self._matched(client, over):
                        await self._duel(client, duel_id)
            except (AssertionError, TimeoutError) as error:
                self._found.append(f"{client.player.nickname} in {client.duel_id}: {error!r}")
                print(self._found[-1], file=sys.stderr, flush=True)
                client = await self._arrive()
        self._counts["comebacks"] += client.comebacks
        await client.leave()

    async def _arrive(self) -> Steady:
        while True:
            with suppress(*TROUBLE, AssertionError, httpx.HTTPError):
                player = await Player.join(self._url(), f"Bot {self._chance.randrange(10_000)}")
                return Steady(player, lambda: [web.url for web in self._hall.arena.webs], self._duels, SURELY_S)
            await asyncio.sleep(0.5)

    def _url(self) -> str:
        return self._chance.choice(self._hall.arena.webs).url

    async def _matched(self, client: Steady, over: asyncio.Event) -> str | None:
        """Asks for a duel until there is one. None: it is over, and there is none."""
        while True:
            answer = await client.wish("queue:join", mode="casual")
            if answer and not answer["ok"] and answer["error"]["code"] == "already_in_duel":
                duel_id: str = answer["error"]["duel_id"]
                assert duel_id not in self._over, "a duel that was over is live again"
                return duel_id
            if over.is_set():
                left = await client.wish("queue:leave")
                if left and left["ok"] and (answer and answer["ok"]):
                    return None
            await asyncio.sleep(0.3)

    async def _duel(self, client: Steady, duel_id: str) -> None:
        await client.enter(duel_id)
        slug = (await client.ready())["challenge"]["slug"]
        for n in range(self._chance.randrange(2, 12)):
            self._count("edits", await client.edit(f"# {n} {self._chance.random()} 🦆\n"))
            await asyncio.sleep(self._chance.uniform(*TURN_S))
        solves = self._chance.random() < 0.5
        if solves:
            self._count("edits", await client.edit(reference(slug)))
        right = solves and client.player.text == reference(slug)
        answer = await self._submitted(client, right)
        if not (right and answer and answer["ok"]):
            await asyncio.sleep(self._chance.uniform(1, 8))
            # Until it is certain: nothing else would end this duel before its deadline.
            while unknown(await client.resign()):
                pass
        await client.end()
        self._over.add(duel_id)
        self._counts["duels seen to their end"] += 1

    async def _submitted(self, client: Steady, right: bool) -> Answer:
        """The last answer to it: asked again until it is certain, or the text is another one."""
        name, text = f"s{self._chance.getrandbits(60)}", client.player.text
        while True:
            self._count("submissions", answer := await client.submit(name, "right" if right else None))
            if not unknown(answer) or (await client.ready() and client.player.text != text):
                return answer

    def _count(self, what: str, answer: dict[str, Any] | None) -> None:
        if answer and answer["ok"]:
            self._counts[what] += 1
        elif answer is None:
            self._counts["answers that never came"] += 1


async def _passed(event: asyncio.Event, seconds: float) -> bool:
    """Whether it is set, within so long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


async def _interruptible(hall: Hall, seconds: float, seed: int, kinds: list[str]) -> dict[str, Any]:
    run = Soak(hall, seed, kinds)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, run.over.set)
    return await run.run(seconds)


def main() -> int:
    """Run it for as long as the argument says, an hour without one."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3600.0
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    kinds = os.environ.get("FAULTS", "").split(",") if os.environ.get("FAULTS") else Breaker.kinds()
    settings = {"DUEL_RECONNECT_GRACE": str(GRACE_S), "DUEL_LOG_LEVEL": "error"}
    with tempfile.TemporaryDirectory() as name, a_hall(Path(name), **settings) as hall:
        report = asyncio.run(_interruptible(hall, seconds, seed, kinds))
    print(json.dumps(report, indent=2))
    return 0 if report["settled"] and not report["breaches"] else 1


if __name__ == "__main__":
    sys.exit(main())
