"""A player's text and the change sets that make it. Pure.

A change set is CodeMirror 6's `ChangeSet.toJSON()`: a list of sections that cover the whole old text in order. A number
keeps that many UTF-16 code units; `[n]` deletes n; `[n, line, line, ...]` replaces n by the lines joined with newlines.
A text is held as UTF-16-LE bytes, so that the offsets of the wire are slices.
"""

from typing import NamedTuple

UNIT = 2
MASK = "•"
HALF_PAIR = "Code may not hold half of a surrogate pair: send whole characters."
ChangeSet = list[int | list[int | str]]


class InvalidChanges(ValueError):
    """The change set does not fit the text, or would make a text that is not Unicode."""


class TextTooLong(ValueError):
    """The text would be longer than allowed."""


class Document(NamedTuple):
    """A text after `seq` edits."""

    seq: int
    units: bytes

    @classmethod
    def of(cls, text: str, seq: int = 0) -> "Document":
        """A document from a text; raises `InvalidChanges` for a lone surrogate."""
        return cls(seq, _encode(text))

    @property
    def text(self) -> str:
        """The text as Python has it."""
        return self.units.decode("utf-16-le")

    def edited(self, changes: ChangeSet, max_bytes: int) -> "Document":
        """The document after one more edit; `max_bytes` bounds its UTF-8 size.

        Raises `InvalidChanges` or `TextTooLong`.
        """
        units = _apply(self.units, changes)
        # A UTF-16 unit is one to three UTF-8 bytes: measure only when it could be too much.
        if len(units) // UNIT * 3 > max_bytes and len(units.decode("utf-16-le").encode()) > max_bytes:
            raise TextTooLong(f"The code may not be longer than {max_bytes} bytes.")
        return Document(self.seq + 1, units)


def masked(text: str) -> str:
    """The shape of a text: every UTF-16 unit that is not white space becomes a dot, so offsets stay as they are."""
    return "".join(c if c.isspace() else MASK * (2 if c > "\uffff" else 1) for c in text)


def masked_changes(changes: ChangeSet) -> ChangeSet:
    """A change set that makes masked texts from masked texts."""
    return [
        [masked(part) if isinstance(part, str) else part for part in section] if isinstance(section, list) else section
        for section in changes
    ]


def _encode(text: str) -> bytes:
    if "\x00" in text:
        raise InvalidChanges("Code may not hold a NUL character: remove it.")
    try:
        return text.encode("utf-16-le")
    except UnicodeEncodeError:
        raise InvalidChanges(HALF_PAIR) from None


def _apply(old: bytes, changes: ChangeSet) -> bytes:
    parts: list[bytes] = []
    at, size = 0, len(old)
    for section in changes:
        if isinstance(section, int):
            end = at + section * UNIT
            parts.append(old[at:end])
        else:
            deleted, *lines = section
            if not isinstance(deleted, int):
                raise InvalidChanges("A replacement is the deleted length, then lines of text.")
            if lines:
                parts.append(_inserted(lines))
            end = at + deleted * UNIT
        # The end of a section is the next one's start: every offset is checked once.
        if 0 < end < size and 0xDC <= old[end + 1] <= 0xDF:
            raise InvalidChanges("A change may not split a surrogate pair: send whole characters.")
        at = end
    if at != size:
        raise InvalidChanges(f"The change set covers {at // UNIT} code units, the text has {size // UNIT}.")
    return b"".join(parts)


def _inserted(lines: list[int | str]) -> bytes:
    for line in lines:
        if not isinstance(line, str):
            raise InvalidChanges("A replacement is the deleted length, then lines of text.")
        if "\n" in line or "\r" in line:
            raise InvalidChanges("A line may not hold a line break: send it as two lines.")
    return _encode("\n".join(lines))  # type: ignore[arg-type]
