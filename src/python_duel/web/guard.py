"""What every HTTP request meets first: a limit on its body, the origin of mutations, and headers on the way out."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from python_duel.realtime.server import origin_allowed
from python_duel.settings import Settings
from python_duel.web.problems import problem

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    # CodeMirror writes its styles into <style> elements.
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


class Guard:
    """ASGI middleware for HTTP; sockets have their own checks."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, send = Headers(scope=scope), _with_headers(send)
        if scope["method"] not in SAFE and not self._same_origin(headers):
            await problem(403, "forbidden", "This page may not do that here: open the server's own address.")(
                scope, receive, send
            )
            return
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal() or int(length) > self._settings.frame_bytes:
            limit = f"A request has a Content-Length of at most {self._settings.frame_bytes} bytes."
            await problem(413, "too_large", limit)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _same_origin(self, headers: Headers) -> bool:
        return origin_allowed(headers.get("origin"), {"HTTP_HOST": headers.get("host")}, self._settings.allowed_origins)


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return wrapped
