"""A whole duel by a stock python-socketio client, its two players on two web processes."""

from uuid import uuid4

import httpx
import pytest

from tests.support.arena import Arena
from tests.support.player import Player, invited, pair, reference, units

WRONG = "def wrong():\n    return None\n"


async def test_two_players_meet_write_and_one_wins(players: tuple[Player, Player]) -> None:
    ada, bob = players
    joined = await ada.do("queue:join", {"mode": "ranked"})
    assert joined["ticket"]
    assert joined["waiting_ms"] >= 0
    await bob.do("queue:join", {"mode": "ranked"})
    duel_id = (await ada.heard("queue:matched"))["duel_id"]
    assert (await bob.heard("queue:matched"))["duel_id"] == duel_id

    before = await ada.open(duel_id)
    await bob.open(duel_id)
    assert before["role"] == "player"
    assert before["mode"] == "ranked"
    live = await ada.state("live")
    assert live["starts_at"] <= live["server_time"] < live["deadline"]
    ada.take(live)
    bob.take(await bob.state("live"))
    slug = live["challenge"]["slug"]
    assert ada.text == live["challenge"]["starter"]["python"]
    assert ada.seq == 0

    solution = reference(slug)
    await ada.write(duel_id, solution)
    seen = await bob.heard("duel:edit", player_id=ada.id, seq=1)
    assert seen["changes"] == [[units(live["challenge"]["starter"]["python"]), *solution.split("\n")]]

    received = await ada.submit(duel_id, "sub-1")
    assert received["submission_id"] == "sub-1"
    assert received["receipt"] == 1
    for player in players:
        verdict = await player.heard("duel:verdict", player_id=ada.id, submission_id="sub-1")
        assert verdict["verdict"] == "AC"
        assert verdict["passed"] == verdict["total"] > 6
        assert not verdict["held"]
        finished = await player.heard("duel:finished", duel_id=duel_id)
        assert finished["result"] == {"outcome": "win", "winner_id": ada.id, "reason": "solved"}
        over = await player.state("finished")
        texts = {side["id"]: side["text"] for side in over["players"]}
        assert texts == {ada.id: solution, bob.id: live["challenge"]["starter"]["python"]}


async def test_a_wrong_solution_says_so_and_the_other_may_still_win(players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob, challenge="paper-lanterns")
    await ada.write(duel_id, WRONG)
    await ada.submit(duel_id, "a-1")
    verdict = await ada.heard("duel:verdict", player_id=ada.id)
    assert verdict["verdict"] != "AC"
    assert verdict["passed"] == 0
    await bob.write(duel_id, reference("paper-lanterns"))
    assert (await bob.submit(duel_id, "b-1"))["receipt"] == 2
    finished = await ada.heard("duel:finished", duel_id=duel_id)
    assert finished["result"]["winner_id"] == bob.id
    assert "message" not in await bob.heard("duel:verdict", player_id=ada.id)


async def test_samples_run_for_the_one_who_asked_alone(players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob, challenge="paper-lanterns")
    await ada.write(duel_id, reference("paper-lanterns"))
    await ada.do("duel:run", {"duel_id": duel_id, "run_id": "run-1", "language": "python"})
    ran = await ada.heard("duel:ran", run_id="run-1")
    assert ran["verdict"] == "AC"
    assert [case["verdict"] for case in ran["cases"]] == ["AC"] * len(ran["cases"])
    assert all(case["input"] and case["expected"] for case in ran["cases"])
    # Bob's later event has passed: what was not for him did not come before it.
    await ada.do("duel:say", {"duel_id": duel_id, "reaction": "gg"})
    await bob.heard("duel:said", reaction="gg")
    assert not bob.events["duel:ran"]


async def test_the_same_submission_twice_is_one(players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob, challenge="paper-lanterns")
    await ada.write(duel_id, WRONG)
    first = await ada.submit(duel_id, "twice")
    again = await ada.submit(duel_id, "twice")
    assert again["receipt"] == first["receipt"] == 1
    await ada.heard("duel:verdict", submission_id="twice")
    assert (await ada.submit(duel_id, "other"))["receipt"] == 2


