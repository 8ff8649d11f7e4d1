"""The kinds of load."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from python_duel.load.figures import Figures, figures
from python_duel.load.machine import Meter, memory_kb
from python_duel.load.players import Guests, Pair, Player, each, pairs, players
from python_duel.load.socket import connect
from python_duel.load.target import Target
from python_duel.load.traffic import Record, type_for, typists
from python_duel.platform.bundled import bundled

WARM_S = 2.0
SLOWEST_S = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much: players in all, keystrokes a second in all, seconds."""

    players: int
    rate: float
    seconds: float
    acks: bool
    challenge: str


Phases = AsyncIterator[tuple[str, Figures]]


async def local(plan: Plan, target: Target) -> Phases:
    """Both players of a duel on the same address."""
    everybody, connected = await _arrive(plan, target)
    yield "local", await typing(plan, target, await pairs(everybody, plan.challenge), **connected)


async def cross_process(plan: Plan, target: Target) -> Phases:
    """The players of a duel on different addresses."""
    everybody, connected = await _arrive(plan, target, together=False)
    yield "cross-process", await typing(plan, target, await pairs(everybody, plan.challenge), **connected)


async def stalled(plan: Plan, target: Target) -> Phases:
    """As `local`, while a spectator of every tenth duel has stopped reading."""
    everybody, _ = await _arrive(plan, target)
    duels = await pairs(everybody, plan.challenge)
    yield "nobody stalls", await typing(plan, target, duels)
    guests, watchers = Guests(target.urls[0]), []
    for pair in duels[::10]:
        _, token = await guests.make("sleepy")
        watcher = await connect(target.urls[0], token)
        await watcher.do("duel:open", {"duel_id": pair.duel_id})
        watcher.transport.underlying_transport.pause_reading()
        watchers.append(watcher)
    before = memory_kb(target.servers)
    found = await typing(plan, target, duels)
    grown = memory_kb(target.servers) - before
    for watcher in watchers:
        watcher.transport.underlying_transport.resume_reading()
    await asyncio.sleep(1)
    found.more["stalled_readers"] = len(watchers)
    found.more["cut"] = sum(watcher.closed is not None for watcher in watchers)
    found.more["server_kb_per_stalled"] = round(grown / len(watchers), 1) if target.servers else None
    yield "some stall", found


