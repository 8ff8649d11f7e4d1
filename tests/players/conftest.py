"""The features over fresh stores."""

from collections.abc import AsyncIterator

import pytest

from tests.support.parts import Parts, parts


@pytest.fixture
async def core(database_url: str, redis_url: str) -> AsyncIterator[Parts]:
    """Players and duels, as one web process has them."""
    async with parts(database_url, redis_url) as found:
        yield found
