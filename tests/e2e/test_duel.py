"""A duel as two people play it, each in a browser window of their own."""

import asyncio
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, expect

from tests.support.arena import Arena

CHALLENGES = Path(__file__).parents[2] / "challenges"
SLOW_MS = 15_000
expect.set_options(timeout=SLOW_MS)


async def enter(browser: Browser, url: str, nickname: str) -> Page:
    """A new window whose player has a nickname and stands in the lobby."""
    page = await (await browser.new_context(viewport={"width": 1440, "height": 900})).new_page()
    await page.goto(url)
    await page.get_by_test_id("nickname-input").fill(nickname)
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("play")).to_be_enabled()
    return page


async def play(*pages: Page) -> None:
    """Press Play in both windows and wait until they can write."""
    for page in pages:
        await page.get_by_test_id("play").click()
    for page in pages:
        await page.wait_for_url("**/duel/**", timeout=SLOW_MS)
        await expect(code(page, "my-editor")).to_be_visible()


async def invite(host: Page, guest: Page, **options: str) -> None:
    """A duel by link, accepted; both can write."""
    if options:
        await host.get_by_text("Options").click()
    for name, value in options.items():
        await host.get_by_test_id(f"invite-{name}").select_option(value)
    await host.get_by_test_id("invite").click()
    await guest.goto(await host.get_by_test_id("invite-link").input_value())
    await guest.get_by_test_id("accept-invite").click()
    for page in (host, guest):
        await page.wait_for_url("**/duel/**", timeout=SLOW_MS)
        await expect(code(page, "my-editor")).to_be_visible()


def code(page: Page, editor: str) -> Locator:
    """The text of an editor."""
    return page.get_by_test_id(editor).locator(".cm-content")


async def write(page: Page, text: str) -> None:
    """Replace one's own code."""
    await code(page, "my-editor").click()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text(text)


async def slug(page: Page) -> str:
    """The challenge of the duel in this window."""
    server, _, duel_id = page.url.partition("/duel/")
    summary = await (await page.request.get(f"{server}/api/v1/duels/{duel_id}")).json()
    return str(summary["challenge"]["slug"])


async def reference(page: Page) -> str:
    """A right solution of the duel in this window."""
    return (CHALLENGES / await slug(page) / "solutions" / "reference.py").read_text()


async def test_two_windows_play_a_duel_to_its_end_and_again(e2e_arena: Arena, browser: Browser) -> None:
    url = e2e_arena.webs[-1].url
    ada, bob = await enter(browser, url, "Ada"), await enter(browser, url, "Bob")
    await ada.get_by_test_id("play").click()
    await expect(ada.get_by_test_id("searching")).to_be_visible()
    await bob.get_by_test_id("play").click()
    await asyncio.gather(*(expect(page.get_by_test_id("countdown")).to_be_visible() for page in (ada, bob)))
    for page in (ada, bob):
        await expect(page.get_by_test_id("statement")).to_be_visible()
        await expect(page.get_by_test_id("timer")).to_contain_text("14:")

    # Each sees the other type, emoji included.
    await write(ada, "note = 'quack 🦆'")
    await expect(code(bob, "opponent-editor")).to_contain_text("note = 'quack 🦆'")
    await write(bob, "answer = 1 / 0")
    await expect(code(ada, "opponent-editor")).to_contain_text("answer = 1 / 0")

    await bob.get_by_test_id("submit").click()
    await expect(bob.get_by_test_id("verdict").first).to_contain_text("RE")

    solution = await reference(ada)
    await write(ada, solution)
    await ada.get_by_test_id("run").click()
    await expect(ada.get_by_test_id("run-result")).to_contain_text("AC")
    await ada.get_by_test_id("submit").click()
    await expect(ada.get_by_test_id("headline")).to_contain_text("You win")
    await expect(bob.get_by_test_id("headline")).to_contain_text("You lose")
    await expect(bob.get_by_test_id("solution-theirs")).to_contain_text(solution.splitlines()[0])
    await expect(ada.get_by_test_id("solution-theirs")).to_contain_text("answer = 1 / 0")

    finished = ada.url
    await ada.get_by_test_id("rematch").click()
    await expect(bob.get_by_test_id("rematch-offered")).to_be_visible()
    await bob.get_by_test_id("rematch").click()
    for page in (ada, bob):
        await page.wait_for_url(lambda it: "/duel/" in it and it != finished, timeout=SLOW_MS)
        await expect(code(page, "my-editor")).to_be_visible()
    await ada.get_by_test_id("menu").click()
    await ada.get_by_test_id("resign").click()
    await ada.get_by_test_id("confirm").click()
    await expect(bob.get_by_test_id("headline")).to_contain_text("You win")


