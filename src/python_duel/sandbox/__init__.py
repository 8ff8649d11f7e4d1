"""Runs code of strangers. Standard library only, no idea of what a duel is; usable on its own (docs/sandbox.md).

from python_duel.sandbox import Slot

with Slot() as slot:
print(slot.script("print(input())", b"hello").stdout)
"""

from python_duel.sandbox.build import Built
from python_duel.sandbox.errors import SandboxError, SlotLost
from python_duel.sandbox.jail import LAYERS, LEVELS, Layer, Level
from python_duel.sandbox.levels import best_level, probe
from python_duel.sandbox.limits import Limits
from python_duel.sandbox.outcome import Answer, Ending, Failure, Outcome, Refusal
from python_duel.sandbox.program import Binary, Program, Runtime
from python_duel.sandbox.room import Command, Room
from python_duel.sandbox.session import Overrun, Session
from python_duel.sandbox.slot import Slot

__all__ = [
    "LAYERS",
    "LEVELS",
    "Answer",
    "Binary",
    "Built",
    "Command",
    "Ending",
    "Failure",
    "Layer",
    "Level",
    "Limits",
    "Outcome",
    "Overrun",
    "Program",
    "Refusal",
    "Room",
    "Runtime",
    "SandboxError",
    "Session",
    "Slot",
    "SlotLost",
    "best_level",
    "probe",
]
