"""PostgreSQL: the engine, one transaction a unit of work, and the migrations."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache, partial
from typing import Any, TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import BigInteger, MetaData, event, func, select, text
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql import ColumnElement

from python_duel.errors import StartError
from python_duel.platform.bundled import bundled

MIGRATION_LOCK = 0x4455454C  # "DUEL"

Transaction = AsyncSession
"""One unit of work on the database."""
Conflict = IntegrityError
"""A constraint refused what a transaction did."""


class Trouble(OSError):
    """The database did not do it, for reasons of its own: no space, no time, no memory, another transaction."""


class Clash(Trouble):
    """Two transactions stood in each other's way, and this one was given up: nothing of it stands."""


AWAY = (OSError, InterfaceError, OperationalError, asyncpg.PostgresConnectionError)
"""What a transaction raises when the database is away, stops, is silent (TimeoutError is an OSError), has no connection
left, or is in trouble.
"""
UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What asyncpg raises when it cannot connect; the last one is of parameters that make no sense."""
TROUBLE = ("08", "25P03", "40", "53", "55P03", "57", "58", "XX")
"""SQLSTATEs, or how they begin (PostgreSQL's manual, appendix A), for which nobody who asked is to blame."""
CLASHES = ("40001", "40P01")
"""A serialization failure and a deadlock."""
TRIES = 5
CLASH_PAUSE_S = 0.05
CONNECT_S = 3.0
TURN_S = 10.0
"""For the turn to have a connection: what ten thousand who join at once may take, and no longer."""
PATIENCE_S = 4.0
"""For one unit of work from there to its commit: a network that swallows packets says nothing for minutes.
Giving a connection up takes two seconds more.
"""
START_S = 30.0
"""The same for what a process does at its start, when everything starts at once, and for whole event logs."""
RETRY_S = 0.5
LOCK_S = 3
"""For a row that another transaction has: less than `PATIENCE_S`, so that it is known that nothing was done."""
LEFT_S = 6
"""After so long the server gives up what was begun: nobody waits for the locks of a process that stands still or
is cut off; a connection of which it hears nothing is probed.
"""
# A pooler between must let them pass (pgbouncer: ignore_startup_parameters).
PROBED = {"tcp_keepalives_idle": "20", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
# The last one is of a long statement on its way, too.
TIMEOUTS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
SERVER = {**dict(zip(TIMEOUTS, (f"{LOCK_S}s", f"{LEFT_S}s", f"{LEFT_S}s"), strict=True)), **PROBED}
T = TypeVar("T")


LIBPQ_ONLY = ("channel_binding", "connect_timeout", "fallback_application_name", "gssencmode", "keepalives")
"""Parameters that asyncpg would take for settings of the server, which knows none of them."""


class Base(DeclarativeBase):
    """Base of every model. Times are `BIGINT` milliseconds since the epoch, the unit of the wire."""

    type_annotation_map = {int: BigInteger}
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def database_now() -> ColumnElement[int]:
    """The database's clock as an expression, in milliseconds since the epoch."""
    return func.cast(func.extract("epoch", func.clock_timestamp()) * 1000, BigInteger)


def dsn(url: str, without: Collection[str] = ()) -> str:
    """`url` as PostgreSQL's own programs read it, and asyncpg `without` some: with libpq's parameters. `ssl=`,
    SQLAlchemy's name, is `sslmode=` there. Raises StartError.
    """
    try:
        read = make_url(url).set(drivername="postgresql")
    except (ArgumentError, ValueError):
        raise StartError("DATABASE_URL is no URL: write postgresql://user:password@host:5432/name.") from None
    # Several hosts are one list.
    values = {name: value if isinstance(value, str) else ",".join(value) for name, value in read.query.items()}
    query = {name: value for name, value in values.items() if name not in without}
    if "ssl" in query:
        query = {"sslmode": query.pop("ssl"), **query}
    at, mark, parameters = read.set(query=query).render_as_string(hide_password=False).partition("?")
    # libpq does not know that a plus is a space.
    return at + mark + parameters.replace("+", "%20")


def make_engine(url: str, options: Mapping[str, Any], **pool: Any) -> AsyncEngine:
    """An engine whose connections asyncpg opens from the URL itself, with these options: SQLAlchemy would make
    arguments of its parameters, and most of libpq's are none. Raises StartError.
    """
    return create_async_engine(
        "postgresql+asyncpg://", async_creator=partial(asyncpg.connect, dsn(url, LIBPQ_ONLY), **options), **pool
    )


class Database:
    """A pool of connections; `transaction` is the only way in."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.engine: AsyncEngine = make_engine(
            url,
            {"timeout": CONNECT_S, "server_settings": SERVER},
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # they are players' code and hidden tests, and errors are logged
        )
        event.listen(self.engine.sync_engine, "handle_error", _note_broken)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        # Not the pool's own line: who waits there could not be told from who waits for the database. One connection is
        # left for `at_head`: a crowd is no reason to call this process unready.
        self._turns = asyncio.Semaphore(2 * pool_size - 1)

    @asynccontextmanager
    async def transaction(self, patience_s: float = PATIENCE_S) -> AsyncIterator[AsyncSession]:
        """One unit of work: commits at the end, rolls back on any error.

        Raises `Trouble`, and all of `AWAY`: TimeoutError after `patience_s`; nobody knows then whether it was done.
        """
        async with asyncio.timeout(TURN_S):
            await self._turns.acquire()
        try:
            async with asyncio.timeout(patience_s), self._sessions() as session, session.begin():
                if patience_s > PATIENCE_S:
                    for timeout in TIMEOUTS:
                        await session.execute(text(f"SET LOCAL {timeout} = '{patience_s:g}s'"))
                yield session
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None) or ""
            if not (state.startswith(TROUBLE) or error.connection_invalidated):
                raise
            raise (Clash if state in CLASHES else Trouble)(f"PostgreSQL: {state} {error.orig}") from error
        finally:
            self._turns.release()

    async def unit(self, work: Callable[[AsyncSession], Awaitable[T]], patience_s: float = PATIENCE_S) -> T:
        """`work` as one unit of work, begun anew when it clashes with another one. Raises as `transaction`."""
        for _ in range(TRIES - 1):
            with suppress(Clash):
                async with self.transaction(patience_s) as session:
                    return await work(session)
            await asyncio.sleep(random.random() * CLASH_PAUSE_S)
        async with self.transaction(patience_s) as session:
            return await work(session)

    async def back(self) -> None:
        """Return when the database answers."""
        while True:
            with suppress(*AWAY):
                async with self.transaction() as session:
                    await read_now(session)
                    return
            await asyncio.sleep(RETRY_S)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _note_broken(context: ExceptionContext) -> None:
    """A connection that was cut off in mid-operation may say that another one is under way, and say so for ever:
    SQLAlchemy would hand it out again (its issue 13241).
    """
    if isinstance(context.original_exception.__cause__, asyncpg.InternalClientError):
        context.is_disconnect, context.invalidate_pool_on_disconnect = True, False


@contextmanager
def needed() -> Iterator[None]:
    """Where nothing can be done without the database: raises `StartError` when it cannot be reached or used."""
    try:
        yield
    except (DBAPIError, *UNREACHABLE) as error:
        reason = getattr(error, "orig", error)  # SQLAlchemy adds lines of its own
        raise StartError(f"PostgreSQL does not answer ({reason}): check DATABASE_URL.", exit_code=3) from error


async def read_now(session: AsyncSession) -> int:
    """The database's time now, in milliseconds since the epoch."""
    return int((await session.execute(select(database_now()))).scalar_one())


def alembic_config() -> Config:
    """Alembic over the bundled migrations, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(bundled("migrations")).replace("%", "%%"))
    return config


async def migrate(url: str, dump_first: Callable[[], None] | None = None) -> None:
    """Bring the schema to this version, one process at a time; one that is to change is dumped first.

    Raises `StartError` when the database cannot be reached or is of a newer version; nothing is touched then.
    """
    # Probed, since it says nothing while a dump is made: what is on the way would forget it.
    engine = make_engine(url, {"timeout": START_S, "server_settings": PROBED})
    try:
        with needed():
            async with engine.connect() as connection:
                await connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
                await connection.commit()
                try:
                    if dump_first and await _is_older(connection):
                        dump_first()  # not in a thread: a signal ends it at once
                    await _upgrade(connection)
                finally:
                    await connection.execute(text(f"SELECT pg_advisory_unlock({MIGRATION_LOCK})"))
                    await connection.commit()
    except CommandError as error:
        raise StartError(
            f"The database was made by a newer version of Python-Duel ({error}): start that, or restore a backup."
        ) from error
    finally:
        await engine.dispose()


async def _is_older(connection: AsyncConnection) -> bool:
    """Whether there is a schema that a migration would change. Raises `CommandError` for one that is not known."""

    def found(sync: Any) -> str | None:
        return MigrationContext.configure(sync).get_current_revision()

    revision = await connection.run_sync(found)
    await connection.commit()
    if revision is not None and revision not in revisions():
        raise CommandError(f"its schema is {revision}")
    return revision is not None and revision != newest_revision()


def revisions() -> set[str]:
    """Every revision of the schema that this version knows."""
    return {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}


@cache
def newest_revision() -> str:
    """The one that this version was written for."""
    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())


async def _upgrade(connection: AsyncConnection) -> None:
    config = alembic_config()

    def run(sync: Any) -> None:
        config.attributes["connection"] = sync
        command.upgrade(config, "head")

    await connection.run_sync(run)
    await connection.commit()


async def at_head(database: Database) -> bool:
    """Whether the schema is the one this version was written for."""
    head = await asyncio.to_thread(newest_revision)
    async with database.engine.connect() as connection:
        return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none() == head
