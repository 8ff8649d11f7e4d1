"""What the event handlers work with; `web` puts it together."""

from dataclasses import dataclass

from python_duel.duels.document import Document
from python_duel.duels.models import Duel
from python_duel.duels.service import Duels
from python_duel.duels.uptime import Uptime
from python_duel.matchmaking.service import Matchmaking
from python_duel.platform.bus import Bus
from python_duel.platform.clock import Clock
from python_duel.platform.redis import Redis
from python_duel.players.service import Players
from python_duel.realtime.hub import Hub
from python_duel.realtime.presence import Presence
from python_duel.realtime.room import Enter
from python_duel.realtime.views import Facts
from python_duel.realtime.writing import Writing
from python_duel.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The features, and the sockets of this process."""

    settings: Settings
    clock: Clock
    redis: Redis
    bus: Bus
    players: Players
    duels: Duels
    matchmaking: Matchmaking
    presence: Presence
    uptime: Uptime
    hub: Hub
    writing: Writing


class FactsLoader:
    """Reads what a snapshot is made of. What this process relayed may be an edit ahead of what is stored; once the duel
    is over only what is stored counts.
    """

    def __init__(self, duels: Duels, clock: Clock, code_bytes: int) -> None:
        self._duels, self._clock, self._code_bytes = duels, clock, code_bytes
        self.writing: Writing | None = None

    async def load(self, duel_id: str, enter: Enter | None = None) -> Facts:
        """Everything about a duel now; raises `NotFound`. `enter` is called before the documents are read."""
        duels = self._duels
        duel = await duels.get(duel_id)
        if enter:
            await enter(duel)
        package = await duels.package(duel)
        documents = {}
        for player in duel.players:
            stored = await duels.archive.document(duel, player, package)
            relayed = self._relayed(duel, player.player_id)
            documents[player.player_id] = relayed if relayed and relayed.seq > stored.seq else stored
        return Facts(
            duel=duel,
            package=package,
            documents=documents,
            now=self._clock.now(),
            code_bytes=self._code_bytes,
            languages=await duels.languages(),
            home=None if duel.status == "finished" else await duels.homes.of(duel_id),
            rematch_id=await duels.rematch_id(duel_id) if duel.status == "finished" else None,
        )

    def _relayed(self, duel: Duel, player_id: str) -> Document | None:
        if self.writing is None or duel.status == "finished":
            return None
        return self.writing.document(duel.id, player_id)
