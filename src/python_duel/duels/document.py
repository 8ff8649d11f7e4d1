"""A player's text and the change sets that make it. Pure.

A change set is CodeMirror 6's `ChangeSet.toJSON()`: a list of sections that cover the whole old text in order. A number
keeps that many UTF-16 code units; `[n]` deletes n; `[n, line, line, ...]` replaces n by the lines joined with newlines.
A text is held as UTF-16-LE bytes, so that the offsets of the wire are slices.
"""

from dataclasses import dataclass

UNIT = 2
MASK = "•"
HALF_PAIR = "Code may not hold half of a surrogate pair: send whole characters."
ChangeSet = list[int | list[int | str]]


class InvalidChanges(ValueError):
    """The change set does not fit the text, or would make a text that is not Unicode."""


class TextTooLong(ValueError):
    """The text would be longer than allowed."""


@dataclass(frozen=True, slots=True)
class Document:
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
    at = 0
    for section in changes:
        kept, deleted, lines = _section(section)
        end = at + kept * UNIT
        if kept:
            parts.append(old[at:end])
        elif lines:
            parts.append(_inserted(lines))
        at = end + deleted * UNIT
        # Of a section one of the two lengths is 0: its end is the next one's start, and every offset is checked once.
        _check_boundary(old, at)
    if at != len(old):
        raise InvalidChanges(f"The change set covers {at // UNIT} code units, the text has {len(old) // UNIT}.")
    return b"".join(parts)


def _section(section: int | list[int | str]) -> tuple[int, int, list[str]]:
    """Kept, deleted, inserted lines."""
    if isinstance(section, int):
        return section, 0, []
    deleted, *lines = section
    if not isinstance(deleted, int) or not all(isinstance(line, str) for line in lines):
        raise InvalidChanges("A replacement is the deleted length, then lines of text.")
    return 0, deleted, lines  # type: ignore[return-value]


def _inserted(lines: list[str]) -> bytes:
    if any("\n" in line or "\r" in line for line in lines):
        raise InvalidChanges("A line may not hold a line break: send it as two lines.")
    return _encode("\n".join(lines))


def _check_boundary(old: bytes, at: int) -> None:
    """Refuse an offset between the halves of a surrogate pair: what is left would not be Unicode."""
    if 0 < at < len(old) and 0xDC <= old[at + 1] <= 0xDF:
        raise InvalidChanges("A change may not split a surrogate pair: send whole characters.")
