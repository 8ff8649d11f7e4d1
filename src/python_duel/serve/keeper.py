"""Keeps a child process running."""

import time
from dataclasses import dataclass, field

import structlog

from python_duel.errors import StartError
from python_duel.platform.process import Process

log = structlog.get_logger(__name__)
FIRST_DELAY, LONGEST_DELAY = 0.1, 10.0
"""Seconds before a dead child is started again; doubles from the first to the longest."""
GOOD_SECONDS = 30.0
"""A child that ran this long begins with the first delay again."""
HOPELESS = (2, 3)
"""Exit codes of a child that says itself that it cannot start."""


@dataclass
class Keeper:
    """One child, its next delay, and when it may start (both in seconds, on the monotonic clock)."""

    process: Process
    delay: float = FIRST_DELAY
    started: float = field(default_factory=time.monotonic)
    due: float | None = None

    def tick(self, now: float) -> None:
        """Starts a dead child again, but not too often."""
        if self.process.alive:
            return
        if self.due is None:
            self._plan(now)
        elif now >= self.due:
            self.process.start()
            self.started, self.due = now, None

    def _plan(self, now: float) -> None:
        if now - self.started > GOOD_SECONDS:
            self.delay = FIRST_DELAY
        log.error("child ended unexpectedly", child=self.process.name, code=self.process.code, again_in=self.delay)
        self.due = now + self.delay
        self.delay = min(self.delay * 2, LONGEST_DELAY)

    def raise_if_hopeless(self) -> None:
        """Raises StartError when the child has said, with its exit code, that it cannot run here."""
        if not self.process.alive and self.process.code in HOPELESS:
            raise StartError(f"{self.process.name} cannot start: see above", exit_code=self.process.code)