async def test_an_edit_is_taken_once_and_in_order(players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await pair(ada, bob)
    length = units(ada.text)
    edit = {"duel_id": duel_id, "seq": 1, "changes": [[0, "# 🦆", ""], length]}
    assert (await ada.do("duel:edit", edit))["seq"] == 1
    assert (await ada.do("duel:edit", edit))["seq"] == 1
    gap = await ada.refused("duel:edit", {**edit, "seq": 3})
    assert gap["code"] == "resync"
    assert gap["seq"] == 1
    assert gap["text"] == "# 🦆\n" + ada.text
    await bob.heard("duel:edit", player_id=ada.id, seq=1)
    snapshot = await bob.open(duel_id)
    assert next(p["text"] for p in snapshot["players"] if p["id"] == ada.id) == gap["text"]
    assert len([e for e in bob.events["duel:edit"] if e["player_id"] == ada.id]) == 1


async def test_everything_is_there_again_after_a_reconnect_to_another_process(
    arena: Arena, players: tuple[Player, Player]
) -> None:
    ada, bob = players
    duel_id = await pair(ada, bob)
    await ada.write(duel_id, "before = 'the move'\n")
    await ada.leave()
    await bob.heard("duel:presence", player_id=ada.id, connected=False)
    await ada.connect(arena.webs[1].url)
    await bob.heard("duel:presence", player_id=ada.id, connected=True)
    snapshot = await ada.open(duel_id)
    assert (ada.seq, ada.text) == (1, "before = 'the move'\n")
    await ada.write(duel_id, "after = 1\n")
    assert (await bob.heard("duel:edit", player_id=ada.id, seq=2))["changes"]
    async with httpx.AsyncClient(base_url=ada.url, headers={"Authorization": f"Bearer {ada.token}"}) as http:
        me = (await http.get("/api/v1/me")).json()
    assert me["active_duel_id"] == duel_id
    assert snapshot["deadline"] == (await bob.open(duel_id))["deadline"]


async def test_a_second_tab_takes_the_pen(arena: Arena, players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await pair(ada, bob)
    tab = Player(arena.webs[1].url, {"id": ada.id, "nickname": "Ada's second tab"}, ada.token)
    await tab.connect()
    await tab.open(duel_id)
    await tab.write(duel_id, "second tab\n")
    refused = await ada.refused("duel:edit", {"duel_id": duel_id, "seq": 1, "changes": [[units(ada.text), "first"]]})
    assert refused["code"] == "pen_taken"
    await ada.open(duel_id)
    assert ada.text == "second tab\n"
    await ada.write(duel_id, "first again\n")
    assert (await bob.open(duel_id))["players"][0]["text"] == "first again\n"
    await tab.leave()


async def test_resigning_ends_it_and_a_rematch_makes_the_next(players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await pair(ada, bob)
    await ada.do("duel:resign", {"duel_id": duel_id})
    finished = await bob.heard("duel:finished", duel_id=duel_id)
    assert finished["result"] == {"outcome": "win", "winner_id": bob.id, "reason": "resigned"}
    assert (await ada.refused("duel:resign", {"duel_id": duel_id}))["code"] == "not_live"
    await bob.do("duel:rematch", {"duel_id": duel_id})
    await ada.do("duel:rematch", {"duel_id": duel_id})
    after = (await bob.heard("queue:matched", at_least=2))["duel_id"]
    assert after != duel_id
    assert (await ada.open(after))["status"] in ("countdown", "live")
    # Whose answer was lost says it again: both are told again, of the same duel.
    await ada.do("duel:rematch", {"duel_id": duel_id})
    assert (await bob.heard("queue:matched", at_least=3))["duel_id"] == after


async def test_an_invitation_accepted_again_tells_the_host_again(players: tuple[Player, Player]) -> None:
    ada, bob = players
    made = await ada.do("duel:create")
    for time in (1, 2):
        assert (await bob.do("duel:accept", {"invite": made["invite"]}))["duel_id"] == made["duel_id"]
        await ada.heard("queue:matched", at_least=time, duel_id=made["duel_id"])


async def test_a_draw_needs_both(players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await pair(ada, bob)
    await ada.do("duel:offer_draw", {"duel_id": duel_id})
    assert (await bob.open(duel_id))["draw_offers"] == [ada.id]
    await bob.do("duel:offer_draw", {"duel_id": duel_id})
    finished = await ada.heard("duel:finished", duel_id=duel_id)
    assert finished["result"] == {"outcome": "draw", "reason": "agreed"}


async def test_a_spectator_sees_and_may_do_nothing(arena: Arena, players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await pair(ada, bob)
    eve = await Player.join(arena.webs[0].url, f"Eve {uuid4().hex[:6]}")
    snapshot = await eve.open(duel_id)
    assert snapshot["role"] == "spectator"
    await ada.write(duel_id, "x = 1\n")
    await eve.heard("duel:edit", player_id=ada.id, seq=1)
    acts: dict[str, dict[str, object]] = {
        "duel:edit": {"seq": 2, "changes": []},
        "duel:cursor": {"anchor": 0, "head": 0},
        "duel:run": {"run_id": "r", "language": "python"},
        "duel:submit": {"submission_id": "s", "language": "python", "seq": 1},
        "duel:resign": {},
        "duel:offer_draw": {},
        "duel:rematch": {},
        "duel:say": {"reaction": "gg"},
    }
    for event, payload in acts.items():
        assert (await eve.refused(event, {"duel_id": duel_id, **payload}))["code"] == "forbidden", event
    await eve.leave()


@pytest.mark.parametrize(("visibility", "text"), [("veiled", "•••••• • •\n"), ("hidden", None)])
async def test_what_is_veiled_never_leaves_the_server(
    players: tuple[Player, Player], visibility: str, text: str | None
) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob, visibility=visibility)
    await ada.write(duel_id, "secret = 1\n")
    edit = await bob.heard("duel:edit", player_id=ada.id)
    assert "secret" not in str(edit)
    assert ("changes" in edit) == (visibility == "veiled")
    side = next(p for p in (await bob.open(duel_id))["players"] if p["id"] == ada.id)
    assert side.get("text") == text
    await bob.do("duel:resign", {"duel_id": duel_id})
    over = await bob.state("finished")
    assert next(p["text"] for p in over["players"] if p["id"] == ada.id) == "secret = 1\n"
