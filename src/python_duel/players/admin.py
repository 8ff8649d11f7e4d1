"""The one-time admin link, for the process that starts a server."""

from python_duel.platform.postgres import Database
from python_duel.players.service import issue_admin_link


async def issue_link(database_url: str) -> str:
    """The token of a fresh link on a migrated database."""
    database = Database(database_url, pool_size=1)
    try:
        return await issue_admin_link(database)
    finally:
        await database.close()
