"""One tree of errors. Each knows its code on the wire, its HTTP status and a sentence that says what to do."""

from typing import Any


class DuelError(Exception):
    """Base of every error a caller may meet. `extra` is added to the error body as it is."""

    code = "internal"
    status = 500

    def __init__(self, message: str, *, retry_after_ms: int | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_ms = retry_after_ms
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The error object of an acknowledgement."""
        retry = {} if self.retry_after_ms is None else {"retry_after_ms": self.retry_after_ms}
        return {"code": self.code, "message": self.message, **retry, **self.extra}


class Invalid(DuelError):
    """Malformed input."""

    code, status = "invalid", 422


class UnknownEvent(DuelError):
    code, status = "unknown_event", 404


class Unauthenticated(DuelError):
    code, status = "unauthenticated", 401


class Forbidden(DuelError):
    code, status = "forbidden", 403


class NotFound(DuelError):
    code, status = "not_found", 404


class AlreadyInDuel(DuelError):
    """`duel_id` names the duel."""

    code, status = "already_in_duel", 409


class NotLive(DuelError):
    """The duel has not started, or is over."""

    code, status = "not_live", 409


class PenTaken(DuelError):
    """Another tab or device of the same player writes now."""

    code, status = "pen_taken", 409


class Resync(DuelError):
    """The client's document is not the server's; `seq` and `text` say what the server has."""

    code, status = "resync", 409


class TooLarge(DuelError):
    code, status = "too_large", 413


class RateLimited(DuelError):
    code, status = "rate_limited", 429


class Busy(DuelError):
    """The judge's queue is full."""

    code, status = "busy", 503


class Unavailable(DuelError):
    """A part of the platform is away, or not offered here."""

    code, status = "unavailable", 503


class StartError(DuelError):
    """This process cannot start. Exit codes: 2 bad usage or input, 3 this machine cannot do it, 1 it may the
    next time.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
