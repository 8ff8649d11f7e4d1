"""A challenge's own checker: a stranger's program too, so it runs in the sandbox, in a process of its own.

It never shares one with a player's code: that reaches it as data only. All cases of a submission are one call.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from python_duel.judge import verdicts
from python_duel.languages import Runner
from python_duel.languages.types import Type
from python_duel.protocol.server import Parameter, Signature
from python_duel.sandbox import Answer, Outcome, limits

SIGNATURE = Signature(
    name="check",
    parameters=[Parameter(name=name, type="str") for name in ("input", "expected", "output")],
    returns="bool",
)
"""The types of the parameters are the challenge's affair: Python does not look at them."""


class CheckerFailed(Exception):
    """It crashed, took too long or answered no bool: the author's fault, never the player's."""


class Question(NamedTuple):
    """One case: the arguments or standard input, what the author expects, what the program gave."""

    input: Any
    expected: Any
    output: Any


def check(python: Runner, source: str, questions: Sequence[Question], returns: Type | None = None) -> list[bool]:
    """Whether each output is right. `returns`: what it should be; a checker may stumble over anything else, which is
    wrong then. Raises CheckerFailed, or SlotLost when the sandbox failed.
    """
    if not questions:
        return []
    program = python.prepare(source, SIGNATURE, check=False)
    if isinstance(program, Outcome):
        raise CheckerFailed(verdicts.why(program) or "it is no program.")
    outcome = python.call(program, [json.dumps(question) for question in questions], limits.CHECKER)
    answers = [
        _bool(answer, returns is None or returns.problem(question.output) is None)
        for answer, question in zip(outcome.answers, questions, strict=False)
    ]
    if len(answers) < len(questions):
        raise CheckerFailed(verdicts.why(outcome) or "it ended before it gave an answer.")
    return answers


def _bool(answer: Answer, as_declared: bool) -> bool:
    if answer.error is not None:
        if not as_declared:
            return False
        raise CheckerFailed(verdicts.of_type(answer.error))
    if answer.text not in ("true", "false"):
        raise CheckerFailed("it answered neither True nor False.")
    return answer.text == "true"
