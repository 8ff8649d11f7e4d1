"""HTTP shapes of players and sessions."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from python_duel.protocol.base import ClientMessage, Id, ServerMessage
from python_duel.protocol.server import Player

NICKNAME_MAX = 24


def clean_nickname(raw: str) -> str:
    """A nickname as it is shown: NFC, single spaces, 1 to 24 characters, all of them visible."""
    name = " ".join(unicodedata.normalize("NFC", raw).split())
    if not 1 <= len(name) <= NICKNAME_MAX:
        raise ValueError(f"a nickname has 1 to {NICKNAME_MAX} characters")
    # Categories C*: controls, bidi overrides, surrogates, unassigned. Joiners of emoji are format characters too.
    if any(unicodedata.category(c)[0] == "C" and c != "\u200d" for c in name):
        raise ValueError("a nickname has visible characters only")
    return name


Nickname = Annotated[str, Field(max_length=200), AfterValidator(clean_nickname)]


class GuestRequest(ClientMessage):
    """`POST /session/guest`."""

    nickname: Nickname


class AdminRequest(ClientMessage):
    """`POST /session/admin`: the token of the one-time link that `serve` prints."""

    token: Annotated[str, Field(min_length=1, max_length=100)]


class Profile(Player):
    """A player as everybody sees them."""

    role: str


class SessionOpened(ServerMessage):
    """Answer of the session calls; `token` is the bearer secret, also set as the session cookie."""

    player: Profile
    token: str


class Me(ServerMessage):
    """`GET /me`."""

    player: Profile
    active_duel_id: Id | None
