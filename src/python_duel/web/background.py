"""What a web process does unasked: timers, verdicts, heartbeats and the sweep after crashes."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import structlog

from python_duel.duels.homes import SAY_S
from python_duel.duels.recovery import Recovery
from python_duel.duels.results import Results
from python_duel.platform.postgres import START_S
from python_duel.platform.redis import LOST, RedisError
from python_duel.platform.stores import AWAY, log_failure
from python_duel.platform.tasks import end
from python_duel.protocol.server import QueueMatched
from python_duel.realtime.namespace import Namespace
from python_duel.realtime.presence import REFRESH_S, ROUNDING_MS
from python_duel.realtime.services import Services

SWEEP_S = 5.0
NEWS_MS = 30_000
"""A duel that has begun earlier is no news to its players: they have it open elsewhere."""
CUT_OFF_MS = 3_000
"""A store that has been silent for so long is out of reach: other processes take the players here for gone before long."""
MOVE_MS = 30_000
"""After so long players are better off elsewhere: here nothing that they do is taken."""
SLICES = 50
"""Of a heartbeat."""
Work = Callable[[], Coroutine[Any, Any, None]]
log = structlog.get_logger(__name__)


class Background:
    """Tasks that live as long as the process, as an async context."""

    def __init__(self, services: Services, results: Results, beat: Work, sockets: Namespace) -> None:
        """`beat`: pings."""
        self._services, self._results, self._beat, self._sockets = services, results, beat, sockets
        self._recovery = Recovery(services.duels)
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping, self._deaf = asyncio.Event(), asyncio.Event()
        services.hub.deaf = self._deaf.set

    async def __aenter__(self) -> Self:
        """Start."""
        duels, process = self._services.duels, self._services.bus.process
        await duels.set_clock(START_S)
        self._tasks = [
            asyncio.create_task(duels.timers.run(self._tick, self._stopping), name="timers"),
            asyncio.create_task(
                duels.jobs.consume(process, self._results.apply, duels.database.back, self._stopping), name="results"
            ),
            asyncio.create_task(self._heartbeat(), name="heartbeat"),
            asyncio.create_task(self._beat(), name="pings"),
            asyncio.create_task(self._sweep(), name="sweep"),
            asyncio.create_task(self._say(), name="homes"),
            asyncio.create_task(self._note_up(), name="uptime"),
            asyncio.create_task(self._catch_up(), name="gap"),
        ]
        return self

    async def finish(self, within_s: float) -> None:
        """Take no more timers and verdicts, and wait, but no longer than that, for those at hand: nobody else could
        have them before their leases are over.
        """
        self._stopping.set()
        takers = [task for task in self._tasks if task.get_name() in ("timers", "results")]
        if takers:
            await asyncio.wait(takers, timeout=within_s)

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """Stop."""
        await end(self._tasks)

    async def _heartbeat(self) -> None:
        """Say of every socket that it is open, a few at a time: thousands at once would hold up the relay."""
        while True:
            sockets = self._services.hub.sockets()
            with _logged("presence"):
                if not await self._services.presence.whole():
                    await self._services.writing.put_all_back()
            for n in range(SLICES):
                try:
                    await self._beat_slice(sockets[n::SLICES])
                except Exception as error:  # noqa: BLE001 - whatever it is: without this everybody here counts as gone
                    log.warning("the heartbeat failed", error=repr(error))
                await asyncio.sleep(REFRESH_S / SLICES)

    async def _tick(self, duel_id: str) -> None:
        await self._recovery.tick(duel_id, self._services.presence.missed)

    async def _note_up(self) -> None:
        """Look at the clock, and say that players can come and go: both stores answer, and so does this process."""
        while True:
            with _logged("uptime"):
                try:
                    await self._services.presence.whole()
                except (*LOST, RedisError):
                    await self._note_cut_off()
                    raise
                await self._services.uptime.note()
            await asyncio.sleep(SWEEP_S)

    async def _note_cut_off(self) -> None:
        """Nobody loses because the process that they are at, or come to, cannot reach the store. Those who have waited
        for it for too long are sent to other processes, if these can.
        """
        services, presence = self._services, self._services.presence
        silent_since = presence.silent_since or services.clock.now()
        silent = services.clock.now() - silent_since
        if silent < CUT_OFF_MS or not (services.hub.players or presence.turns_away):
            return
        try:
            elsewhere = await services.uptime.note_cut_off(silent_since + ROUNDING_MS)
        except AWAY:
            elsewhere = services.duels.homes.others
        if elsewhere and silent >= MOVE_MS:
            self._sockets.send_elsewhere()

    async def _say(self) -> None:
        """Where duels may live, and how many sockets are here."""
        services = self._services
        while True:
            try:
                await services.duels.homes.say(len(services.hub.sockets()))
            except (*LOST, RedisError) as error:
                log.warning("the homes are not known", error=str(error))
            await asyncio.sleep(SAY_S)

    async def _beat_slice(self, sockets: list[tuple[str, str]]) -> None:
        """`sockets`: some that were open when the round began."""
        services, hub = self._services, self._services.hub
        still = [(player_id, sid) for player_id, sid in sockets if hub.has(player_id, sid)]
        for player_id, sid in still:
            services.presence.refresh(player_id, sid)
        try:
            await services.matchmaking.beat([player_id for player_id, _ in still])
        finally:
            for player_id, sid in still:
                if not hub.has(player_id, sid):
                    services.matchmaking.places.forget(player_id)  # it learnt of them after they had left

    async def _catch_up(self) -> None:
        """After a gap on the bus: who was put into a duel meanwhile may wait for it still, who has signed out be here."""
        while True:
            await self._deaf.wait()
            self._deaf.clear()
            try:
                await self._tell_matched()
                await self._sockets.close_ended()
            except Exception as error:  # noqa: BLE001 - whatever it is
                log_failure(log, "players could not be told what they missed; once more in a moment", error)
                self._deaf.set()
                await asyncio.sleep(SWEEP_S)

    async def _tell_matched(self) -> None:
        hub, duels = self._services.hub, self._services.duels
        players, newer = list(hub.players), duels.clock.now() - NEWS_MS
        for player_id, seat in zip(players, await asyncio.gather(*map(duels.seat, players)), strict=True):
            if seat and seat.starts_at > newer:
                matched = QueueMatched(duel_id=seat.duel_id, home=await duels.homes.of(seat.duel_id))
                hub.remind(player_id, matched.model_dump(exclude_none=True))

    async def _sweep(self) -> None:
        """One process at a time, whoever gets the lock first."""
        services = self._services
        while True:
            with _logged("duels"):
                if await services.redis.set("sweeper", services.bus.process, nx=True, px=int(SWEEP_S * 1000)):
                    # Apart: what one can never finish must not keep the other from its work.
                    with _logged("queue"):
                        await services.matchmaking.sweep(services.presence.known)
                    await self._recovery.sweep(services.presence.known)
            await asyncio.sleep(SWEEP_S)


@contextmanager
def _logged(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is
        log_failure(log, "a sweep failed; the next one tries again", error, of=what)
