"""Valkey as a child process: an append-only file, a unix socket, and two users of which one may do little."""

import hashlib
import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from python_duel.platform.embedded.binaries import Program
from python_duel.platform.embedded.folder import Secrets
from python_duel.platform.process import Process

READY_SECONDS = 60
JUDGE_COMMANDS = (
    "+hello +auth +ping +echo +select +reset +quit +client|id +client|setname +client|setinfo "
    "+multi +exec +discard +watch +unwatch +get +set +setex +del +exists +expire +pexpire +incr "
    "+fcall +hget +hset +hdel +zadd +zrem +zrange +zremrangebyscore "
    "+xadd +xack +xread +xreadgroup +xautoclaim +xclaim +xdel +xlen +xpending +xrange +xtrim +xgroup|create"
)


@dataclass(frozen=True)
class Valkey:
    """One server with its file in `data/valkey`."""

    program: Program
    data: Path
    sockets: Path
    secrets: Secrets
    ephemeral: bool
    keep_fds: Sequence[int]

    @property
    def _socket(self) -> Path:
        return self.sockets / "valkey.sock"

    def url(self, user: str, password: str) -> str:
        """For the redis client."""
        return f"unix://{user}:{password}@{quote(str(self._socket))}?db=0"

    @property
    def web_url(self) -> str:
        """May do everything."""
        return self.url("web", self.secrets.valkey_web)

    @property
    def judge_url(self) -> str:
        """May use `{judge}:*` and read `challenge:*`."""
        return self.url("judge", self.secrets.valkey_judge)

    def process(self) -> Process:
        """The server; writes its configuration first."""
        config = self.sockets / "valkey.conf"
        config.write_text(self._config())
        config.chmod(0o600)
        (self.data / "valkey").mkdir(mode=0o700, exist_ok=True)
        return Process(
            name="Valkey",
            argv=[self.program.path, config],
            environ={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            log=self.data / "valkey.log",
            keep_fds=self.keep_fds,
            death_signal=signal.SIGTERM,  # writes its file to the end
        )

    def _config(self) -> str:
        return "\n".join(
            [
                "port 0",
                f"unixsocket {_quoted(self._socket)}",
                "unixsocketperm 700",
                f"dir {_quoted(self.data / 'valkey')}",
                f"appendonly {'no' if self.ephemeral else 'yes'}",
                'save ""',
                "databases 64",
                "maxmemory-policy noeviction",
                "user default off",
                f"user web on {_hash(self.secrets.valkey_web)} ~* &* +@all",
                f"user judge on {_hash(self.secrets.valkey_judge)} ~{{judge}}:* %R~challenge:* {JUDGE_COMMANDS}",
                "",
            ]
        )

    def wait(self, process: Process) -> None:
        """Waits until it has read its file and answers."""
        process.wait_until(self._ready, READY_SECONDS)

    def _ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self._socket))
                connection.sendall(f"AUTH web {self.secrets.valkey_web}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _hash(password: str) -> str:
    return "#" + hashlib.sha256(password.encode()).hexdigest()
