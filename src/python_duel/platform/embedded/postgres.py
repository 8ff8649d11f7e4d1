"""PostgreSQL as a child process: made once, reached over a unix socket by one unprivileged role."""

import os
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from python_duel.platform.embedded.binaries import Program
from python_duel.platform.process import Process

ROLE = DATABASE = "duel"
READY_SECONDS = 60
"""Recovery after a kill may take a while on a slow disk."""
SAFE = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For data that nobody will miss."""


@dataclass(frozen=True)
class Postgres:
    """One database cluster in `data/postgres<major>`."""

    program: Program
    data: Path
    sockets: Path
    password: str = field(repr=False)
    ephemeral: bool
    keep_fds: Sequence[int]

    @property
    def cluster(self) -> Path:
        """The cluster's folder."""
        return self.data / f"postgres{self.program.version}"

    @property
    def url(self) -> str:
        """For the web processes. The socket's folder goes where a host name would not fit."""
        return f"postgresql://{ROLE}:{self.password}@/{DATABASE}?host={quote(str(self.sockets))}"

    def create(self) -> None:
        """Makes the cluster if there is none. It is named when it is whole: a kill on the way damages nothing."""
        if self.cluster.exists():
            return
        draft = self.cluster.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        self._process(self._initdb(draft)).run()
        (draft / "pg_hba.conf").write_text(f"local all {ROLE} scram-sha-256\n")
        no_sync = ["-F"] if self.ephemeral else []
        self._process([self.program.path, "--single", *no_sync, "-D", draft, "postgres"]).run(self._first_sql())
        draft.rename(self.cluster)

    def _initdb(self, draft: Path) -> list[str | Path]:
        builtin = ["--locale-provider=builtin"] if self.program.version >= 17 else []
        no_sync = ["--no-sync"] if self.ephemeral else []
        options = ["--username=postgres", *builtin, "--locale=C.UTF-8", "--encoding=UTF8", "--auth=reject", *no_sync]
        return [self.program.path.with_name("initdb"), "--pgdata", draft, *options]

    def _first_sql(self) -> str:
        """One statement a line, as the single-user server wants. The password has only URL-safe characters."""
        return (
            f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{self.password}'\nCREATE DATABASE {DATABASE} OWNER {ROLE}\n"
        )

    def process(self) -> Process:
        """The server."""
        quoted = str(self.sockets).replace('"', '""')
        settings = {**SAFE, **(FAST if self.ephemeral else {}), "unix_socket_directories": f'"{quoted}"'}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._process([self.program.path, "-D", self.cluster, *options])

    def _process(self, argv: Sequence[str | Path]) -> Process:
        return Process(
            name="PostgreSQL",
            argv=argv,
            environ={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            log=self.data / "postgres.log",
            keep_fds=self.keep_fds,
            stop_signal=signal.SIGINT,  # "fast": open sessions are ended
            kill_signal=signal.SIGQUIT,  # takes its own children along
            death_signal=signal.SIGQUIT,
            user_namespace=os.getuid() == 0,
        )

    def wait(self, process: Process) -> None:
        """Waits until it takes connections, as pg_ctl does: by the last line of its pid file."""
        process.wait_until(lambda: self._ready(process), READY_SECONDS)

    def _ready(self, process: Process) -> bool:
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and (lines[0], lines[7].strip()) == (str(process.pid), "ready")
