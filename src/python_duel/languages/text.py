"""What no source of any language may hold: characters that make it something else than what a reader sees."""

import re

from python_duel.sandbox import Refusal

_NUL = "A NUL character is not allowed: this is no text."
_SURROGATE = "A lone surrogate is no character: save the file as UTF-8."
_BIDIRECTIONAL = (
    "A bidirectional control character is not allowed: it makes code read otherwise than it runs; remove it."
)
_ANY = re.compile("[\0\ud800-\udfff\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


def hidden(source: str, check: bool) -> Refusal | None:
    """The first such character, with its place. Without `check` only what cannot be written to a file."""
    pattern = _ANY if check else re.compile("[\0\ud800-\udfff]")
    found = pattern.search(source)
    if found is None:
        return None
    before, character = source[: found.start()], found[0]
    line, column = before.count("\n") + 1, found.start() - before.rfind("\n")
    message = _NUL if character == "\0" else _SURROGATE if "\ud800" <= character <= "\udfff" else _BIDIRECTIONAL
    return Refusal("rejected" if check else "syntax", message, line, column)
