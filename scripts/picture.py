"""Makes docs/duel.png: a real duel on a running server, seen by one of its players. Usage: picture.py [URL]."""

import asyncio
import shutil
import sys
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.e2e.conftest import BROWSERS, FLAGS
from tests.support.player import Player

ROOT = Path(__file__).parents[1]
SLUG = "carousel-lamps"
PAUSE_MS = 1500


async def main(url: str) -> None:
    """Two players, one ahead of the other."""
    ada, bob = await Player.join(url, "Ada"), await Player.join(url, "Grace")
    made = await ada.do("duel:create", {"challenge": SLUG})
    await bob.do("duel:accept", {"invite": made["invite"]})
    async with async_playwright() as playwright:
        path = next(filter(None, map(shutil.which, BROWSERS)))
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        pages = [await window(browser, url, player, made["duel_id"]) for player in (ada, bob)]
        await play(*pages)
        await pages[0].screenshot(path=ROOT / "docs" / "duel.png")
        await browser.close()
    for player in (ada, bob):
        await player.leave()


async def window(browser: Browser, url: str, player: Player, duel_id: str) -> Page:
    """The duel in a window of its own, with the player's session."""
    context = await browser.new_context(viewport={"width": 1440, "height": 810})
    await context.add_cookies([{"name": "duel_session", "value": player.token, "url": url}])
    page = await context.new_page()
    await page.goto(f"{url}/duel/{duel_id}")
    await page.get_by_test_id("my-editor").locator(".cm-content").wait_for()
    return page


async def play(ada: Page, bob: Page) -> None:
    """Grace has submitted and passed some cases; Ada runs the samples."""
    folder = ROOT / "challenges" / SLUG / "solutions"
    wrong = next(text for text in map(Path.read_text, sorted(folder.glob("wrong_*.py"))) if "expect: WA" in text)
    await write(bob, wrong.partition("\n")[2].lstrip("\n"))
    await bob.get_by_test_id("submit").click()
    await bob.get_by_test_id("verdict").filter(has_text="WA").wait_for()
    await write(ada, (folder / "reference.py").read_text())
    await ada.get_by_test_id("run").click()
    await ada.get_by_test_id("run-result").wait_for()
    await bob.get_by_test_id("menu").click()
    await bob.get_by_test_id("say-hmm").click()
    await ada.wait_for_timeout(PAUSE_MS)


async def write(page: Page, text: str) -> None:
    """Replace the player's code."""
    await page.get_by_test_id("my-editor").locator(".cm-content").click()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text(text)
    await page.keyboard.press("ArrowUp")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"))
