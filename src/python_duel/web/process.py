"""The web process: uvicorn over the application, with a drain before it stops."""

import asyncio
import gc
import os
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn

from python_duel.errors import StartError
from python_duel.platform import backup
from python_duel.platform.process import exit_on_signals
from python_duel.realtime.transport.engine import Engine
from python_duel.settings import Settings
from python_duel.web.app import WebApp
from python_duel.web.handover import Arrivals, HomeProtocol, House

NOTICE_S = 0.5
"""From "not ready" to the word to move: who balances load shall not send those who move back here."""
MOVE_S = 2.0
"""So long clients may take to move; who is still there long after is cut off."""


class Server(uvicorn.Server):
    """uvicorn closes sockets at once on a signal: let their clients move first."""

    def __init__(self, config: uvicorn.Config, app: WebApp, house: House) -> None:
        super().__init__(config)
        self._web, self._house = app, house
        self._draining: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Also let in what other processes have accepted."""
        await super().startup(sockets)
        self._house.open(Arrivals(self._protocol).receive)

    def _protocol(self, read: bytes) -> asyncio.Protocol:
        return HomeProtocol(
            self._house,
            read=read,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain, then stop; a second signal stops at once."""
        if self._draining is None and self.started:
            loop = asyncio.get_event_loop()
            self._draining = loop.create_task(self._drain())
        else:
            self.should_exit = True

    async def _drain(self) -> None:
        try:
            await self._web.retire()
            await asyncio.sleep(NOTICE_S)
            self._close_doors()
            await self._web.drain(MOVE_S)
        finally:
            self.should_exit = True

    def _close_doors(self) -> None:
        """Accept no more: another process of the same address does, or nobody, which whoever comes sees at once."""
        self._house.close()
        for server in self.servers:
            server.close()
        assert self.config.fd is not None
        os.close(self.config.fd)


def websockets(engine: Engine, settings: Settings) -> Callable[..., asyncio.Protocol]:
    """What uvicorn makes for each WebSocket. Raises `StartError` when picows is asked for and missing."""
    if settings.transport != "stock":
        try:
            from python_duel.realtime.transport.fast import FastProtocol  # noqa: PLC0415 - it may not be there

            return partial(FastProtocol, engine, settings.frame_bytes)
        except ImportError as error:
            if settings.transport == "picows":
                raise StartError(f"picows cannot be loaded ({error}): set DUEL_TRANSPORT=stock.") from None
    from python_duel.realtime.transport.stock import StockProtocol  # noqa: PLC0415 - only where it is used

    return StockProtocol


def _upgrade(settings: Settings) -> None:
    """The schema first, outside of uvicorn: it would make a traceback of every refusal."""
    assert settings.database_url is not None
    with exit_on_signals():  # a dump may be stopped in the middle
        backup.upgrade(settings.database_url, settings)


def run(settings: Settings, fd: int) -> None:
    """Serve the listening socket `fd`, and close it, until a signal. Raises `StartError`."""
    app, house = WebApp(settings), House(settings.homes, settings.home)
    config = uvicorn.Config(
        app.asgi,
        fd=fd,
        log_config=None,
        access_log=False,
        server_header=False,
        http=partial(HomeProtocol, house),  # type: ignore[arg-type]
        ws=websockets(app.server.eio, settings),  # type: ignore[arg-type]
        ws_max_size=settings.frame_bytes,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=5,
        lifespan="on",
    )
    _upgrade(settings)
    # The start leaves many long-lived objects: keep the collector off them.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    Server(config, app, house).run()
