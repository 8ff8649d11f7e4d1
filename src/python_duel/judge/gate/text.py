"""Rules over the text itself: characters that make it something else than what a reader sees."""

import io
import re
import tokenize
import unicodedata
from collections.abc import Iterator

from python_duel.judge.gate.finding import Finding

_HIDDEN = {
    "\0": "NUL characters are not allowed: this is no Python text.",
    **dict.fromkeys(
        map(chr, range(0xD800, 0xE000)),
        "A lone surrogate is no character: save the file as UTF-8.",
    ),
    **dict.fromkeys(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
        "A bidirectional control character is not allowed: it makes code read otherwise than it runs; remove it.",
    ),
}
_ANY_HIDDEN = re.compile("[" + "".join(_HIDDEN) + "]")
_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def finding(source: str) -> Finding | None:
    """The first thing wrong with the characters of `source`."""
    if found := _ANY_HIDDEN.search(source):
        return _place(source, found.start(), _HIDDEN[found[0]])
    return _cookie(source) or _disguised_name(source)


def _place(source: str, index: int, message: str) -> Finding:
    before = source[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1, message


def _cookie(source: str) -> Finding | None:
    for number, line in enumerate(source.split("\n", 2)[:2], 1):
        found = _COOKIE.match(line)
        if found and found[1].lower().replace("_", "-") not in ("utf-8", "utf8", "ascii", "us-ascii"):
            message = f"The encoding {found[1]!r} is not possible: programs are UTF-8 here; remove this line."
            return number, found.start(1) + 1, message
    return None


def _disguised_name(source: str) -> Finding | None:
    """A name that Python reads as another one: it normalises names (NFKC), a reader does not."""
    if source.isascii() or unicodedata.is_normalized("NFKC", source):
        return None
    for token in _tokens(source):
        if token.type == tokenize.NAME and not unicodedata.is_normalized("NFKC", token.string):
            plain = unicodedata.normalize("NFKC", token.string)
            message = f"Python reads the name {token.string!r} as {plain!r}: write it that way."
            return token.start[0], token.start[1] + 1, message
    return None


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(source).readline)
    except (tokenize.TokenError, SyntaxError):
        return  # the parser says it better
