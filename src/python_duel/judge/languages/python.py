"""Python: run as it is by the slot's own interpreter."""

from python_duel.judge.gate import CHECK
from python_duel.sandbox import Limits, Outcome, Slot


class Python:
    """The language of the sandbox itself: nothing to compile ahead."""

    check = CHECK

    def script(self, slot: Slot, source: str, stdin: bytes, limits: Limits, check: bool) -> Outcome:
        """A fresh process."""
        return slot.script(source, stdin, limits, check)

    def call(self, slot: Slot, source: str, function: str, cases: list[str], limits: Limits, check: bool) -> Outcome:
        """One process for all cases: globals of the solution live from case to case."""
        return slot.call(source, function, cases, limits, check)
