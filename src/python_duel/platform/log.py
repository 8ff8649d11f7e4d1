"""Logs: structlog and the standard library's loggers, on stderr, as text or as JSON lines."""

import logging
import sys

import structlog

from python_duel.settings import Settings

CHATTY = ("uvicorn.error", "alembic.runtime")
"""Loggers that tell at every start that they started."""


def configure(settings: Settings, part: str) -> None:
    """Sets up this process's logs; `part` (web, judge, serve) is in every line."""
    shared = _shared(part)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last(settings.log_json))
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _shared(part: str) -> list[structlog.typing.Processor]:
    """For the lines of both kinds of logger."""

    def add_part(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {**event, "part": part}

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_part,
    ]


def _last(as_json: bool) -> list[structlog.typing.Processor]:
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_json:
        return [strip, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # Not the default's pretty one: it prints local variables, and those hold secrets.
    plain = structlog.dev.plain_traceback
    return [strip, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
