"""Programs of players get what others leave of the CPU, so that they never slow down the live relay.

Two things decide that, and both are inherited by all that a judge starts: nice, among the processes of one scheduling
group, and the weight of the group itself, which the kernel makes for each session (sched(7), "The autogroup feature").
So the sandbox stays in the judge's session. Where a slot has a cgroup, that group's own weight takes its place.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from python_duel.sandbox import cgroup
from python_duel.sandbox.levels import Probe

LOWEST = cgroup.LOWEST
RETRIES, PAUSE_S = 40, 0.05
"""The kernel lets normal users change a session's weight ten times a second, all of them together."""
_SWITCH = Path("/proc/sys/kernel/sched_autogroup_enabled")
_OWN = Path("/proc/self/autogroup")
_MEND = (
    "boot without noautogroup, or give the judge a unit or container of its own at the lowest weight: CPUWeight=idle, "
    "--cpu-shares 2; else only what runs in the judge's own cgroup goes before it"
)


def stand_back() -> None:
    """Puts this process, and all that it will start, behind everything else that runs. Call it before any thread."""
    with suppress(PermissionError):  # leads a group already: of its own session, or of a job in somebody's shell
        os.setsid()
    os.setpriority(os.PRIO_PROCESS, 0, LOWEST)
    if os.getsid(0) == os.getpid():  # a shell's session is not ours to slow down
        _lower_session()


def _lower_session() -> None:
    for _ in range(RETRIES):
        try:
            _OWN.write_text(str(LOWEST))
        except BlockingIOError:
            time.sleep(PAUSE_S)
        except OSError:
            return  # this kernel has none
        else:
            return


def probe() -> Probe:
    """What holds programs back here."""
    probed = "looked for the controller cpu, and for autogroup"
    if cgroup.weighs():
        return Probe("idle weight", True, probed, "cgroup weight for each slot, autogroup for the judge itself")
    if _OWN.exists() and _SWITCH.exists() and _SWITCH.read_text().strip() == "1":
        return Probe("idle weight", True, probed, "own session with autogroup nice 19")
    return Probe("idle weight", False, probed, "nice 19 alone", _MEND)
