"""The static gate: refuses a Python source before it runs, with a place and a sentence that teaches.

It is quick feedback and a first layer; the sandbox holds without it. It is loaded into the zygote, so it imports the
standard library and `sandbox.modules` only.
"""

import ast

from python_duel.judge.gate import text, tree
from python_duel.judge.gate.finding import Finding

CHECK = "python_duel.judge.gate:check"
"""What a `sandbox.Slot` is told to load."""


def check(source: str) -> Finding | None:
    """Line and column (from 1) and a sentence, or None. Raises what the parser raises: SyntaxError, MemoryError..."""
    return text.finding(source) or tree.finding(source, ast.parse(source))
