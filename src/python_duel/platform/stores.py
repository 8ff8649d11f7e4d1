"""What either store raises when it is away, and how that is logged."""

from typing import Any

from python_duel.platform import postgres
from python_duel.platform.redis import LOST, RedisError

AWAY = (*LOST, RedisError, *postgres.AWAY)


def log_failure(log: Any, what: str, error: Exception, **more: object) -> None:
    """One line where a store is away, since it may be thousands a second; with its traceback what nobody expects."""
    if isinstance(error, AWAY):
        log.warning(what, error=repr(error), **more)
    else:
        log.error(what, exc_info=error, **more)
