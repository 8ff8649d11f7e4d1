"""A duel with two web processes: both windows go over to its home, and survive its loss."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.test_duel import code, enter, play, write
from tests.support.arena import Arena
from tests.support.homes import NAMES, two_homes


@pytest.fixture
def homes() -> Iterator[Arena]:
    """Two web processes on one listening socket, and a judge."""
    with two_homes(shared=True) as arena:
        yield arena


def sockets_of(page: Page) -> list[str]:
    """The addresses of the sockets that this window opens from now on."""
    opened: list[str] = []
    page.on("websocket", lambda it: opened.append(it.url))
    return opened


async def test_both_windows_meet_at_home_and_go_on_without_it(browser: Browser, homes: Arena) -> None:
    url = homes.webs[0].url
    ada, bob = await enter(browser, url, "Ada"), await enter(browser, url, "Bob")
    opened = [sockets_of(page) for page in (ada, bob)]
    await play(ada, bob)
    for page, other, text in ((ada, bob, "from_ada = 1"), (bob, ada, "from_bob = 2")):
        await write(page, text)
        await expect(code(other, "opponent-editor")).to_contain_text(text)
    found = [{match[1] for it in urls if (match := re.search(r"/home/(\w+)/socket\.io/", it))} for urls in opened]
    assert len(found[0]) == 1
    assert found[0] == found[1]
    [name] = found[0]
    homes.webs[NAMES.index(name)].kill()
    for page, other, text in ((ada, bob, "still_ada = 3"), (bob, ada, "still_bob = 4")):
        await write(page, text)
        await expect(code(other, "opponent-editor")).to_contain_text(text)
