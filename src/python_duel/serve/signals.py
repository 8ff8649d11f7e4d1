"""What SIGINT, SIGTERM and SIGHUP mean: the first one a clean stop, a second one a quick stop."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from python_duel.platform.process import Process


class Stop(BaseException):
    """Somebody asked this server to end."""


@contextmanager
def stopped_by_signals(processes: list[Process]) -> Iterator[None]:
    """Swallows the Stop that the first signal raises in the block; a further one kills `processes`."""
    asked = False

    def handle(_: int, __: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            os.write(
                2, b"stopping; Ctrl-C once more stops at once\n"
            )  # print() may be interrupted by this very handler
            raise Stop
        for process in processes:
            process.kill()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)
    with suppress(Stop):
        yield
