"""Zygotes that get no time: at their start, and at their end."""

import os
import signal
import subprocess
import threading
from typing import Any

import pytest

from python_duel.sandbox import Slot, launch
from tests.support.processes import running, tree, until


def test_one_that_stands_still_is_ended_all_the_same(slot: Slot) -> None:
    with Slot(slot.level) as still:
        still.script("print(1)")
        family = tree(still.pid)
        os.kill(still.pid, signal.SIGSTOP)
    assert len(family) > 1
    until(lambda: not running(family))


@pytest.mark.slow
def test_one_may_get_no_time_at_its_start_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a judge, which stands behind everything else, was seen to need 22 s."""
    begin = launch._begin

    def starved(*start: Any) -> subprocess.Popen[bytes]:
        process = begin(*start)
        process.send_signal(signal.SIGSTOP)
        threading.Timer(25, process.send_signal, [signal.SIGCONT]).start()
        return process

    monkeypatch.setattr(launch, "_begin", starved)
    with Slot() as slot:
        assert slot.script("print(1)").stdout == b"1\n"
