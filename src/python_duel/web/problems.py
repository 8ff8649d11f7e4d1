"""Errors over HTTP: RFC 9457 problem details, one shape for all."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from python_duel.errors import DuelError
from python_duel.platform.stores import AWAY

log = structlog.get_logger(__name__)
CODES = {400: "invalid", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}


def problem(status: int, code: str, detail: str, **extra: Any) -> JSONResponse:
    """A problem details answer; `retry_after_ms` also becomes the Retry-After header."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}
    retry = extra.get("retry_after_ms")
    headers = {} if retry is None else {"Retry-After": str(-(-retry // 1000))}
    return JSONResponse({**body, **extra}, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every error as a problem."""

    async def duel_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, DuelError)
        body = error.body()
        return problem(error.status, body.pop("code"), body.pop("message"), **body)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        faults = [
            {"field": ".".join(map(str, fault["loc"][1:])) or str(fault["loc"][0]), "message": fault["msg"]}
            for fault in error.errors()
        ]
        return problem(422, "invalid", "Some fields are not as they should be: see errors.", errors=faults)

    async def http_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return problem(error.status_code, CODES.get(error.status_code, "error"), str(error.detail))

    async def away(request: Request, error: Exception) -> JSONResponse:
        log.warning("a store is away", path=request.url.path, error=repr(error))
        return problem(503, "unavailable", "A part of the server is away: try again.", retry_after_ms=1000)

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("a request failed", path=request.url.path, exc_info=error)
        return problem(500, "internal", "The server could not do that: try again.")

    app.add_exception_handler(DuelError, duel_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    # By name: what comes to `Exception` is raised on, and costs its client the connection.
    for kind in set(AWAY):
        app.add_exception_handler(kind, away)
    app.add_exception_handler(Exception, unexpected)
