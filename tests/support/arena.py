"""Real parts under test: web processes and a judge on the test's stores, each a child of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field

import httpx

SETTINGS = {
    "DUEL_COUNTDOWN": "0.2",
    "DUEL_SUBMIT_INTERVAL": "0.001",
    "DUEL_RUN_INTERVAL": "0.001",
    "DUEL_LOG_LEVEL": "warning",
}
READY_S = 90


@dataclass
class Web:
    """One web process on a port of its own."""

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """SIGKILL, as a crash would be."""
        self.process.kill()
        self.process.wait()


@dataclass
class Arena:
    """Web processes and judges on one pair of stores."""

    database_url: str
    redis_url: str
    judge_redis_url: str
    settings: dict[str, str] = field(default_factory=dict)
    module: str = "python_duel"
    """What runs as a web process."""
    webs: list[Web] = field(default_factory=list)
    judges: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_web(self, port: int = 0) -> Web:
        """One more web process; it may not answer yet."""
        with socket.create_server(("127.0.0.1", port)) as listener:
            return self.start_web_on(listener)

    def start_web_on(self, listener: socket.socket, **settings: str) -> Web:
        """As `start_web`, on a listening socket, with settings of its own."""
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        command = [sys.executable, "-m", self.module, "web", "--fd", str(listener.fileno())]
        stores = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        environ = self._environment({**stores, **settings})
        web = Web(url, subprocess.Popen(command, env=environ, pass_fds=[listener.fileno()]))
        self.webs.append(web)
        return web

    def start_judge(self) -> subprocess.Popen[bytes]:
        """One more judge."""
        command = [sys.executable, "-m", "python_duel", "judge"]
        judge = subprocess.Popen(command, env=self._environment({"REDIS_URL": self.judge_redis_url}))
        self.judges.append(judge)
        return judge

    def wait_ready(self) -> None:
        """Return when every web process answers and sees a judge."""
        asyncio.run(self._wait_ready())

    async def _wait_ready(self) -> None:
        path = "/readyz"
        async with httpx.AsyncClient() as http, asyncio.timeout(READY_S):
            for web in self.webs:
                while web.process.poll() is None:
                    try:
                        if (await http.get(web.url + path)).status_code == 200:
                            break
                    except httpx.TransportError:
                        pass
                    await asyncio.sleep(0.05)
                else:
                    raise AssertionError(f"a web process ended with {web.process.returncode}")

    def stop(self) -> None:
        """End everything that is still there."""
        children = [*(web.process for web in self.webs), *self.judges]
        for child in children:
            child.send_signal(signal.SIGTERM)
        for child in children:
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _environment(self, stores: dict[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DUEL_")}
        return {**inherited, **SETTINGS, **self.settings, **stores}
