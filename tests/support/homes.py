"""Web processes on which duels are placed."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from python_duel.platform import embedded
from python_duel.settings import Settings
from tests.support.arena import Arena

NAMES = ("1", "2")


@contextmanager
def two_homes(shared: bool) -> Iterator[Arena]:
    """Two web processes and a judge: on one listening socket, or each on its own."""
    with (
        embedded.stores(None, Settings.model_construct()) as stores,
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        arena = Arena(stores.database_url, stores.redis_url, stores.judge_redis_url, {"DUEL_POLLING": "false"})
        try:
            for name in NAMES:
                if shared:
                    arena.start_web_on(listener, DUEL_HOME=name, DUEL_HOMES=folder)
                else:
                    with socket.create_server(("127.0.0.1", 0)) as own:
                        arena.start_web_on(own, DUEL_HOME=name)
            arena.start_judge()
            arena.wait_ready()
            yield arena
        finally:
            arena.stop()
