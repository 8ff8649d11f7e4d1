"""The arenas of the contract tests: web processes and a judge on stores of their own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from python_duel.platform import embedded
from python_duel.settings import Settings
from tests.support.arena import Arena
from tests.support.player import Player

STRICT = {
    "DUEL_COUNTDOWN": "1.5",
    "DUEL_RECONNECT_GRACE": "1",
    "DUEL_SUBMIT_INTERVAL": "1",
    "DUEL_RUN_INTERVAL": "1",
    "DUEL_EDITS_PER_SECOND": "20",
    "DUEL_EDIT_BURST": "10",
    "DUEL_ALLOWED_ORIGINS": '["https://friend.example"]',
}


@contextmanager
def an_arena(
    webs: int,
    settings: dict[str, str] | None = None,
    module: str = "python_duel",
    stores: embedded.Stores | None = None,
    output: str | None = None,
) -> Iterator[Arena]:
    """That many web processes and a judge, ready, on stores of their own if none are given."""
    with nullcontext(stores) if stores else embedded.stores(None, Settings.model_construct()) as stores:
        arena = Arena(stores.database_url, stores.redis_url, stores.judge_redis_url, settings or {}, module, output)
        try:
            for _ in range(webs):
                arena.start_web()
            arena.start_judge()
            arena.wait_ready()
            yield arena
        finally:
            arena.stop()


@pytest.fixture(scope="session", params=["picows", "stock"])
def carrier(request: pytest.FixtureRequest) -> str:
    """What carries WebSocket frames: all that a client may rely on, it may rely on with both."""
    return str(request.param)


@pytest.fixture(scope="session")
def arena(carrier: str) -> Iterator[Arena]:
    """Two web processes and a judge; tests share it, each with players of its own."""
    with an_arena(webs=2, settings={"DUEL_TRANSPORT": carrier}) as arena:
        yield arena


@pytest.fixture(scope="session")
def strict(carrier: str) -> Iterator[Arena]:
    """One web process and a judge, with a countdown to see, low limits and a grace of a second."""
    with an_arena(webs=1, settings={**STRICT, "DUEL_TRANSPORT": carrier}) as arena:
        yield arena


@pytest.fixture
async def players(arena: Arena) -> AsyncIterator[tuple[Player, Player]]:
    """Two players, each on a web process of their own."""
    ada = await Player.join(arena.webs[0].url, "Ada")
    bob = await Player.join(arena.webs[1].url, "Bob")
    yield ada, bob
    for player in (ada, bob):
        await player.leave()
