"""Nothing is lost by what happens to a browser: refreshed, killed, offline, opened twice."""

import asyncio
from contextlib import suppress

import pytest
import redis.asyncio
from playwright.async_api import Browser, Error, Page, expect

from tests.e2e.sides import Side, same, side
from tests.e2e.test_duel import code, play, reference, write
from tests.support.arena import Arena
from tests.support.lasted import lasted

WRITTEN = """key => new Promise((resolve, reject) => {
  const open = indexedDB.open("python-duel");
  open.onerror = () => reject(open.error);
  open.onsuccess = () => {
    const got = open.result.transaction("drafts").objectStore("drafts").getAll();
    got.onsuccess = () => { open.result.close(); resolve(JSON.stringify(got.result)); };
  };
})"""
"""All drafts of this browser, as JSON."""


async def duel(browser: Browser, arena: Arena) -> tuple[Side, Side]:
    """Two windows in a duel, each with something written."""
    url = arena.webs[-1].url
    ada, bob = await side(browser, url, "Ada"), await side(browser, url, "Bob")
    await play(ada.page, bob.page)
    await write(ada.page, "from_ada = 1")
    await write(bob.page, "from_bob = 2")
    await expect(code(ada.page, "opponent-editor")).to_contain_text("from_bob")
    await same(ada, bob)
    return ada, bob


async def type_offline(it: Side, text: str) -> None:
    """Cut the network, then type; the page says so, and the draft lies in IndexedDB."""
    await it.page.context.set_offline(True)
    await expect(it.page.get_by_test_id("offline")).to_contain_text("Go on typing")
    await write(it.page, text)
    async with asyncio.timeout(5):
        while text not in await it.page.evaluate(WRITTEN):
            await asyncio.sleep(0.02)


async def refresh(page: Page) -> None:
    """Leave the page while the network is away: nothing that was typed offline can have been sent before."""
    url = page.url
    with suppress(Error):
        await page.reload()
    await page.context.set_offline(False)
    await page.goto(url)


async def another_tab(it: Side) -> Side:
    """The same duel once more, in the same browser."""
    tab = Side(await it.page.context.new_page(), me=it.me).watch()
    await tab.page.goto(it.page.url)
    await expect(code(tab.page, "my-editor")).to_be_visible()
    return tab


async def win(winner: Side, loser: Side) -> None:
    """Play it to its end: the result is the same on both sides."""
    await write(winner.page, await reference(winner.page))
    await winner.page.get_by_test_id("submit").click()
    await expect(winner.page.get_by_test_id("headline")).to_contain_text("You win")
    await expect(loser.page.get_by_test_id("headline")).to_contain_text("You lose")
    await same(winner, loser)
    assert await winner.page.evaluate(WRITTEN) == "[]"


@pytest.mark.slow
async def test_refreshed_with_edits_that_the_server_has_not_got(e2e_arena: Arena, browser: Browser) -> None:
    ada, bob = await duel(browser, e2e_arena)
    before = ada.deadline
    await type_offline(ada, "typed = 'offline'")
    with lasted("page refreshed with unsent edits: until both see them"):
        await refresh(ada.page)
        await expect(code(bob.page, "opponent-editor")).to_contain_text("typed = 'offline'")
        await expect(code(ada.page, "my-editor")).to_contain_text("typed = 'offline'")
    await same(ada, bob)
    assert ada.deadline == before
    await win(ada, bob)


async def test_a_tab_that_is_killed_with_unsent_edits(e2e_arena: Arena, browser: Browser) -> None:
    ada, bob = await duel(browser, e2e_arena)
    await type_offline(ada, "typed = 'before the crash'")
    crashed = ada.page
    # Killed: no event of the page tells it so, and its session storage dies with the tab.
    session = await ada.page.context.new_cdp_session(crashed)
    async with crashed.expect_event("crash"):
        crash = asyncio.ensure_future(session.send("Page.crash"))
    crash.cancel()
    context = crashed.context
    await crashed.close()
    await context.set_offline(False)
    with lasted("tab killed with unsent edits: opened again until both see them"):
        again = await another_tab(ada)
        await expect(code(bob.page, "opponent-editor")).to_contain_text("before the crash")
    await same(again, bob)
    await win(bob, again)


@pytest.mark.slow
async def test_typed_at_the_last_moment_before_a_refresh(e2e_arena: Arena, browser: Browser) -> None:
    ada, bob = await duel(browser, e2e_arena)
    await ada.page.context.set_offline(True)
    await expect(ada.page.get_by_test_id("offline")).to_be_visible()
    await code(ada.page, "my-editor").click()
    await ada.page.keyboard.type("# one letter after the other", delay=5)
    with lasted("typed until the refresh: until the other sees it"):
        await refresh(ada.page)
        await expect(code(bob.page, "opponent-editor")).to_contain_text("# one letter after the other")
    await same(ada, bob)


