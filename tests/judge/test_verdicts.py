"""From facts to verdicts."""

import signal

import pytest

from python_duel.judge import verdicts
from python_duel.protocol.verdict import Verdict
from python_duel.sandbox import Ending, Outcome
from python_duel.sandbox.limits import MIB


@pytest.mark.parametrize(
    ("ended_by", "used_mib", "verdict"),
    [
        (signal.SIGKILL, 10, Verdict.MLE),
        (signal.SIGSEGV, 70, Verdict.RE),
        (signal.SIGSEGV, 120, Verdict.MLE),
        (signal.SIGABRT, 20, Verdict.RE),
        (signal.SIGABRT, 127, Verdict.MLE),
        (signal.SIGFPE, 127, Verdict.RE),
        (None, 127, Verdict.AC),
    ],
)
def test_a_crash_with_the_memory_used_up_is_the_memory(
    ended_by: signal.Signals | None, used_mib: int, verdict: Verdict
) -> None:
    outcome = Outcome(Ending.EXITED, signal=ended_by, memory_kb=used_mib * 1024)
    assert verdicts.of_outcome(outcome, 128 * MIB) is verdict
