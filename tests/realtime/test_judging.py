"""What is judged was in the document, whatever is under way when it is asked for: P60."""

from collections.abc import Awaitable, Callable

import pytest

from python_duel.errors import PenTaken, RateLimited, Unavailable
from python_duel.platform.postgres import Trouble
from python_duel.platform.redis import reply
from python_duel.protocol.client import DuelRun, DuelSubmit
from python_duel.realtime.judging import Judging
from tests.realtime.conftest import Process, there

Ask = Callable[[Process], Awaitable[object]]


async def submit(process: Process, submission_id: str = "mine") -> object:
    """The text after the first edit."""
    message = DuelSubmit(duel_id=process.duel_id, submission_id=submission_id, language="python", seq=1)
    return await Judging(process.services).submit(process.connection, message)


async def run(process: Process) -> object:
    message = DuelRun(duel_id=process.duel_id, run_id="mine", language="python")
    return await Judging(process.services).run(process.connection, message)


@pytest.mark.parametrize("ask", [submit, run])
async def test_an_edit_of_a_page_that_lost_the_pen_is_not_judged(here: Process, ask: Ask) -> None:
    """Its process does not know yet when it is asked."""
    await there(here).open()
    await reply(here.core.redis.execute_command("CLIENT", "PAUSE", 300))
    edit = here.send("# never in the document")
    with pytest.raises(PenTaken):
        await ask(here)
    assert isinstance(await edit, PenTaken)
    assert await here.core.jobs() == []


@pytest.mark.parametrize("ask", [submit, run])
async def test_an_edit_that_may_be_lost_is_not_judged_until_it_is_stored(here: Process, ask: Ask) -> None:
    """And the refusal costs nothing."""
    await here.core.redis.flushall()
    edit = here.send("# once more")
    with pytest.raises(Unavailable):
        await ask(here)
    assert isinstance(await edit, Unavailable)
    await here.settle()
    again = here.send("# once more", 1)
    await ask(here)
    assert await again == 1
    [job] = await here.core.jobs()
    assert job.code == here.text
    assert job.code.startswith("# once more\n")


FULL = """CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$"""


async def test_a_submission_that_was_not_received_is_not_too_many(here: Process) -> None:
    """It may come again at once, also to another process; one more may not."""
    await here.send("# mine")
    await here.core.sql(FULL)
    await here.core.sql("CREATE TRIGGER full_disk BEFORE INSERT ON submissions EXECUTE FUNCTION full_disk()")
    for _ in range(2):
        with pytest.raises(Trouble):
            await submit(here)
    await here.core.sql("DROP TRIGGER full_disk ON submissions")
    elsewhere = there(here)
    await elsewhere.open()
    await submit(elsewhere)
    assert len(await here.core.jobs()) == 1
    with pytest.raises(RateLimited):
        await submit(elsewhere, "another")


async def test_a_run_is_one_too_many_whatever_it_is_called(here: Process) -> None:
    await run(here)
    with pytest.raises(RateLimited):
        await run(here)
