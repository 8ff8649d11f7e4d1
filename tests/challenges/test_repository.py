"""The store of challenges."""

import asyncio

import asyncpg
import pytest

from python_duel.challenges.service import Challenges
from python_duel.platform.bundled import bundled
from python_duel.platform.postgres import Database

CHANGED = """
    UPDATE challenges SET package = jsonb_set(package::jsonb, '{hidden,0,name}', '"other"')::text
    WHERE digest = (SELECT min(digest) FROM challenges) RETURNING digest"""


async def test_a_package_that_was_changed_is_not_given_and_the_next_start_mends_it(database_url: str) -> None:
    database = Database(database_url)
    try:
        await Challenges(database, 65_536).seed(bundled("challenges"))
        sql = await asyncpg.connect(database_url)
        digest = await sql.fetchval(CHANGED)
        await sql.close()
        damaged, mended = Challenges(database, 65_536), Challenges(database, 65_536)
        with pytest.raises(ValueError, match="is not what was stored"):
            await damaged.by_digest(digest)
        others = [package.digest for package in await damaged.current()]
        await mended.seed(bundled("challenges"))
        assert {digest, *others} == {package.digest for package in await mended.current()}
        assert digest not in others
    finally:
        await database.close()


async def test_processes_that_start_together_on_an_empty_store_all_seed_it(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(6)]
    try:
        everybody = [Challenges(database, 65_536) for database in databases]
        await asyncio.gather(*(challenges.seed(bundled("challenges")) for challenges in everybody))
        slugs = [package.slug for package in await everybody[0].current()]
        assert sorted(slugs) == sorted(folder.name for folder in bundled("challenges").iterdir() if folder.is_dir())
    finally:
        for database in databases:
            await database.close()
