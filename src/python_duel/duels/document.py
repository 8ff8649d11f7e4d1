"""A player's text and the change sets that make it. Pure.

A change set is CodeMirror 6's `ChangeSet.toJSON()`: a list of sections that cover the whole old text in order. A number
keeps that many UTF-16 code units; `[n]` deletes n; `[n, line, line, ...]` replaces n by the lines joined with newlines.
A text is held by UTF-16 code units, so that the offsets of the wire are slices.
"""

import struct

import msgspec

MASK = "•"
HALF_PAIR = "Code may not hold half of a surrogate pair: send whole characters."
ChangeSet = list[int | list[int | str]]


class InvalidChanges(ValueError):
    """The change set does not fit the text, or would make a text that is not Unicode."""


class TextTooLong(ValueError):
    """The text would be longer than allowed."""


class Document(msgspec.Struct, frozen=True, gc=False):
    """A text after `seq` edits."""

    seq: int
    units: str
    """The text, but a character beyond U+FFFF is its two surrogates."""

    @classmethod
    def of(cls, text: str, seq: int = 0) -> "Document":
        """A document from a text; raises `InvalidChanges` for a lone surrogate."""
        return cls(seq, _units(text))

    @property
    def text(self) -> str:
        """The text as Python has it."""
        return _text(self.units)

    def edited(self, changes: ChangeSet, max_bytes: int) -> "Document":
        """The document after one more edit; `max_bytes` bounds its UTF-8 size.

        Raises `InvalidChanges` or `TextTooLong`.
        """
        units = _apply(self.units, changes)
        # A UTF-16 unit is one to three UTF-8 bytes: measure only when it could be too much.
        if len(units) * 3 > max_bytes and len(_text(units).encode()) > max_bytes:
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


def _units(text: str) -> str:
    if "\x00" in text:
        raise InvalidChanges("Code may not hold a NUL character: remove it.")
    if text.isascii():
        return text
    try:
        encoded = text.encode("utf-16-le")
    except UnicodeEncodeError:
        raise InvalidChanges(HALF_PAIR) from None
    count = len(encoded) // 2
    return text if count == len(text) else "".join(map(chr, struct.unpack(f"<{count}H", encoded)))


def _text(units: str) -> str:
    return units if units.isascii() else units.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _apply(old: str, changes: ChangeSet) -> str:
    parts: list[str] = []
    at, size, plain = 0, len(old), old.isascii()
    for section in changes:
        if isinstance(section, int):
            end = at + section
            parts.append(old[at:end])
        else:
            deleted = section[0] if section else None
            if not isinstance(deleted, int):
                raise InvalidChanges("A replacement is the deleted length, then lines of text.")
            if len(section) > 1:
                parts.append(_inserted(section[1:]))
            end = at + deleted
        # The end of a section is the next one's start: every offset is checked once.
        if not plain and 0 < end < size and "\udc00" <= old[end] <= "\udfff":
            raise InvalidChanges("A change may not split a surrogate pair: send whole characters.")
        at = end
    if at != size:
        raise InvalidChanges(f"The change set covers {at} code units, the text has {size}.")
    return "".join(parts)


def _inserted(lines: list[int | str]) -> str:
    for line in lines:
        if not isinstance(line, str):
            raise InvalidChanges("A replacement is the deleted length, then lines of text.")
        if "\n" in line or "\r" in line:
            raise InvalidChanges("A line may not hold a line break: send it as two lines.")
    return _units("\n".join(lines))  # type: ignore[arg-type]
