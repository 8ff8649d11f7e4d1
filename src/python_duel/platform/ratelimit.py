"""Limits on how often: credit for a connection in memory, one event a span for an account in Redis."""

from time import monotonic

from python_duel.errors import RateLimited
from python_duel.platform.redis import Redis


class Credit:
    """A token bucket: `rate` a second, `burst` at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at = float(burst), monotonic()

    def spend(self, cost: int = 1) -> int:
        """Take `cost`; 0 when there was so much, else the milliseconds until there will be."""
        now = monotonic()
        level = self._level + (now - self._at) * self._rate
        if level > self._burst:  # noqa: PLR1730 - min() takes three times as long, and this is asked for every keystroke
            level = self._burst
        self._at = now
        if level >= cost:
            self._level = level - cost
            return 0
        self._level = level
        return int((cost - level) / self._rate * 1000) + 1


async def once_per(redis: Redis, key: str, seconds: float, what: str, event: str) -> None:
    """Let one `event` of `key` through each span, over all processes, and that one again if what followed failed;
    raises `RateLimited` for the others.
    """
    milliseconds = int(seconds * 1000)
    if milliseconds <= 0:
        return
    if await redis.set(f"limit:{key}", event, px=milliseconds, nx=True, get=True) in (None, event):
        return
    left = max(1, await redis.pttl(f"limit:{key}"))
    raise RateLimited(f"Too many {what}: try again in {left / 1000:.1f} s.", retry_after_ms=left)
