"""Who is away, what follows, and a server that stops: said on screen, and true."""

import asyncio
import signal
import socket
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Browser, expect

from python_duel.platform import embedded
from python_duel.settings import Settings
from tests.e2e.sides import Side, same, side
from tests.e2e.test_duel import code, enter, play, write
from tests.e2e.test_recovery import WRITTEN
from tests.support.arena import Arena
from tests.support.lasted import lasted
from tests.support.processes import until

GRACE = "4"
NOTICED_MS = 45_000
"""A browser that is cut off may not get to close its socket: then the server's heartbeat finds out."""
TOLD = """new Promise(done => new MutationObserver(
  () => document.querySelector("[data-testid=moving]") && done(),
).observe(document.body, { subtree: true, childList: true }))"""
"""Waits for words that may be gone in a moment: Playwright's own look comes later, on a page in the background."""


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture(scope="module")
def impatient(listener: socket.socket) -> Iterator[Arena]:
    """A web process and a judge; whoever is away for four seconds has lost."""
    with embedded.stores(None, Settings.model_construct()) as stores:
        settings = {"DUEL_RECONNECT_GRACE": GRACE, "DUEL_POLLING": "false"}
        arena = Arena(stores.database_url, stores.redis_url, stores.judge_redis_url, settings)
        arena.start_web_on(listener)
        arena.start_judge()
        try:
            arena.wait_ready()
            yield arena
        finally:
            arena.stop()


async def duel(browser: Browser, arena: Arena) -> tuple[Side, Side]:
    url = arena.webs[-1].url
    ada, bob = await side(browser, url, "Ada"), await side(browser, url, "Bob")
    await play(ada.page, bob.page)
    await write(ada.page, "from_ada = 1")
    await expect(code(bob.page, "opponent-editor")).to_contain_text("from_ada = 1")
    return ada, bob


async def test_a_laptop_closed_for_longer_than_the_grace(impatient: Arena, browser: Browser) -> None:
    ada, bob = await duel(browser, impatient)
    away = ada.page.get_by_test_id("other-away")
    words = "Bob is away. If they do not come back, you win by forfeit."
    with lasted("laptop closed: until the other is told who is away"):
        await bob.page.context.set_offline(True)
        await expect(bob.page.get_by_test_id("offline")).to_contain_text("or you lose by forfeit")
        await expect(away).to_contain_text(words, timeout=NOTICED_MS)
    await write(bob.page, "typed = 'away'")
    with lasted(f"laptop closed: from there to the forfeit after a grace of {GRACE} s"):
        await expect(away.get_by_role("timer")).to_contain_text("0:0")
        await expect(ada.page.get_by_test_id("headline")).to_contain_text("You win")
    await expect(ada.page.get_by_test_id("reason")).to_contain_text(f"Bob was away for more than {GRACE} seconds")
    await expect(bob.page.get_by_test_id("offline")).to_contain_text("you may have lost")
    await bob.page.context.set_offline(False)
    await expect(bob.page.get_by_test_id("headline")).to_contain_text("You lose")
    await expect(bob.page.get_by_test_id("reason")).to_contain_text(f"You were away for more than {GRACE} seconds")
    await same(ada, bob)
    # What was typed meanwhile came too late, but is there until its author has done with it.
    unsent = bob.page.get_by_test_id("left-over")
    await expect(unsent).to_contain_text("before what you typed last could be sent")
    await bob.page.reload()
    await unsent.locator("summary").click()
    await expect(unsent.locator("pre")).to_have_text("typed = 'away'")
    await unsent.get_by_test_id("copy").click()
    await expect(unsent.get_by_test_id("copy")).to_have_text("Copied")
    await unsent.get_by_test_id("dismiss-left-over").click()
    await expect(unsent).to_have_count(0)
    assert await bob.page.evaluate(WRITTEN) == "[]"


@pytest.mark.slow
async def test_both_away(impatient: Arena, browser: Browser) -> None:
    ada, bob = await duel(browser, impatient)
    eve = await enter(browser, impatient.webs[-1].url, "Eve")
    await eve.goto(ada.page.url)
    for it in (ada, bob):
        await it.page.context.set_offline(True)
    await expect(eve.get_by_test_id("other-away")).to_contain_text("Both players are away", timeout=NOTICED_MS)
    await expect(eve.get_by_test_id("headline")).to_contain_text("Called off")
    for it in (ada, bob):
        await it.page.context.set_offline(False)
        await expect(it.page.get_by_test_id("headline")).to_contain_text("Called off")
        await expect(it.page.get_by_test_id("reason")).to_contain_text("Both players were away")
    await same(ada, bob)


def idle(url: str) -> bool:
    """Whether a web process without a socket answers there: the next one, which accepts in turn with the old one."""
    return "\nduel_connections 0.0\n" in httpx.get(f"{url}/metrics", timeout=20).text


@pytest.mark.slow
async def test_a_server_that_stops_for_another(impatient: Arena, listener: socket.socket, browser: Browser) -> None:
    """A rolling restart: the next one listens before this one stops."""
    ada, bob = await duel(browser, impatient)
    before = ada.deadline
    old = impatient.webs[0]
    impatient.start_web_on(listener)
    await asyncio.to_thread(until, lambda: idle(old.url), 60)
    told = [asyncio.ensure_future(it.page.evaluate(TOLD)) for it in (ada, bob)]
    with lasted("deploy: SIGTERM until both browsers have moved, and see what was typed on the way"):
        old.process.send_signal(signal.SIGTERM)
        await write(ada.page, "typed = 'on the way'")
        await asyncio.gather(*told)
        for it in (ada, bob):
            await expect(it.page.get_by_test_id("moving")).to_have_count(0)
            await expect(it.page.get_by_test_id("connection")).to_have_attribute("data-state", "online")
        await expect(code(bob.page, "opponent-editor")).to_contain_text("typed = 'on the way'")
    assert await asyncio.to_thread(old.process.wait, 20) == 0
    impatient.webs.remove(old)
    await same(ada, bob)
    assert ada.deadline == before
