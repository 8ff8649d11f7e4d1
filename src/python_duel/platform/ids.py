"""Opaque identifiers and tokens."""

import hashlib
import secrets


def new_id() -> str:
    """An unguessable id of 128 bits, 22 characters that are safe in a URL."""
    return secrets.token_urlsafe(16)


def new_token() -> str:
    """A bearer secret of 256 bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What the database keeps of a token: SHA-256, enough for a secret of full entropy."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
