"""The web and judge processes: how they are started and what they may know."""

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from python_duel.platform.embedded import Stores
from python_duel.platform.process import Process
from python_duel.settings import Settings

PYTHON = (sys.executable, "-P", "-m", "python_duel")


def web_processes(settings: Settings, stores: Stores, listener: socket.socket, folder: Path) -> list[Process]:
    """Web processes on one listening socket; in `folder` they add up their counters and find each other."""
    host, port = listener.getsockname()[:2]
    environ = {
        **os.environ,
        "DATABASE_URL": stores.database_url,
        "REDIS_URL": stores.redis_url,
        "PROMETHEUS_MULTIPROC_DIR": str(folder),
        "DUEL_BACKUPS": str(settings.backup_folder),
        "DUEL_HOST": host,
        "DUEL_PORT": str(port),
        # Long-polling sends each request anywhere: it needs all of a connection's in one process.
        "DUEL_POLLING": str(settings.polling and settings.web == 1).lower(),
    }
    argv = [*PYTHON, "web", "--fd", str(listener.fileno())]
    homes = folder / "homes"
    homes.mkdir(mode=0o700)
    processes: list[Process] = []
    for n in range(1, settings.web + 1):
        home = {} if settings.web == 1 else {"DUEL_HOME": str(n), "DUEL_HOMES": str(homes)}
        processes.append(Process(name=f"web {n}", argv=argv, environ=environ | home, keep_fds=[listener.fileno()]))
    return processes


def judge_processes(settings: Settings, stores: Stores) -> list[Process]:
    """Judges; they put themselves behind all other processes."""
    environ = {**_without_secrets(os.environ), "DATABASE_URL": "", "REDIS_URL": stores.judge_redis_url}
    return [Process(name=f"judge {n}", argv=[*PYTHON, "judge"], environ=environ) for n in range(1, settings.judges + 1)]


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """What a judge needs: its settings and what makes programs run."""
    return {
        name: value
        for name, value in environ.items()
        if name.startswith(("DUEL_", "LC_")) or name in {"PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH"}
    }
