"""The languages a solution may be written in: one module each, listed here."""

from typing import Protocol

from python_duel.judge.languages.python import Python
from python_duel.sandbox import Limits, Outcome, Slot


class Language(Protocol):
    """How programs of one language run in a slot. A new language is a class with these and a line in `LANGUAGES`."""

    check: str
    """The static gate, as a slot takes it; empty for none."""

    def script(self, slot: Slot, source: str, stdin: bytes, limits: Limits, check: bool) -> Outcome:
        """Runs `source` as a program. Raises SlotLost."""

    def call(self, slot: Slot, source: str, function: str, cases: list[str], limits: Limits, check: bool) -> Outcome:
        """Calls `function` of `source` once a case, a JSON list of arguments. Raises SlotLost."""


LANGUAGES: dict[str, Language] = {"python": Python()}
