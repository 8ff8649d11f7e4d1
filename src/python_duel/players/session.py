"""How a session travels: a bearer header, or a cookie that scripts cannot read."""

from fastapi import Request, Response

from python_duel.settings import Settings

PLAIN, SECURE = "duel_session", "__Host-duel_session"
COOKIES = (SECURE, PLAIN)
DAY_S = 86_400


def token_of(request: Request) -> str | None:
    """The request's bearer token, if any."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return next((request.cookies[name] for name in COOKIES if name in request.cookies), None)


def set_cookie(response: Response, token: str, settings: Settings) -> None:
    """Keep the session in the browser. `__Host-` and Secure need TLS, so they follow a setting."""
    response.set_cookie(
        SECURE if settings.secure_cookies else PLAIN,
        token,
        max_age=int(settings.session_days * DAY_S),
        httponly=True,
        secure=settings.secure_cookies,
        samesite="lax",
        path="/",
    )


def clear_cookie(response: Response) -> None:
    """Forget the session in the browser."""
    for name in COOKIES:
        response.delete_cookie(name, path="/", secure=name == SECURE, httponly=True, samesite="lax")
