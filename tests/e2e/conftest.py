"""Two real browser windows and a real server."""

import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, async_playwright

from python_duel.platform import embedded
from python_duel.platform.bundled import bundled
from python_duel.settings import Settings
from tests.support.arena import Arena

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def e2e_arena() -> Iterator[Arena]:
    """A web process with the built UI, and a judge. The countdown is long enough to be seen."""
    if not (bundled("web/dist") / "index.html").exists():
        pytest.fail("the user interface is not built: run `make ui`")
    with embedded.stores(None, Settings.model_construct()) as stores:
        arena = Arena(stores.database_url, stores.redis_url, stores.judge_redis_url, {"DUEL_COUNTDOWN": "2"})
        arena.start_web()
        arena.start_judge()
        try:
            arena.wait_ready()
            yield arena
        finally:
            arena.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, or whatever of its kind is there."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        await browser.close()
