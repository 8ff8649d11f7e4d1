"""Verdicts and the judged outcome of one test case."""

from enum import StrEnum

from python_duel.protocol.base import ServerMessage


class Verdict(StrEnum):
    """What the judge says of a program."""

    AC = "AC"
    """Accepted: every case passed."""
    WA = "WA"
    """Wrong answer."""
    TLE = "TLE"
    """Time limit exceeded."""
    MLE = "MLE"
    """Memory limit exceeded."""
    OLE = "OLE"
    """Output limit exceeded."""
    RE = "RE"
    """Runtime error."""
    CE = "CE"
    """Compile error: not a program."""
    REJ = "REJ"
    """Rejected by the static gate, with line and column."""
    IE = "IE"
    """Internal error: the platform's fault, judged again, never counted."""


class CaseResult(ServerMessage):
    """One test case as its author may see it: samples and the player's own input only, never a hidden case."""

    name: str
    verdict: Verdict
    input: str | None = None
    """The case's input as text: standard input, or the call as it would be written."""
    output: str | None = None
    """What the program answered: its standard output, or the value returned, as JSON."""
    expected: str | None = None
    stdout: str = ""
    stderr: str = ""
    time_ms: int = 0
