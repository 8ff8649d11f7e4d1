"""Every setting, from the environment and `.env`. No secret has a default: it is generated or given."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Level = Literal["full", "no-userns", "seccomp"]
Positive = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """Names in the environment: `DUEL_` and the field in capitals; the store URLs are plain. Spans are in seconds."""

    model_config = SettingsConfigDict(
        env_prefix="DUEL_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """`postgresql://...`, with `?sslmode=require` for TLS; unset: the embedded PostgreSQL."""
    redis_url: str | None = Field(default=None, validation_alias="REDIS_URL")
    """`redis://...`, `rediss://...` or `unix://...`; unset: the embedded Valkey."""
    data: Path = Path.home() / ".local" / "share" / "python-duel"
    """Where the embedded stores keep their data."""
    backups: Path | None = None
    """Where a dump goes before the schema changes or a backup is restored; unset: `backups` in the data folder."""
    migration_backup: bool = True
    """Whether the database is dumped before its schema changes."""
    host: str = "127.0.0.1"
    """The address that the web listens on; 0.0.0.0 for a LAN."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """The port that the web listens on; 0: any free one."""
    web: Annotated[int, Field(ge=1, le=64)] = 1
    """Web processes started by `serve`."""
    judges: Annotated[int, Field(ge=1, le=64)] = 1
    """Judge processes started by `serve`."""
    allowed_origins: list[str] = []
    """Origins beside the server's own that may open a socket."""
    secure_cookies: bool = False
    """Set behind TLS: the session cookie gets `Secure` and the `__Host-` prefix."""
    polling: bool = True
    """Long-polling beside WebSocket; needs one web process an address."""

    transport: Literal["auto", "picows", "stock"] = "auto"
    """What carries WebSocket frames: picows, uvicorn's own code (slower), or picows wherever it can be loaded."""

    home: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,32}$")] = ""
    """This web process' name: duels are placed on it, and `/home/<name>/socket.io` must lead to it."""
    homes: Path | None = None
    """A private folder by which the web processes on one listening socket hand connections to each other."""

    code_bytes: Annotated[int, Field(ge=1024, le=1 << 20)] = 65_536
    """The longest code, in bytes of UTF-8."""
    frame_bytes: Annotated[int, Field(ge=4096, le=1 << 22)] = 131_072
    """The largest Socket.IO frame, in bytes."""
    edits_per_second: Positive = 40
    """Edits a player may send in the long run."""
    edit_burst: Annotated[int, Field(ge=1)] = 80
    """Edits a player may send at once."""
    submit_interval: Positive = 3
    """Seconds between two submissions of a player."""
    run_interval: Positive = 1
    """Seconds between two sample runs of a player."""
    minutes: Positive = 15
    """Minutes from the start of a duel to its deadline."""
    reconnect_grace: Positive = 60
    """Seconds that a player may be away before the duel counts as abandoned."""
    countdown: Annotated[float, Field(ge=0)] = 3
    """Seconds between a pairing and the start of its duel."""
    judge_queue: Annotated[int, Field(ge=1)] = 1000
    """Jobs waiting before submissions are refused as busy."""
    session_days: Positive = 90
    """Days that a session lasts."""

    judge_slots: Annotated[int, Field(ge=0, le=256)] = 0
    """Programs one judge process runs at once; 0: one a core."""
    min_level: Level = "seccomp"
    """The weakest isolation under which a judge starts."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least serious messages that are logged."""
    log_json: bool = False
    """Log JSON lines instead of text."""

    @property
    def backup_folder(self) -> Path:
        """Where backups go that nobody has named."""
        return (self.backups or self.data / "backups").expanduser().absolute()


@cache
def settings() -> Settings:
    """The settings in force in this process."""
    return Settings()


def unknown_names(environ: Mapping[str, str] = os.environ) -> list[str]:
    """`DUEL_*` names that no setting has: probably typing errors."""
    known = {f"DUEL_{name.upper()}" for name in Settings.model_fields} - {"DUEL_DATABASE_URL", "DUEL_REDIS_URL"}
    return sorted(n for n in environ if n.upper().startswith("DUEL_") and n.upper() not in known)
