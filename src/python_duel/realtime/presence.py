"""Who is there: every open socket of a player in Redis, with a lease, so that a process that dies is noticed."""

from python_duel.platform import keys
from python_duel.platform.clock import Clock
from python_duel.platform.pipelined import HotScript, Pipelined
from python_duel.platform.redis import UNSTARVED

LEASE_MS = 15_000
REFRESH_S = 5.0
WHOLE_MS = 2000 * REFRESH_S
"""After so long every socket has said that it is there, twice."""
ROUNDING_MS = 1000
"""A process' clock is set right now and then."""
TURNED_AWAY_MS = 15_000
"""Who was not let in comes again within it."""

# KEYS presence; ARGV socket, end of its lease, milliseconds that the key lives
LEASE = HotScript(
    UNSTARVED
    + """
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
"""
)

# KEYS presence; ARGV socket that is gone ("": none), now. How many are left.
LEFT = HotScript("""
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('ZCOUNT', KEYS[1], ARGV[2], '+inf')
""")


# KEYS since; ARGV now, milliseconds that the key lives. For how long it has been said, without a break, who is there.
WHOLE = HotScript(
    UNSTARVED
    + """
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return ARGV[1] - redis.call('GET', KEYS[1])
"""
)


class Presence:
    """The sockets of this process, and whether a player has one anywhere."""

    def __init__(self, hot: Pipelined, clock: Clock, process: str) -> None:
        self._hot, self._clock, self._process = hot, clock, process
        self._began: int | None = None
        """When this process asked first whether all are known."""
        self.silent_since: int | None = None
        """When the store was first asked whether all are known and has not answered, unless it has answered since."""
        self._turned_away_at = 0

    async def add(self, player_id: str, sid: str) -> None:
        """A socket opened."""
        await self._hot.call(LEASE, [keys.presence(player_id)], self._lease(sid))

    def refresh(self, player_id: str, sid: str) -> None:
        """A socket of this process is still open. Not waited for: the next one follows soon."""
        self._hot.run(LEASE, [keys.presence(player_id)], self._lease(sid), _unheard)

    def _lease(self, sid: str) -> list[str | bytes | int]:
        return [f"{self._process}/{sid}", self._clock.now() + LEASE_MS, 2 * LEASE_MS]

    async def whole(self) -> bool:
        """Whether all who are there are known: not when the store was emptied or out of reach a moment ago. Asked
        with every heartbeat.
        """
        return self._clock.now() - await self._since() > WHOLE_MS

    async def _since(self) -> int:
        now = self._clock.now()
        self._began = self._began or now
        self.silent_since = self.silent_since or now
        # Shorter than what is left of any lease when a heartbeat begins: it ends before the first of them does.
        keep = int(LEASE_MS - 1000 * REFRESH_S) - 1000
        since = now - int(await self._hot.call(WHOLE, [keys.PRESENCE_SINCE], [now, keep]))
        self.silent_since = None
        return since

    def turn_away(self) -> None:
        """A socket could not be let in."""
        self._turned_away_at = self._clock.now()

    @property
    def turns_away(self) -> bool:
        """Whether players try to come here in vain."""
        return self._clock.now() - self._turned_away_at < TURNED_AWAY_MS

    async def remove(self, player_id: str, sid: str) -> bool:
        """A socket closed; whether the player is there still."""
        return await self._left(player_id, f"{self._process}/{sid}")

    async def there(self, player_id: str) -> bool:
        """Whether the player has an open socket on any process."""
        return await self._left(player_id, "")

    async def known(self, player_id: str) -> bool | None:
        """As `there`; None when a store that was emptied or filled a moment ago knows of no socket."""
        if await self.there(player_id):
            return True
        # Asked after it: what was emptied in between is not whole.
        return False if await self.whole() else None

    async def missed(self, player_id: str) -> bool | None:
        """As `known`, of a player who was here: a store that is new to this process from its beginning has forgotten
        nobody.
        """
        known = await self.known(player_id)
        return False if known is None and await self._since() <= (self._began or 0) + ROUNDING_MS else known

    async def _left(self, player_id: str, gone: str) -> bool:
        return bool(await self._hot.call(LEFT, [keys.presence(player_id)], [gone, self._clock.now()]))


def _unheard(answer: object) -> None:
    pass
