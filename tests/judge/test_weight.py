"""Programs get what others leave of the CPU: everything that a running judge has started stands back with it."""

import asyncio
import os
from pathlib import Path

import pytest

from python_duel.judge.weight import LOWEST
from python_duel.load.machine import descendants
from tests.contract.conftest import an_arena
from tests.support.arena import Arena
from tests.support.player import Player, invited

AUTOGROUP = Path("/proc/sys/kernel/sched_autogroup_enabled")


async def busy(arena: Arena) -> dict[int, tuple[int, str]]:
    """All processes of the judge that were seen while a program ran into its limit."""
    ada, bob = [await Player.join(arena.webs[0].url, name) for name in ("Ada", "Bob")]
    duel_id = await invited(ada, bob, challenge="paper-lanterns")
    await ada.write(duel_id, "while True:\n    pass\n")
    await ada.do("duel:run", {"duel_id": duel_id, "run_id": "r", "language": "python"})
    judge = arena.judges[0].pid
    seen: dict[int, tuple[int, str]] = {}
    while not ada.events["duel:ran"]:
        found = {pid: look(pid) for pid in (judge, *descendants(judge))}
        seen |= {pid: weight for pid, weight in found.items() if weight[1]}
        await asyncio.sleep(0.02)
    for player in (ada, bob):
        await player.leave()
    return seen


def look(pid: int) -> tuple[int, str]:
    """A process' nice value and its scheduling group; the group is empty once it is gone."""
    try:
        return os.getpriority(os.PRIO_PROCESS, pid), Path(f"/proc/{pid}/autogroup").read_text().strip()
    except OSError:
        return LOWEST, ""


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel makes no scheduling group for a session")
def test_everything_a_judge_starts_stands_back_with_it() -> None:
    with an_arena(webs=1) as arena:
        seen = asyncio.run(busy(arena))
    assert len(seen) > 2
    assert {nice for nice, _ in seen.values()} == {LOWEST}, seen
    assert all(group.endswith(f"nice {LOWEST}") for _, group in seen.values()), seen
