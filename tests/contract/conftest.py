"""One arena for the contract tests: two web processes and a judge on stores of their own."""

from collections.abc import Iterator

import pytest

from python_duel.platform import embedded
from python_duel.settings import Settings
from tests.support.arena import Arena


@pytest.fixture(scope="session")
def arena() -> Iterator[Arena]:
    """Two web processes and a judge; tests share it, each with players of its own."""
    with embedded.stores(None, Settings.model_construct()) as stores:
        arena = Arena(stores.database_url, stores.redis_url, stores.judge_redis_url)
        arena.start_web()
        arena.start_web()
        arena.start_judge()
        try:
            arena.wait_ready()
            yield arena
        finally:
            arena.stop()
