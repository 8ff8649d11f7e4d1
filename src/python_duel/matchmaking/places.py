"""Who waits among the players with a socket on this process: so that a queue that was lost can be made again."""

from collections.abc import Iterable

from python_duel.matchmaking.queue import Place, Queue


class Places:
    """Learns with each heartbeat who holds a ticket."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._known: dict[str, Place] = {}

    def keep(self, player_id: str, place: Place) -> None:
        """The player waits now."""
        self._known[player_id] = place

    def forget(self, player_id: str) -> None:
        """They do not, or not here."""
        self._known.pop(player_id, None)

    async def lease(self, player_ids: list[str], until: int) -> dict[str, Place]:
        """As `Queue.lease`; gives the places of those who waited and have no ticket any more."""
        held = await self._queue.lease(player_ids, until)
        self._known |= held
        return {player_id: self._known[player_id] for player_id in self._missing(player_ids, held)}

    def _missing(self, player_ids: Iterable[str], held: dict[str, Place]) -> set[str]:
        return {player_id for player_id in player_ids if player_id in self._known and player_id not in held}
