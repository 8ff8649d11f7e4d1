"""From what the sandbox saw to a verdict and a sentence."""

import signal

from python_duel.protocol.verdict import Verdict
from python_duel.sandbox import Answer, Ending, Failure, Outcome
from python_duel.sandbox.report import OUTPUT_LIMIT

_STOPPED = {
    Ending.CPU: Verdict.TLE,
    Ending.WALL: Verdict.TLE,
    Ending.OUTPUT: Verdict.OLE,
    Ending.GARBLED: Verdict.RE,
}
_WHY_STOPPED = {
    Ending.CPU: "The program used up its CPU time.",
    Ending.WALL: "The program took too long, or waited for something.",
    Ending.OUTPUT: "The program printed too much.",
    Ending.GARBLED: "The program disturbed the test harness.",
}
NEAR = 0.9
"""A program that crashes with so much of its memory in use had no more."""
STOPS = frozenset({Ending.CPU, Ending.WALL, Ending.OUTPUT})
"""Endings that cost the judge a whole limit: only so many are paid for."""


def of_outcome(outcome: Outcome, memory_bytes: int | None = None) -> Verdict:
    """AC stands for: ran to its end, without a fault. The output is still to be compared.

    `memory_bytes` is what the program might use: runtimes abort, and programs crash, when they get no more.
    """
    if outcome.refusal is not None:
        return Verdict.REJ if outcome.refusal.kind == "rejected" else Verdict.CE
    if outcome.ending in _STOPPED:
        return _STOPPED[outcome.ending]
    if outcome.failure is not None:
        return of_failure(outcome.failure)
    if outcome.signal == signal.SIGKILL or _at_the_limit(outcome, memory_bytes):
        return Verdict.MLE  # no one else kills a program that has time left
    return Verdict.RE if outcome.signal or outcome.exit_code else Verdict.AC


def _at_the_limit(outcome: Outcome, memory_bytes: int | None) -> bool:
    crashed = outcome.signal in (signal.SIGABRT, signal.SIGSEGV)
    return crashed and memory_bytes is not None and outcome.memory_kb * 1024 >= NEAR * memory_bytes


def of_answer(answer: Answer) -> Verdict:
    """AC stands for: there is a value. It is still to be compared."""
    if answer.error is not None:
        return of_failure(answer.error)
    if answer.too_long:
        return Verdict.OLE
    return Verdict.WA if answer.unfit else Verdict.AC


def of_failure(failure: Failure) -> Verdict:
    """MLE for a MemoryError, OLE for too much output, else RE."""
    if failure.type == "MemoryError":
        return Verdict.MLE
    return Verdict.OLE if failure.type == OUTPUT_LIMIT else Verdict.RE


def why(outcome: Outcome) -> str | None:
    """One sentence on an outcome that is no plain end; it quotes nothing a program could have put there."""
    if outcome.refusal is not None:
        return outcome.refusal.message
    if outcome.failure is not None:
        return of_type(outcome.failure)
    if outcome.ending in _WHY_STOPPED:
        return _WHY_STOPPED[outcome.ending]
    if outcome.signal == signal.SIGSEGV:
        return "The program crashed (SIGSEGV), as recursion that is too deep does."
    if outcome.signal:
        return f"The program was ended by {signal.Signals(outcome.signal).name}."
    return f"The program ended with exit code {outcome.exit_code}." if outcome.exit_code else None


def of_type(failure: Failure) -> str:
    """The exception's type and line, without its text: that may quote the input."""
    return f"{failure.type} in line {failure.line}." if failure.line else f"{failure.type}."
