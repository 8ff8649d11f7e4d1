"""CPU a relay, side by side: `python -m benchmarks.relay [PLAYERS] [RATE] [SECONDS] [ROUNDS] [--json]`.

The same generator types at each server in turn, round by round; ratios are of medians. Ours checks everything that the
protocol asks for and makes every edit durable; it is measured with acknowledgements, as its own clients ask for them,
and without, as the others are. What our Redis spends stands beside it.
"""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Coroutine
from statistics import median

import uvloop

from benchmarks.relay import peers
from python_duel.load.figures import Figures, unfair
from python_duel.load.modes import Plan, local, typing
from python_duel.load.target import Target, own_server

FLOOR, OURS, OURS_ACKED = "bare picows", "Python-Duel", "Python-Duel, acknowledged"
SLOW = {"python-socketio": 0.1}
"""The share of the rate that a server can take at all."""


def theirs(name: str, plan: Plan) -> Figures:
    """One round of a peer."""

    async def run(target: Target) -> Figures:
        return await typing(plan, target, await peers.pairs(target.urls[0], plan.players))

    with peers.peer(name) as (url, pid):
        return _run(run(Target([url], [pid])))


def ours(plan: Plan) -> Figures:
    """One round of this server."""

    async def run(target: Target) -> Figures:
        return [found async for _, found in local(plan, target)][-1]

    with own_server(1) as target:
        return _run(run(target))


def _run(work: Coroutine[None, None, Figures]) -> Figures:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def main() -> None:
    """Measure and print."""
    numbers = [float(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    players, rate, seconds, rounds = (*numbers, *(1000, 5000, 6, 3)[len(numbers) :])
    found: defaultdict[str, list[Figures]] = defaultdict(list)
    for _ in range(int(rounds)):
        for name in (FLOOR, peers.NODE, "python-socketio", OURS, OURS_ACKED):
            share = SLOW.get(name, 1)
            plan = Plan(int(players * share) // 2 * 2, rate * share, seconds, name == OURS_ACKED, "paper-lanterns")
            figures = ours(plan) if name in (OURS, OURS_ACKED) else theirs(name, plan)
            reason = unfair(figures)
            print(f"{name}: {reason or figures.server_us_per_relay}", file=sys.stderr)
            if not reason:
                found[name].append(figures)
    show({name: table(rounds) for name, rounds in found.items()}, "--json" in sys.argv)


def table(rounds: list[Figures]) -> dict[str, float]:
    """Medians of one server's rounds."""
    return {
        "us": median(one.server_us_per_relay or 0 for one in rounds),
        "stores_us": median((one.cpu["stores"] or 0) / max(one.relayed, 1) * 1e6 for one in rounds),
        "p99": median(one.relay_p99 or 0 for one in rounds),
        "lag_p99": median(one.own_lag_p99 or 0 for one in rounds),
        "lost": sum(one.lost + one.out_of_order for one in rounds),
    }


def show(found: dict[str, dict[str, float]], as_json: bool) -> None:
    """One table, or one line of JSON. Ratios: to the floor, to Node, to stock python-socketio."""
    for one in found.values():
        for name, key in ((FLOOR, "to_floor"), (peers.NODE, "to_node"), ("python-socketio", "to_stock")):
            if name in found:
                one[key] = one["us"] / found[name]["us"]
    if as_json:
        print(json.dumps({name: {key: round(value, 3) for key, value in one.items()} for name, one in found.items()}))
        return
    columns = ("us", "to_floor", "to_node", "to_stock", "p99", "lag_p99", "lost")
    print(f"{'CPU a relay':28}" + "".join(f"{column:>10}" for column in columns))
    for name, one in found.items():
        print(f"{name:28}" + "".join(f"{one.get(column, float('nan')):10.2f}" for column in columns))


if __name__ == "__main__":
    main()
