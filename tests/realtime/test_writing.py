"""Pens of web processes over real stores, without sockets: who writes when things cross or were lost."""

import asyncio

from python_duel.duels import rules
from python_duel.platform.redis import reply
from tests.realtime.conftest import Process, there


async def test_an_edit_that_an_opening_overtakes_does_not_take_the_new_pen_away(here: Process) -> None:
    """Both are answered in one go."""
    await reply(here.core.redis.execute_command("CLIENT", "PAUSE", 300))
    opening = asyncio.create_task(here.open())
    async with asyncio.timeout(5):
        while not here.connection.taking:
            await asyncio.sleep(0)
    answer = await here.send("# overtaken")
    assert not isinstance(answer, int)
    assert answer.code == "unavailable"
    assert await opening == "own"
    assert await here.send("# on") == 1


async def test_an_edit_that_met_an_emptied_store_is_there_when_it_is_sent_again(here: Process) -> None:
    assert await here.send("# 1") == 1
    await here.core.redis.flushall()
    refused = [await it for it in (here.send("# 2"), here.send("# 3"))]
    assert [it.code for it in refused if not isinstance(it, int)] == ["unavailable"] * 2
    await here.settle()
    assert [await here.send("# again", seq) for seq in (2, 3)] == [2, 3]
    assert await here.send("# 4") == 4
    fresh = there(here)
    await fresh.open()
    assert fresh.text == here.text
    assert fresh.text.startswith("# 4\n# 3\n# 2\n# 1\n")


async def test_a_process_that_does_not_know_that_it_lost_the_pen_brings_no_older_text(here: Process) -> None:
    """Though it is the first to look."""
    assert await here.send("# old") == 1
    other = there(here)
    await other.open()
    assert await other.send("# new") == 2
    await here.core.redis.flushall()
    for process in (here, other, here):
        await process.writing.put_all_back()
        await process.settle()
    assert not here.connection.pens
    assert await other.send("# on") == 3
    assert other.text.startswith("# on\n# new\n# old\n")


async def test_who_writes_on_before_it_has_looked_keeps_the_newer_text(here: Process) -> None:
    assert await here.send("# old") == 1
    other = there(here)
    await other.open()
    assert await other.send("# new") == 2
    await here.core.redis.flushall()
    await here.writing.put_all_back()
    await here.settle()
    refused = await other.send("# on")
    assert not isinstance(refused, int)
    assert refused.code == "unavailable"
    await other.settle()
    assert await other.send("# on", 3) == 3
    assert other.text.startswith("# on\n# new\n# old\n")


async def test_a_finished_duel_has_no_pen_to_take(here: Process) -> None:
    await here.core.duels.command(here.duel_id, rules.Resign(here.connection.player_id))
    await here.core.redis.flushall()
    assert await here.open() == "closed"
    assert await here.core.redis.dbsize() == 0


async def test_nothing_is_put_back_once_the_last_texts_are_stored(here: Process) -> None:
    await here.core.duels.archive.close(await here.core.duel(here.duel_id))
    await here.core.redis.flushall()
    await here.writing.put_all_back()
    await here.settle()
    assert here.connection.over == {here.duel_id}
    assert not here.connection.pens
    assert here.writing.document(here.duel_id, here.connection.player_id) is None
