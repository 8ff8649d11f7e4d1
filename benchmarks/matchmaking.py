"""The matchmaking script at the head of short and long lines: `python -m benchmarks.matchmaking [SECONDS] [--json]`.

On one pipelined connection to an embedded Valkey, side by side with a bare ZADD on the same connection: the floor.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable

import uvloop

from python_duel.matchmaking.queue import JOIN, LEASES, PAIRINGS, TICKETS
from python_duel.platform import embedded
from python_duel.platform.pipelined import HotScript, Pipelined
from python_duel.platform.redis import connect
from python_duel.settings import Settings

UNDER_WAY = 200
LENGTHS = (0, 1_000, 10_000, 100_000)
SCRIPT = HotScript(JOIN)
KEYS = ["{queue}:waiting:casual", TICKETS, LEASES, PAIRINGS, "{queue}:wait:casual", "{queue}:waiting:ranked"]
NOW = 1_000_000


def join(hot: Pipelined, n: int, done: Callable[[object], None]) -> None:
    """One more player: every second one is paired with the one before."""
    ticket = json.dumps({"ticket": f"t{n}", "mode": "casual", "joined_at": NOW, "language": "python"})
    hot.run(SCRIPT, KEYS, [f"p{n}", NOW, NOW + 15_000, ticket, f"d{n}", "casual"], done)


def zadd(hot: Pipelined, n: int, done: Callable[[object], None]) -> None:
    """The floor."""
    hot.command("ZADD", "floor", n, f"p{n}", done=done)


async def a_second(hot: Pipelined, one: Callable[..., None], seconds: float) -> float:
    """Operations a second with so many under way."""
    finished, sent, end = 0, 0, time.perf_counter() + seconds
    free = asyncio.Semaphore(UNDER_WAY)

    def done(answer: object) -> None:
        nonlocal finished
        if isinstance(answer, Exception):
            raise answer
        finished += 1
        free.release()

    while time.perf_counter() < end:
        await free.acquire()
        one(hot, sent, done)
        sent += 1
    while finished < sent:  # noqa: ASYNC110 - an event an answer would cost more
        await asyncio.sleep(0.001)
    return finished / seconds


async def line(hot: Pipelined, length: int) -> None:
    """A line of players who are away: each is met once, before anything is measured, or stands behind."""
    await hot.call(HotScript("return redis.call('FLUSHALL')"), [], [])
    for start in range(0, length, 1000):
        for n in range(start, min(start + 1000, length)):
            ticket = {"ticket": f"w{n}", "mode": "ranked", "joined_at": NOW, "language": "python"}
            hot.command("HSET", TICKETS, f"w{n}", json.dumps(ticket))
            hot.command("ZADD", LEASES, NOW + 15_000, f"w{n}")
            hot.command("ZADD", KEYS[5], NOW, f"w{n}")
            hot.command("ZADD", KEYS[0], NOW + 10**9 + n, f"away{n}")
        await hot.call(HotScript("return 1"), [], [])


async def measure(url: str, seconds: float) -> dict[str, float]:
    """Operations a second, by what and how long the lines are."""
    client = connect(url)
    hot = Pipelined(client)
    await hot.start()
    found = {"bare ZADD (floor)": await a_second(hot, zadd, seconds)}
    for length in LENGTHS:
        await line(hot, length)
        found[f"join, {length} in line"] = await a_second(hot, join, seconds)
    await hot.close()
    await client.aclose()
    return found


def main() -> None:
    """Measure and print."""
    seconds = next((float(argument) for argument in sys.argv[1:] if not argument.startswith("-")), 2.0)
    with embedded.stores(None, Settings.model_construct()) as stores:
        found = uvloop.run(measure(stores.redis_url, seconds))
    floor = found["bare ZADD (floor)"]
    if "--json" in sys.argv:
        print(json.dumps({name: round(value) for name, value in found.items()}))
        return
    for name, value in found.items():
        print(f"{name:28} {value:10.0f}/s  {floor / value:6.2f} x the floor's time")


if __name__ == "__main__":
    main()