async def test_a_refresh_at_any_moment_loses_nothing(e2e_arena: Arena, browser: Browser) -> None:
    url = e2e_arena.webs[-1].url
    ada, bob = await enter(browser, url, "Ada"), await enter(browser, url, "Bob")
    await ada.get_by_test_id("play").click()
    await ada.reload()
    await expect(ada.get_by_test_id("me")).to_contain_text("Ada")
    await play(ada, bob)
    await ada.reload()
    await expect(code(ada, "my-editor")).to_be_visible()
    await write(ada, "kept = 'over a refresh'")
    await ada.reload()
    await expect(code(ada, "my-editor")).to_contain_text("kept = 'over a refresh'")
    await expect(code(bob, "opponent-editor")).to_contain_text("kept = 'over a refresh'")
    await bob.reload()
    await expect(code(bob, "opponent-editor")).to_contain_text("kept = 'over a refresh'")
    await write(ada, await reference(ada))
    await ada.get_by_test_id("submit").click()
    await ada.reload()
    await expect(ada.get_by_test_id("headline")).to_contain_text("You win")
    await bob.reload()
    await expect(bob.get_by_test_id("headline")).to_contain_text("You lose")


async def test_a_crash_of_the_server_in_mid_duel(e2e_arena: Arena, browser: Browser) -> None:
    web = e2e_arena.webs[-1]
    ada, bob = await enter(browser, web.url, "Ada"), await enter(browser, web.url, "Bob")
    await play(ada, bob)
    await write(ada, "before = 'the crash'")
    await expect(code(bob, "opponent-editor")).to_contain_text("before = 'the crash'")
    web.kill()
    # Typing goes on; nothing of it is lost.
    await write(ada, "while_away = 'from the server'")
    e2e_arena.webs.remove(web)
    e2e_arena.start_web(int(web.url.rpartition(":")[2]))
    await expect(code(bob, "opponent-editor")).to_contain_text("while_away = 'from the server'", timeout=2 * SLOW_MS)
    await expect(code(ada, "my-editor")).to_contain_text("while_away = 'from the server'")
    await write(bob, await reference(bob))
    await bob.get_by_test_id("submit").click()
    await expect(bob.get_by_test_id("headline")).to_contain_text("You win")
    await expect(ada.get_by_test_id("headline")).to_contain_text("You lose")


async def test_the_keyboard_is_enough(e2e_arena: Arena, browser: Browser) -> None:
    url = e2e_arena.webs[-1].url
    ada, bob = await enter(browser, url, "Ada"), await enter(browser, url, "Bob")
    for page in (ada, bob):
        await page.get_by_test_id("play").focus()
        await page.keyboard.press("Enter")
    for page in (ada, bob):
        await expect(code(page, "my-editor")).to_be_visible()
    await code(ada, "my-editor").focus()
    await ada.keyboard.press("Control+a")
    await ada.keyboard.insert_text(await reference(ada))
    await ada.keyboard.press("Control+Enter")
    await expect(ada.get_by_test_id("run-result")).to_contain_text("AC")
    await ada.keyboard.press("Control+Shift+Enter")
    await expect(ada.get_by_test_id("headline")).to_contain_text("You win")


async def test_an_invitation_and_a_spectator(e2e_arena: Arena, browser: Browser) -> None:
    url = e2e_arena.webs[-1].url
    ada, bob = await enter(browser, url, "Ada"), await enter(browser, url, "Bob")
    await invite(ada, bob)
    eve = await enter(browser, url, "Eve")
    await eve.goto(ada.url)
    await write(ada, "seen = 'by three'")
    for page in (bob, eve):
        await expect(page.get_by_text("seen = 'by three'")).to_be_visible()
    await expect(eve.get_by_test_id("submit")).to_have_count(0)


async def test_a_veiled_duel_by_its_host_s_choice(e2e_arena: Arena, browser: Browser) -> None:
    url = e2e_arena.webs[-1].url
    ada, bob = await enter(browser, url, "Ada"), await enter(browser, url, "Bob")
    await invite(ada, bob, challenge="honest-scale", minutes="30", visibility="veiled")
    await expect(bob.get_by_test_id("statement")).to_contain_text("The honest scale")
    await expect(bob.get_by_test_id("timer")).to_contain_text("29:")
    await write(ada, "secret = 1")
    await expect(code(bob, "opponent-editor")).to_contain_text("•••••• • •")
    await write(bob, await reference(bob))
    await bob.get_by_test_id("submit").click()
    await expect(bob.get_by_test_id("solution-theirs")).to_contain_text("secret = 1")
