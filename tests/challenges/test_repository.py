"""The store of challenges."""

import asyncio

from python_duel.challenges.service import Challenges
from python_duel.platform.bundled import bundled
from python_duel.platform.postgres import Database


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
