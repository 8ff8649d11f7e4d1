"""A slot at each level that this machine has."""

from collections.abc import Iterator

import pytest

from python_duel.sandbox import LEVELS, Level, Slot
from python_duel.sandbox.levels import problem


@pytest.fixture(scope="package", params=LEVELS)
def slot(request: pytest.FixtureRequest) -> Iterator[Slot]:
    level: Level = request.param
    if why := problem(level):
        pytest.skip(f"level {level} is not possible here: {why}")
    with Slot(level) as slot:
        yield slot


@pytest.fixture
def own_slot() -> Iterator[Slot]:
    """One that a test may break."""
    with Slot() as slot:
        yield slot
