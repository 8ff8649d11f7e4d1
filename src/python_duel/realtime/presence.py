"""Who is there: every open socket of a player in Redis, with a lease, so that a process that dies is noticed.

Key `presence:<player>`: sorted set of `process/socket` by the end of its lease (ms).
"""

from python_duel.platform.clock import Clock
from python_duel.platform.redis import Redis

LEASE_MS = 15_000
REFRESH_S = 5.0


def _key(player_id: str) -> str:
    return f"presence:{player_id}"


class Presence:
    """The sockets of this process, and whether a player has one anywhere."""

    def __init__(self, redis: Redis, clock: Clock, process: str) -> None:
        self._redis, self._clock, self._process = redis, clock, process

    async def add(self, player_id: str, sid: str) -> None:
        """A socket opened."""
        await self.refresh([(player_id, sid)])

    async def refresh(self, sockets: list[tuple[str, str]]) -> None:
        """These sockets of this process are still open: `(player, socket)`."""
        until = self._clock.now() + LEASE_MS
        pipe = self._redis.pipeline(transaction=False)
        for player_id, sid in sockets:
            pipe.zadd(_key(player_id), {f"{self._process}/{sid}": until})
            pipe.pexpire(_key(player_id), 2 * LEASE_MS)
        await pipe.execute()

    async def remove(self, player_id: str, sid: str) -> bool:
        """A socket closed; whether the player is there still."""
        await self._redis.zrem(_key(player_id), f"{self._process}/{sid}")
        return await self.there(player_id)

    async def there(self, player_id: str) -> bool:
        """Whether the player has an open socket on any process."""
        return bool(await self._redis.zcount(_key(player_id), self._clock.now(), "+inf"))
