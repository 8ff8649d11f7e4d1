"""`python -m tests.support.failpoints web ...`: a web process that dies by SIGKILL at a chosen boundary.

The file that FAILPOINT names says which: `before_commit 2` is the second commit of all processes that writes something
for a player, counted from when the file said so; `after_commit`, `before_publish` and `after_publish` likewise. Without
the file nobody dies.
"""

import os
import signal
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from python_duel.cli import main
from python_duel.duels.models import Uptime
from python_duel.platform.bus import Bus

PLAN = Path(os.environ["FAILPOINT"])
PASSED = PLAN.with_suffix(".passed")
"""A byte for each time that any process has passed the planned boundary."""


def boundary(kind: str) -> None:
    try:
        plan = PLAN.read_text()
    except FileNotFoundError:
        return
    planned, _, count = plan.partition(" ")
    if planned == kind:
        with PASSED.open("ab") as passed:
            passed.write(b".")
        if PASSED.stat().st_size == int(count):
            os.kill(os.getpid(), signal.SIGKILL)


def executed(state: Any) -> None:
    if not state.is_select and getattr(state.statement, "table", None) is not Uptime.__table__:
        state.session.info["writes"] = True


def before_commit(session: Session) -> None:
    if session.info.get("writes") or session.new or session.dirty:
        session.info["writes"] = True
        boundary("before_commit")


def after_commit(session: Session) -> None:
    if session.info.pop("writes", False):
        boundary("after_commit")


async def publish(bus: Bus, topic: str, name: str, data: dict[str, Any]) -> None:
    boundary("before_publish")
    await published(bus, topic, name, data)
    boundary("after_publish")


if __name__ == "__main__":
    event.listen(Session, "do_orm_execute", executed)
    event.listen(Session, "before_commit", before_commit)
    event.listen(Session, "after_commit", after_commit)
    published, Bus.publish = Bus.publish, publish  # type: ignore[method-assign, assignment]
    main()
