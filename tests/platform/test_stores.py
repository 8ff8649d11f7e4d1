"""What is logged when a store is away: a line, not a traceback for each of thousands."""

import asyncpg
import pytest
import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy.exc import InterfaceError
from structlog.testing import capture_logs

from python_duel.platform.postgres import Trouble
from python_duel.platform.stores import log_failure


@pytest.mark.parametrize(
    "error",
    [
        RedisConnectionError("gone"),
        TimeoutError(),
        Trouble("no room"),
        InterfaceError("SELECT 1", None, Exception()),
        asyncpg.PostgresConnectionError("gone"),
        FileNotFoundError("no socket"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_store_that_is_away_is_a_line(error: Exception) -> None:
    with capture_logs() as lines:
        log_failure(structlog.get_logger(), "it failed", error, of="duels")
    [line] = lines
    assert (line["event"], line["log_level"], line["of"]) == ("it failed", "warning", "duels")
    assert line["error"] == repr(error)
    assert "exc_info" not in line


def test_anything_else_has_its_traceback() -> None:
    error = KeyError("a mistake")
    with capture_logs() as lines:
        log_failure(structlog.get_logger(), "it failed", error)
    assert [(line["log_level"], line["exc_info"]) for line in lines] == [("error", error)]
