"""What tests of the stores share."""

from collections.abc import AsyncIterator

import pytest

from python_duel.platform.pipelined import Pipelined
from python_duel.platform.redis import Redis


@pytest.fixture
async def hot(client: Redis) -> AsyncIterator[Pipelined]:
    """The hot connection to the store of the test's `client`."""
    hot = Pipelined(client)
    await hot.start()
    yield hot
    await hot.close()