async def storm(plan: Plan, target: Target) -> Phases:
    """All sockets are lost at once; all come back at once and open their duels again."""
    everybody, connected = await _arrive(plan, target)
    duels = await pairs(everybody, plan.challenge)
    took: list[float] = []

    async def come_back(item: tuple[Player, str]) -> None:
        player, duel_id = item
        await player.again()
        await player.socket.do("duel:open", {"duel_id": duel_id})
        took.append(time.perf_counter() - start)

    for player in everybody:
        player.socket.abort()
    await asyncio.sleep(1)
    start = time.perf_counter()
    await each(come_back, [(player, pair.duel_id) for pair in duels for player in pair.players], at_once=len(everybody))
    back = {"all_back_s": round(max(took), 3), "half_back_s": round(sorted(took)[len(took) // 2], 3)}
    yield "storm", await typing(plan, target, duels, **connected, **back)


async def graders(plan: Plan, target: Target) -> Phases:
    """As `local`, alone and then while programs that burn their whole time are judged."""
    everybody, _ = await _arrive(plan, target)
    duels = await pairs(everybody, plan.challenge)
    yield "no judge at work", await typing(plan, target, duels)
    burning = [
        asyncio.create_task(_burn(pair)) for pair in await pairs(await players(target.urls[:1], 16), plan.challenge)
    ]
    try:
        found = await typing(plan, target, duels)
        found.more["verdicts"] = sum(task.done() for task in burning)
    finally:
        for task in burning:
            task.cancel()
        results = await asyncio.gather(*burning, return_exceptions=True)
    failed = [result for result in results if isinstance(result, Exception)]
    if failed:
        raise failed[0]
    yield "judges flat out", found


async def _burn(pair: Pair) -> None:
    """Run a program that uses all its time, again and again."""
    code = "def solve(*a):\n    while True: pass\nwhile True: pass\n"
    ada = pair.players[0].socket
    changes = [[pair.texts[0], *code.split("\n")]]
    await ada.do("duel:edit", {"duel_id": pair.duel_id, "seq": pair.seqs[0] + 1, "changes": changes})
    for n in range(10_000):
        ran = ada.hears("duel:ran")
        answer = await ada.ask("duel:run", {"duel_id": pair.duel_id, "run_id": f"r{n}", "language": "python"})
        if answer["ok"]:
            await ran
        else:
            ran.cancel()
            await asyncio.sleep(answer["error"].get("retry_after_ms", 500) / 1000)


async def duels(plan: Plan, target: Target) -> Phases:
    """Whole duels, one after the other: matched, written, submitted, won. `rate` means nothing here."""
    everybody, _ = await _arrive(plan, target)
    verdicts: list[float] = []
    record, meter, end = Record(), Meter(target.servers, target.stores), time.monotonic() + plan.seconds
    solutions = _solutions()

    async def play(player: Player) -> None:
        while time.monotonic() < end:
            took = await _one_duel(player, solutions)
            if took is not None:
                verdicts.append(took)

    await each(play, everybody, at_once=len(everybody))
    spent = meter.read()
    verdicts.sort()
    more = {
        "duels_won": len(verdicts),
        "duels_per_s": round(len(verdicts) / plan.seconds, 2),
        "verdict_p50_ms": round(verdicts[len(verdicts) // 2] * 1e3, 1) if verdicts else None,
        "verdict_p99_ms": round(verdicts[int(len(verdicts) * 0.99)] * 1e3, 1) if verdicts else None,
    }
    yield "duels", figures(record, spent, plan.seconds, **more)


def _solutions() -> dict[str, str]:
    folders = [folder for folder in bundled("challenges").iterdir() if (folder / "solutions" / "reference.py").exists()]
    return {folder.name: (folder / "solutions" / "reference.py").read_text() for folder in folders}


async def _one_duel(player: Player, solutions: dict[str, str]) -> float | None:
    """From the queue to the end; seconds from this player's submission to their verdict, if they came to submit."""
    socket = player.socket
    matched = socket.hears("queue:matched")
    await socket.do("queue:join", {"mode": "casual", "languages": ["python"]})
    duel_id = (await asyncio.wait_for(matched, SLOWEST_S))["duel_id"]
    finished, verdict = socket.hears("duel:finished"), socket.hears("duel:verdict")
    snapshot = await _live(player, duel_id)
    side = next(it for it in snapshot["players"] if it["id"] == player.id)
    took = None
    if snapshot["challenge"] and snapshot["status"] == "live":
        code = solutions[snapshot["challenge"]["slug"]]
        size = len((side["text"] or "").encode("utf-16-le")) // 2
        seq = side["seq"] + 1
        await socket.ask("duel:edit", {"duel_id": duel_id, "seq": seq, "changes": [[size, *code.split("\n")]]})
        start = time.perf_counter()
        submit = {"duel_id": duel_id, "submission_id": "only", "language": "python", "seq": seq}
        if (await socket.ask("duel:submit", submit))["ok"]:
            await asyncio.wait_for(verdict, SLOWEST_S)
            took = time.perf_counter() - start
    await asyncio.wait_for(finished, SLOWEST_S)
    return took


async def _live(player: Player, duel_id: str) -> dict[str, Any]:
    while True:
        snapshot = (await player.socket.do("duel:open", {"duel_id": duel_id}))["snapshot"]
        left = snapshot["starts_at"] - snapshot["server_time"]
        if left <= 0:
            return dict(snapshot)
        await asyncio.sleep(left / 1000 + 0.15)


async def _arrive(plan: Plan, target: Target, together: bool = True) -> tuple[list[Player], dict[str, object]]:
    """The players, and what their connections cost the server."""
    before, start = memory_kb(target.servers), time.perf_counter()
    everybody = await players(target.urls, plan.players, together)
    took = time.perf_counter() - start
    await asyncio.sleep(0.5)
    grown = (memory_kb(target.servers) - before) / plan.players if target.servers else None
    return everybody, {
        "connect_s": round(took, 2),
        "server_kb_per_connection": None if grown is None else round(grown, 1),
    }


async def typing(plan: Plan, target: Target, duels: list[Pair], **more: object) -> Figures:
    """Keystrokes in these duels, after a short while that does not count."""
    record = Record()
    everybody = typists(record, duels, plan.acks)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    await type_for(record, everybody, plan.rate, WARM_S)
    for values in (record.relays, record.acks, record.lags):
        del values[:]
    record.sent = 0
    meter = Meter(target.servers, target.stores)
    await type_for(record, everybody, plan.rate, plan.seconds)
    spent = meter.read()
    for typist in everybody:
        typist.note()
    return figures(record, spent, plan.seconds, **more)


MODES: dict[str, Callable[[Plan, Target], Phases]] = {
    "local": local,
    "cross-process": cross_process,
    "stalled": stalled,
    "storm": storm,
    "graders": graders,
    "duels": duels,
}
