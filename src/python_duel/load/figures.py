"""What a load run says."""

from array import array
from dataclasses import asdict, dataclass, field
from typing import Any

from python_duel.load.machine import Spent
from python_duel.load.traffic import Record

MOST_LAG_MS = 5.0
"""Above this the generator measures itself."""


def percentile(values: "array[int]", share: float) -> float | None:
    """The value, in milliseconds, below which that share of nanoseconds lies (nearest rank); None without any."""
    if not values:
        return None
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * share // 1))
    return float(round(ordered[int(rank) - 1] / 1e6, 3))


@dataclass(frozen=True, slots=True)
class Figures:
    """One phase of a run. Latencies in milliseconds from the scheduled time; CPU in seconds a second."""

    sent: int
    relayed: int
    lost: int
    out_of_order: int
    refused: int
    relay_p50: float | None
    relay_p99: float | None
    relay_p999: float | None
    relay_max: float | None
    ack_p50: float | None
    ack_p99: float | None
    own_lag_p99: float | None
    cpu: dict[str, float | None]
    server_us_per_relay: float | None
    more: dict[str, Any] = field(default_factory=dict)


def figures(record: Record, spent: Spent, seconds: float, **more: Any) -> Figures:
    """Of one phase."""
    relayed = len(record.relays)
    return Figures(
        sent=record.sent,
        relayed=relayed,
        lost=record.sent - relayed,
        out_of_order=record.out_of_order,
        refused=record.refused,
        relay_p50=percentile(record.relays, 0.5),
        relay_p99=percentile(record.relays, 0.99),
        relay_p999=percentile(record.relays, 0.999),
        relay_max=percentile(record.relays, 1),
        ack_p50=percentile(record.acks, 0.5),
        ack_p99=percentile(record.acks, 0.99),
        own_lag_p99=percentile(record.lags, 0.99),
        cpu={name: value if value is None else round(value, 3) for name, value in asdict(spent).items()},
        server_us_per_relay=None
        if not spent.server or not relayed
        else round(spent.server * seconds / relayed * 1e6, 1),
        more=more,
    )


def unfair(found: Figures) -> str | None:
    """Why a phase may not be reported."""
    lag = found.own_lag_p99
    if lag is None or lag <= MOST_LAG_MS:
        return None
    return (
        f"not reported: this generator itself was {lag} ms late (p99; at most {MOST_LAG_MS:g}). "
        "Lower --rate or --players, quiet this machine, or run the load from another one."
    )


def told(title: str, found: Figures) -> str:
    """For people."""
    cpu = "  ".join(f"{name} {value:.2f}" for name, value in found.cpu.items() if value is not None)
    lines = [
        f"{title}: {found.sent} keystrokes, {found.relayed} relayed, {found.lost} lost, {found.out_of_order} unordered",
        f"  refused    {found.refused}",
        f"  relay ms   p50 {found.relay_p50}  p99 {found.relay_p99}  p99.9 {found.relay_p999}  max {found.relay_max}",
        f"  ack ms     p50 {found.ack_p50}  p99 {found.ack_p99}",
        f"  own lag    p99 {found.own_lag_p99} ms",
        f"  CPU s/s    {cpu}",
    ]
    if found.server_us_per_relay is not None:
        lines.append(f"  server     {found.server_us_per_relay} us of CPU a relay")
    return "\n".join([*lines, *(f"  {name.replace('_', ' ')}: {value}" for name, value in found.more.items())])