@pytest.mark.slow
async def test_offline_for_a_while_and_back(e2e_arena: Arena, browser: Browser) -> None:
    """As when the network changes: the duel goes on meanwhile."""
    ada, bob = await duel(browser, e2e_arena)
    await type_offline(ada, "typed = 'on the train'")
    await expect(bob.page.get_by_test_id("other-away")).to_contain_text("you win by forfeit")
    await write(bob.page, "meanwhile = 'here'")
    await bob.page.get_by_test_id("submit").click()
    await expect(bob.page.get_by_test_id("verdict").first).to_be_visible()
    with lasted("browser offline: network back until both see all, and nobody is away"):
        await ada.page.context.set_offline(False)
        await expect(code(ada.page, "opponent-editor")).to_contain_text("meanwhile")
        await expect(code(bob.page, "opponent-editor")).to_contain_text("on the train")
        await expect(bob.page.get_by_test_id("other-away")).to_have_count(0)
        await expect(ada.page.get_by_test_id("offline")).to_have_count(0)
    await same(ada, bob)
    await win(ada, bob)


async def test_a_second_tab_takes_the_pen_and_gives_it_back(e2e_arena: Arena, browser: Browser) -> None:
    ada, bob = await duel(browser, e2e_arena)
    # The first says so at once, and takes no typing.
    with lasted("a second tab: its page opened until the first says so"):
        tab = await another_tab(ada)
        await expect(ada.page.get_by_test_id("pen-taken")).to_contain_text("another page")
    await expect(ada.page.get_by_test_id("submit")).to_be_disabled()
    await write(tab.page, "second = 'tab'")
    await expect(code(bob.page, "opponent-editor")).to_contain_text("second = 'tab'")
    await same(tab, bob)
    # It does not take the pen back by coming back.
    await _reconnect(ada.page)
    await expect(ada.page.get_by_test_id("pen-taken")).to_be_visible()
    await expect(code(ada.page, "my-editor")).to_contain_text("second = 'tab'")
    await expect(tab.page.get_by_test_id("pen-taken")).to_have_count(0)
    # Only when its user asks.
    with lasted("a second tab: `Write here` until both pages say so"):
        await ada.page.get_by_test_id("take-pen").click()
        await expect(ada.page.get_by_test_id("pen-taken")).to_have_count(0)
        await expect(tab.page.get_by_test_id("pen-taken")).to_be_visible()
    await write(ada.page, "first = 'again'")
    await expect(code(bob.page, "opponent-editor")).to_contain_text("first = 'again'")
    await same(ada, bob)
    await win(ada, bob)
    await expect(tab.page.get_by_test_id("headline")).to_contain_text("You win")


@pytest.mark.slow
async def test_a_second_device_while_the_first_was_away_with_unsent_edits(e2e_arena: Arena, browser: Browser) -> None:
    ada, bob = await duel(browser, e2e_arena)
    await ada.page.context.set_offline(True)
    await expect(ada.page.get_by_test_id("offline")).to_be_visible()
    await code(ada.page, "my-editor").click()
    await ada.page.keyboard.press("Control+End")
    await ada.page.keyboard.insert_text("\n# typed on the laptop")
    cookies = await ada.page.context.cookies()
    phone_context = await browser.new_context(viewport={"width": 1440, "height": 900})
    await phone_context.add_cookies([{**cookie} for cookie in cookies])  # type: ignore[typeddict-item]
    phone = Side(await phone_context.new_page(), me=ada.me).watch()
    await phone.page.goto(ada.page.url)
    await code(phone.page, "my-editor").click()
    await phone.page.keyboard.press("Control+Home")
    await phone.page.keyboard.insert_text("# typed on the phone\n")
    await expect(code(bob.page, "opponent-editor")).to_contain_text("# typed on the phone")
    # The laptop wakes: it does not take the pen, and says what was not sent.
    await ada.page.context.set_offline(False)
    await expect(ada.page.get_by_test_id("pen-taken")).to_contain_text("not sent")
    await expect(code(ada.page, "my-editor")).to_contain_text("# typed on the phone")
    await same(phone, bob)
    # Its user asks for it: nothing of either is lost.
    await ada.page.get_by_test_id("take-pen").click()
    await expect(code(bob.page, "opponent-editor")).to_contain_text("# typed on the laptop")
    await expect(code(bob.page, "opponent-editor")).to_contain_text("# typed on the phone")
    await expect(phone.page.get_by_test_id("pen-taken")).to_be_visible()
    await same(ada, bob)
    await win(ada, bob)


@pytest.mark.slow
async def test_redis_emptied_in_mid_duel(e2e_arena: Arena, browser: Browser) -> None:
    ada, bob = await duel(browser, e2e_arena)
    before = ada.deadline
    client = redis.asyncio.Redis.from_url(e2e_arena.redis_url)
    await client.flushall()
    await client.aclose()
    with lasted("Redis emptied: the next edits typed in browsers until both see all"):
        # Both go on typing, and nobody is told of another page that there is not.
        for it, other, text in ((ada, bob, "# ada's again\n"), (bob, ada, "# bob's again\n")):
            await code(it.page, "my-editor").click()
            await it.page.keyboard.press("Control+Home")
            await it.page.keyboard.insert_text(text)
            await expect(code(other.page, "opponent-editor")).to_contain_text(text.strip())
        await expect(code(bob.page, "opponent-editor")).to_contain_text("from_ada = 1")
        await expect(code(ada.page, "opponent-editor")).to_contain_text("from_bob = 2")
    await same(ada, bob)
    assert ada.deadline == before
    await win(bob, ada)


async def _reconnect(page: Page) -> None:
    """The network is away, and comes back."""
    await page.context.set_offline(True)
    await expect(page.get_by_test_id("offline")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.get_by_test_id("offline")).to_have_count(0)
