"""Since when players can come and go: while they cannot, nobody loses by being away (ADR 10)."""

from python_duel.duels import repository
from python_duel.platform.clock import Clock
from python_duel.platform.postgres import Database, read_now


class Uptime:
    """What this process says of it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def note(self) -> None:
        """Players can come and go."""
        async with self._database.transaction() as session:
            await repository.note_up(session, self._clock.observe(await read_now(session)))

    async def note_cut_off(self, since: int) -> bool:
        """Those of this process cannot, for a while. Whether those of another can: it has noted so after `since`."""
        async with self._database.transaction() as session:
            return await repository.note_cut_off(session, self._clock.observe(await read_now(session)), since)
