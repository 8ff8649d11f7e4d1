"""Duels in other languages than Python, by a stock client and before a real judge."""

import itertools
from typing import Any

import pytest

from tests.support.player import Player, invited, reference

SUFFIXES = {"cpp": ".cpp", "java": ".java", "javascript": ".js"}
BROKEN = {
    "cpp": "long long dark_gap(std::string lanterns) {\n    return lanterns.length(;\n}\n",
    "java": "class Solution {\n    static long dark_gap(String lanterns) { return lanterns.length(; }\n}\n",
    "javascript": "function dark_gap(lanterns) {\n  return lanterns.length(;\n}\n",
}

Players = tuple[Player, Player]


async def duel(players: Players, slug: str, language: str) -> str:
    """A duel over that challenge; skips when the machine cannot judge the language."""
    duel_id = await invited(*players, challenge=slug)
    if language not in (await players[0].open(duel_id))["challenge"]["starter"]:
        pytest.skip(f"no toolchain for {language} here")
    return duel_id


def language_of(snapshot: dict[str, Any], player: Player) -> str:
    [language] = [side["language"] for side in snapshot["players"] if side["id"] == player.id]
    return str(language)


@pytest.mark.parametrize("language", SUFFIXES)
async def test_a_correct_solution_wins(players: Players, language: str) -> None:
    ada, bob = players
    duel_id = await duel(players, "paper-lanterns", language)
    await ada.write(duel_id, reference("paper-lanterns", SUFFIXES[language]))
    await ada.do("duel:run", {"duel_id": duel_id, "run_id": "r", "language": language})
    assert (await ada.heard("duel:ran", run_id="r"))["verdict"] == "AC"
    await ada.submit(duel_id, "s", language)
    verdict = await bob.heard("duel:verdict", submission_id="s")
    assert (verdict["verdict"], verdict["passed"]) == ("AC", verdict["total"])
    finished = await bob.heard("duel:finished", duel_id=duel_id)
    assert finished["result"] == {"outcome": "win", "winner_id": ada.id, "reason": "solved"}
    assert language_of(await bob.state("finished", duel_id), ada) == language


@pytest.mark.parametrize("language", SUFFIXES)
async def test_what_does_not_compile_is_told_with_its_line_to_its_author(players: Players, language: str) -> None:
    ada, bob = players
    duel_id = await duel(players, "paper-lanterns", language)
    await ada.write(duel_id, BROKEN[language])
    await ada.submit(duel_id, "s", language)
    verdict = await ada.heard("duel:verdict", submission_id="s")
    assert (verdict["verdict"], verdict["passed"], verdict["line"]) == ("CE", 0, 2)
    assert verdict["message"]
    assert not {"message", "line", "column"} & (await bob.heard("duel:verdict", submission_id="s")).keys()


async def test_an_edit_may_go_over_to_another_language(players: Players) -> None:
    # As P46 and P56 say.
    ada, bob = players
    duel_id = await duel(players, "paper-lanterns", "cpp")
    live = await bob.open(duel_id)
    assert language_of(live, ada) == "python"
    assert ada.text == live["challenge"]["starter"]["python"]
    await ada.write(duel_id, live["challenge"]["starter"]["cpp"], language="cpp")
    while language_of(bob.snapshots[-1], ada) != "cpp":
        await bob.heard("duel:state", at_least=len(bob.events["duel:state"]) + 1)
    await ada.write(duel_id, reference("paper-lanterns", ".cpp"))
    again = await ada.open(duel_id)
    assert (language_of(again, ada), language_of(again, bob)) == ("cpp", "python")
    assert (ada.seq, ada.text) == (2, reference("paper-lanterns", ".cpp"))


async def test_nobody_goes_to_and_fro_for_ever(players: Players) -> None:
    ada, _ = players
    duel_id = await duel(players, "paper-lanterns", "cpp")
    edits = [{"duel_id": duel_id, "seq": seq, "changes": [[0, "x"], len(ada.text) + seq - 1]} for seq in range(1, 40)]
    languages = itertools.cycle(["cpp", "python"])
    errors = []
    for edit in edits:
        answer = await ada.ask("duel:edit", {**edit, "language": next(languages)})
        if not answer["ok"]:
            errors.append(answer["error"])
            await ada.do("duel:edit", edit)  # kept already or not: going over was one thing, the edit another
    assert {error["code"] for error in errors} == {"rate_limited"}
    assert all(0 < error["retry_after_ms"] <= 1000 for error in errors)
    # The texts are kept all the same.
    assert (await ada.open(duel_id))["players"][0]["seq"] == len(edits)


async def test_the_queue_starts_a_player_in_the_first_language_that_is_judged(players: Players) -> None:
    # As P35 and P42 say.
    ada, bob = players
    await ada.do("queue:join", {"mode": "ranked", "languages": ["cpp", "python"]})
    await bob.do("queue:join", {"mode": "ranked"})
    duel_id = (await ada.heard("queue:matched"))["duel_id"]
    await ada.open(duel_id)
    live = await ada.state("live", duel_id)
    ada.take(live)
    starter = live["challenge"]["starter"]
    language = "cpp" if "cpp" in starter else "python"
    assert (language_of(live, ada), ada.text, ada.seq) == (language, starter[language], 0)
    assert language_of(live, bob) == "python"


async def test_a_language_that_is_not_offered_is_refused_before_anything_is_stored(players: Players) -> None:
    # As P45 and P68 say. Its numbers are too large for JavaScript.
    ada, _ = players
    duel_id = await invited(*players, challenge="carousel-lamps")
    starter = (await ada.open(duel_id))["challenge"]["starter"]
    assert "javascript" not in starter
    submission = {"duel_id": duel_id, "submission_id": "s", "language": "javascript", "seq": 0}
    for event, payload in (
        ("duel:submit", submission),
        ("duel:run", {"duel_id": duel_id, "run_id": "r", "language": "javascript"}),
    ):
        refused = await ada.refused(event, payload)
        assert refused["code"] == "unavailable"
        assert refused["message"] == f"javascript is not offered in this duel: use {' or '.join(sorted(starter))}."
    assert (await ada.refused("duel:submit", {**submission, "language": "cobol"}))["code"] == "invalid"
    edit = {"duel_id": duel_id, "seq": 1, "changes": [len(ada.text)], "language": "javascript"}
    assert (await ada.refused("duel:edit", edit))["code"] == "invalid"
    snapshot = await ada.open(duel_id)
    assert language_of(snapshot, ada) == "python"
    assert not any(side["submissions"] for side in snapshot["players"])
    assert (await ada.submit(duel_id, "s"))["receipt"] == 1


async def test_every_right_answer_is_taken_where_the_challenge_says_so(players: Players) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob, challenge="bead-bracelet")
    # The reference's arrangement the other way round.
    await ada.write(
        duel_id, reference("bead-bracelet") + "\n\nfirst = bracelet\nbracelet = lambda beads: first(beads)[::-1]\n"
    )
    await ada.do("duel:run", {"duel_id": duel_id, "run_id": "r", "language": "python"})
    ran = await ada.heard("duel:ran", run_id="r")
    assert ran["verdict"] == "AC"
    assert any(case["output"] != case["expected"] for case in ran["cases"])
    await ada.submit(duel_id, "s")
    assert (await bob.heard("duel:verdict", submission_id="s"))["verdict"] == "AC"
