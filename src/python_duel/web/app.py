"""The composition root of the web process: the one place that knows every part."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import socketio
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from python_duel import __version__
from python_duel.challenges import endpoints as challenge_endpoints
from python_duel.challenges.service import Challenges
from python_duel.duels import endpoints as duel_endpoints
from python_duel.duels.homes import Homes
from python_duel.duels.jobs import Jobs
from python_duel.duels.journal import Journal
from python_duel.duels.results import Results
from python_duel.duels.service import Duels
from python_duel.duels.timers import Timers
from python_duel.duels.uptime import Uptime
from python_duel.errors import StartError
from python_duel.matchmaking.queue import Queue
from python_duel.matchmaking.service import Matchmaking
from python_duel.platform import redis as redis_store
from python_duel.platform.bundled import bundled
from python_duel.platform.bus import Bus
from python_duel.platform.clock import Clock
from python_duel.platform.pipelined import Pipelined
from python_duel.platform.postgres import Database
from python_duel.players import endpoints as player_endpoints
from python_duel.players.service import Players
from python_duel.realtime.hub import Hub
from python_duel.realtime.namespace import Namespace
from python_duel.realtime.neighbours import Neighbours
from python_duel.realtime.presence import Presence
from python_duel.realtime.server import make_server
from python_duel.realtime.services import FactsLoader, Services
from python_duel.realtime.writing import Writing
from python_duel.settings import Settings
from python_duel.web import health, problems
from python_duel.web.background import Background
from python_duel.web.guard import Guard
from python_duel.web.pages import Pages

API = "/api/v1"
LATE_S = 1.0
"""Of clients that move at the last moment, by their own clock."""
DONE_S = 5.0
"""What clients have asked for is finished within it, or undone, before the stores are let go."""


class WebApp:
    """The ASGI application, and what must be told when the process stops."""

    def __init__(self, settings: Settings) -> None:
        if settings.database_url is None or settings.redis_url is None:
            raise StartError("`web` needs DATABASE_URL and REDIS_URL; `serve` brings its own stores.")
        clock, database = Clock(), Database(settings.database_url)
        redis = redis_store.connect(settings.redis_url)
        hot = Pipelined(redis)
        bus, challenges = Bus(redis, hot), Challenges(database, settings.code_bytes)
        self._homes = Homes(hot, clock, settings.home)
        duels = Duels(
            database,
            Journal(hot, bus.process),
            Jobs(redis, settings.judge_queue),
            Timers(redis, clock),
            bus,
            challenges,
            clock,
            self._homes,
        )
        players = Players(database, clock, settings.session_days)
        server = make_server(settings)
        services = _services(settings, clock, redis, hot, bus, players, duels)
        self._database, self._redis, self._hot, self._bus, self._challenges = database, redis, hot, bus, challenges
        self.server = server
        self.namespace = Namespace(server, services)
        self.health = health.Health(database, redis)
        self._background = Background(services, Results(duels), server.eio.beat, self.namespace)
        api = _http(self._lifespan, self.health, _routers(services, challenges))
        self.asgi: ASGIApp = socketio.ASGIApp(server, Guard(api, settings))

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        await self._challenges.seed(bundled("challenges"))
        await self._hot.start()
        await self._bus.start()
        try:
            async with self._background:
                yield
        finally:
            await self.namespace.done(DONE_S)
            await self._bus.stop()
            await self._hot.close()
            await self._redis.aclose()
            await self._database.close()

    async def retire(self) -> None:
        """Not ready any more, and no home of new duels: this process stops in a moment."""
        self.health.draining = True
        await self._homes.leave()

    async def drain(self, within_s: float) -> None:
        """Tell the sockets to move within that time, and finish what was taken off the queues. Returns when both are
        done, or when whoever is late has been waited for.
        """
        self.namespace.drain(int(within_s * 1000))
        within_s += LATE_S
        await asyncio.gather(self.namespace.moved(within_s), self._background.finish(within_s))


def _services(
    settings: Settings,
    clock: Clock,
    redis: redis_store.Redis,
    hot: Pipelined,
    bus: Bus,
    players: Players,
    duels: Duels,
) -> Services:
    loader = FactsLoader(duels, clock, settings.code_bytes)
    hub = Hub(bus, duels.journal, Neighbours(bus), loader.load)
    writing = loader.writing = Writing(duels, hub, settings.code_bytes)
    return Services(
        settings=settings,
        clock=clock,
        redis=redis,
        bus=bus,
        players=players,
        duels=duels,
        matchmaking=Matchmaking(Queue(redis), duels, clock, settings),
        presence=Presence(hot, clock, bus.process),
        uptime=Uptime(duels.database, clock),
        hub=hub,
        writing=writing,
    )


def _routers(services: Services, challenges: Challenges) -> list[APIRouter]:
    return [
        player_endpoints.router(services.players, services.duels.active, services.bus, services.settings),
        challenge_endpoints.router(challenges, services.duels.languages),
        duel_endpoints.router(
            services.duels, challenges, services.clock, player_endpoints.viewer(services.players)
        ),
    ]


def _http(lifespan: object, state: health.Health, routers: list[APIRouter]) -> FastAPI:
    app = FastAPI(
        title="Python-Duel",
        version=__version__,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,  # type: ignore[arg-type]
    )
    problems.install(app)
    for router in routers:
        app.include_router(router, prefix=API)
    app.include_router(health.router(state))
    app.mount("/", Pages(bundled("web/dist")), name="pages")
    return app
