"""A duel between two languages, each player in a browser window of their own."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.test_duel import CHALLENGES, code, enter, invite, write
from tests.support.arena import Arena

SOLUTIONS = CHALLENGES / "paper-lanterns" / "solutions"
BROKEN = "long long dark_gap(std::string lanterns) {\n    return lanterns.length(;\n}\n"


async def test_one_plays_in_cpp_and_wins(e2e_arena: Arena, browser: Browser) -> None:
    url = e2e_arena.webs[-1].url
    ada, bob = await enter(browser, url, "Ada"), await enter(browser, url, "Bob")
    await invite(ada, bob, challenge="paper-lanterns")
    picker = ada.get_by_test_id("language")
    if await picker.locator("option[value=cpp]").count() == 0:
        pytest.skip("no C++ compiler here")

    # Starter code gives way unasked; bob sees it, in its own colours, and whose language it is.
    await expect(code(ada, "my-editor")).to_contain_text("def dark_gap(")
    await picker.select_option("cpp")
    await expect(code(ada, "my-editor")).to_contain_text("long long dark_gap(")
    await expect(code(bob, "opponent-editor")).to_contain_text("long long dark_gap(")
    await expect(bob.get_by_test_id("opponent-language")).to_have_text("C++")
    await expect(bob.get_by_test_id("language")).to_have_value("python")

    # What was written is asked about first.
    await write(ada, "int kept = 1;")
    await picker.select_option("python")
    await ada.get_by_role("button", name="Keep my code").click()
    await expect(picker).to_have_value("cpp")
    await expect(code(ada, "my-editor")).to_contain_text("int kept = 1;")
    await picker.select_option("python")
    await ada.get_by_test_id("confirm").click()
    await expect(code(ada, "my-editor")).to_contain_text("def dark_gap(")
    await expect(bob.get_by_test_id("opponent-language")).to_have_text("Python")

    # A compiler's words stand at their line; the language outlives a refresh.
    await picker.select_option("cpp")
    await write(ada, BROKEN)
    await ada.reload()
    await expect(picker).to_have_value("cpp")
    await ada.get_by_test_id("submit").click()
    await expect(ada.get_by_test_id("verdict").first).to_contain_text("CE")
    await expect(ada.locator(".cm-refusal-line")).to_contain_text("lanterns.length(;")

    await write(ada, (SOLUTIONS / "reference.cpp").read_text())
    await ada.get_by_test_id("run").click()
    await expect(ada.get_by_test_id("run-result")).to_contain_text("AC")
    await ada.get_by_test_id("submit").click()
    await expect(ada.get_by_test_id("headline")).to_contain_text("You win")
    await expect(bob.get_by_test_id("solution-theirs")).to_contain_text("#include <string>")


async def test_the_language_chosen_last_is_there_in_the_next_duel(e2e_arena: Arena, browser: Browser) -> None:
    url = e2e_arena.webs[-1].url
    ada, bob = await enter(browser, url, "Ada"), await enter(browser, url, "Bob")
    await ada.evaluate("localStorage.setItem('duel-language', JSON.stringify('javascript'))")
    await invite(ada, bob, challenge="paper-lanterns")
    if await bob.get_by_test_id("language").locator("option[value=javascript]").count() == 0:
        pytest.skip("no Node here")
    await expect(ada.get_by_test_id("language")).to_have_value("javascript")
    await expect(code(bob, "opponent-editor")).to_contain_text("function dark_gap(lanterns)")
    await write(ada, (SOLUTIONS / "reference.js").read_text())
    await ada.get_by_test_id("submit").click()
    await expect(bob.get_by_test_id("headline")).to_contain_text("You lose")
