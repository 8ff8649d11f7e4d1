"""Runs code of strangers. Standard library only, no idea of what a duel is; usable on its own (docs/sandbox.md).

from python_duel.sandbox import Slot

with Slot() as slot:
print(slot.script("print(input())", b"hello").stdout)
"""

from python_duel.sandbox.errors import SandboxError, SlotLost
from python_duel.sandbox.jail import LEVELS, Level
from python_duel.sandbox.levels import best_level, probe
from python_duel.sandbox.limits import Limits
from python_duel.sandbox.outcome import Answer, Ending, Failure, Outcome, Refusal
from python_duel.sandbox.slot import Slot

__all__ = [
    "LEVELS",
    "Answer",
    "Ending",
    "Failure",
    "Level",
    "Limits",
    "Outcome",
    "Refusal",
    "SandboxError",
    "Slot",
    "SlotLost",
    "best_level",
    "probe",
]
