"""What a transaction raises when the database cannot, and what is begun anew."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from python_duel.platform.postgres import (
    AWAY,
    SERVER,
    START_S,
    TIMEOUTS,
    TRIES,
    Clash,
    Database,
    Transaction,
    Trouble,
    at_head,
)

CUTS = 100


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    found = Database(database_url, pool_size=1)
    yield found
    await found.close()


async def fail(session: Transaction, state: str) -> None:
    """As the server would, with this SQLSTATE."""
    await session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"))


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_clash_is_begun_anew(database: Database, state: str) -> None:
    tries = 0

    async def work(session: Transaction) -> int:
        nonlocal tries
        tries += 1
        if tries < TRIES:
            await fail(session, state)
        return tries

    assert await database.unit(work) == TRIES


async def test_what_clashes_for_ever_is_given_up(database: Database) -> None:
    with pytest.raises(Clash):
        await database.unit(lambda session: fail(session, "40001"))


@pytest.mark.parametrize("state", ["53100", "53200", "55P03", "57014", "57P01", "58030", "XX001"])
async def test_trouble_of_its_own_counts_as_away(database: Database, state: str) -> None:
    with pytest.raises(Trouble) as raised:
        async with database.transaction() as session:
            await fail(session, state)
    assert isinstance(raised.value, AWAY)


async def test_a_mistake_of_ours_does_not(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1 / 0"))
    assert not isinstance(raised.value, AWAY)


@pytest.mark.parametrize("name", ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"])
async def test_no_wait_is_for_ever(database: Database, name: str) -> None:
    async with database.transaction() as session:
        assert (await session.execute(text(f"SHOW {name}"))).scalar_one() == SERVER[name]


async def test_who_has_more_patience_is_given_it_by_the_server_too(database: Database) -> None:
    async with database.transaction(START_S) as session:
        for name in TIMEOUTS:
            assert (await session.execute(text(f"SHOW {name}"))).scalar_one() == f"{START_S:g}s"
    async with database.transaction() as session:
        assert (await session.execute(text("SHOW lock_timeout"))).scalar_one() == SERVER["lock_timeout"]


async def test_readiness_does_not_wait_behind_a_crowd(database: Database) -> None:
    over = asyncio.Event()

    async def hold() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1"))
            await over.wait()

    crowd = [asyncio.create_task(hold()) for _ in range(5)]
    try:
        assert await asyncio.wait_for(at_head(database), 3)
    finally:
        over.set()
        await asyncio.gather(*crowd)


async def test_a_connection_that_was_cut_is_used_no_more(database: Database, database_url: str) -> None:
    """Rarely asyncpg says that another operation is under way, and SQLAlchemy takes such a connection for a whole one
    (its issue 13241).
    """
    knife = Database(database_url, pool_size=1)

    async def cut(session: Transaction) -> None:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        async with knife.transaction() as other:
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        await session.execute(text("SELECT 2"))

    for _ in range(CUTS):
        with pytest.raises(AWAY):
            await database.unit(cut)
        async with database.transaction() as session:
            assert await session.scalar(text("SELECT 4")) == 4
    await knife.close()
