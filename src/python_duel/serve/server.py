"""The composition of `serve`."""

import asyncio
import time
import urllib.request
from contextlib import ExitStack

import structlog

from python_duel.errors import StartError
from python_duel.platform import embedded, ui_build
from python_duel.platform import log as logs
from python_duel.platform.embedded import Stores
from python_duel.platform.listen import listen, url
from python_duel.platform.process import Process
from python_duel.platform.runtime import runtime
from python_duel.serve.children import judge_processes, web_processes
from python_duel.serve.greeting import greet, say
from python_duel.serve.keeper import Keeper
from python_duel.serve.signals import stopped_by_signals
from python_duel.settings import Settings

log = structlog.get_logger(__name__)
READY_SECONDS = 90
TICK = 0.1
"""Seconds between two looks at the children."""
STORE_PAUSE = 5
"""Seconds before a store that could not be started is tried again."""
STOP_SECONDS = 15
"""Seconds for a child's own clean stop."""


def serve(settings: Settings, *, ephemeral: bool) -> None:
    """Runs until a signal ends it. Raises StartError, with nothing left running, when it cannot start."""
    logs.configure(settings, "serve")
    processes: list[Process] = []
    with stopped_by_signals(processes), ExitStack() as stack:
        listener = stack.enter_context(listen(settings.host, settings.port))
        folder = stack.enter_context(runtime()).folder
        data = None if ephemeral else settings.data.expanduser().absolute()
        stores = stack.enter_context(embedded.stores(data, settings))
        ui_build.ensure(say)
        judges = judge_processes(settings, stores)
        webs = web_processes(settings, stores, listener, folder)
        processes += [*stores.processes, *judges, *webs]
        # Unwound from the last to the first: web, judges, stores.
        keepers = [*_start(judges, stack), *_start(webs, stack)]
        # The database library loads while the children start.
        from python_duel.platform.backup import upgrade  # noqa: PLC0415
        from python_duel.players.admin import issue_link  # noqa: PLC0415

        # The web processes would do it, one of them, but in the time in which they must be ready.
        upgrade(stores.database_url, settings)
        port = listener.getsockname()[1]
        _wait_until_ready(url(settings.host, port), keepers)
        greet(settings.host, port, asyncio.run(issue_link(stores.database_url)))
        while True:
            _look_after(stores, keepers)


def _start(processes: list[Process], stack: ExitStack) -> list[Keeper]:
    stack.callback(_stop, processes)
    for process in processes:
        process.start()
    return [Keeper(process) for process in processes]


def _stop(processes: list[Process]) -> None:
    for process in processes:
        process.signal(process.stop_signal)
    for process in processes:
        process.join(STOP_SECONDS)


def _wait_until_ready(address: str, keepers: list[Keeper]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _answers(f"{address}/readyz"):
        for keeper in keepers:
            keeper.raise_if_hopeless()
            keeper.tick(time.monotonic())
        if time.monotonic() > deadline:
            raise StartError(f"{address}/readyz was not ready within {READY_SECONDS} s: see above", exit_code=3)
        time.sleep(TICK / 2)


def _answers(address: str) -> bool:
    # Never by way of a proxy that the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _look_after(stores: Stores, keepers: list[Keeper]) -> None:
    try:
        stores.restart_dead()
    except (StartError, OSError) as error:
        # A full disk, for example: whoever makes room there need do nothing else.
        log.error("a store cannot be started; it is tried again", error=str(error), again_in=STORE_PAUSE)
        time.sleep(STORE_PAUSE)
    for keeper in keepers:
        keeper.tick(time.monotonic())
    time.sleep(TICK)
