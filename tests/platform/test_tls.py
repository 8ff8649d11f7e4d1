"""`DATABASE_URL` as every client reads it, and a PostgreSQL that takes nobody without TLS."""

import asyncio
import glob
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from python_duel.errors import StartError
from python_duel.platform import backup
from python_duel.platform.embedded.binaries import Program
from python_duel.platform.embedded.postgres import Postgres
from python_duel.platform.postgres import LIBPQ_ONLY, Database, dsn, migrate


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgresql://u:p@h:1/d", "postgresql://u:p@h:1/d"),
        ("postgres://h/d?sslmode=require", "postgresql://h/d?sslmode=require"),
        ("postgresql+asyncpg://u@h/d?ssl=verify-full", "postgresql://u@h/d?sslmode=verify-full"),
        ("postgresql://h/d?ssl=disable&sslmode=require", "postgresql://h/d?sslmode=require"),
        ("postgresql://u:p%40+%3F@/d?host=/a%20b%2Bc", "postgresql://u:p%40+%3F@/d?host=%2Fa%20b%2Bc"),
        ("postgresql://u@/d?host=a&host=b", "postgresql://u@/d?host=a%2Cb"),
        ("postgresql://h/d?channel_binding=prefer", "postgresql://h/d?channel_binding=prefer"),
    ],
)
def test_one_url_is_for_all(given: str, read: str) -> None:
    assert dsn(given) == read


def test_what_only_the_programs_know_is_not_for_the_servers_driver() -> None:
    url = "postgresql://h/d?channel_binding=prefer&sslmode=require&connect_timeout=5"
    assert dsn(url, LIBPQ_ONLY) == "postgresql://h/d?sslmode=require"


@pytest.mark.parametrize("nonsense", ["localhost", "postgresql://h:port/d"])
def test_what_is_no_url_is_refused(nonsense: str) -> None:
    with pytest.raises(StartError, match="DATABASE_URL"):
        dsn(nonsense)


def test_a_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(StartError, match=r"sslmode.*DATABASE_URL\.$"):
        asyncio.run(migrate("postgresql://127.0.0.1:9/d?sslmode=safe"))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL of this system: the wheel's is built without TLS. Its certificate is for 127.0.0.1."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), reverse=True)
    if not found:
        pytest.skip("no PostgreSQL with TLS on this machine: the system has none")
    data = tmp_path_factory.mktemp("secured")
    certificate, key = data / "server.crt", data / "server.key"
    subject = ["-subj", "/CN=duel", "-addext", "subjectAltName=IP:127.0.0.1"]
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*new, *subject], check=True, capture_output=True)
    postgres = Postgres(Program(Path(found[0]), int(found[0].split("/")[4])), data, data, "secret", True, ())
    postgres.create()
    (postgres.cluster / "pg_hba.conf").write_text("hostssl all duel 127.0.0.1/32 scram-sha-256\n")
    server = postgres.process()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    over = {"listen_addresses": "127.0.0.1", "port": port, "ssl": "on", "ssl_cert_file": certificate}
    over["ssl_key_file"] = key
    server.argv = [*server.argv, *(f"--{name}={value}" for name, value in over.items())]
    server.start()
    postgres.wait(server)
    yield f"postgresql://duel:secret@127.0.0.1:{port}/duel?sslrootcert={certificate}"
    server.stop()


@pytest.mark.parametrize("how", ["sslmode=require", "ssl=require", "sslmode=verify-full"])
def test_every_client_speaks_tls(secured: str, tmp_path: Path, how: str) -> None:
    url = f"{secured}&{how}"
    asyncio.run(migrate(url))
    assert asyncio.run(encrypted(url))
    assert asyncio.run(backup.holds(url))[0] is False
    backup.dump(url, tmp_path / "all.dump")
    backup.restore(url, tmp_path / "all.dump")


async def encrypted(url: str) -> bool:
    """Whether the server's pool of connections is."""
    database = Database(url, pool_size=1)
    async with database.transaction() as session:
        found = await session.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
    await database.close()
    return bool(found.scalar_one())


def test_without_it_nobody_is_let_in(secured: str) -> None:
    with pytest.raises(StartError, match="no encryption"):
        asyncio.run(backup.holds(f"{secured}&sslmode=disable"))
