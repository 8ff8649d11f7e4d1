"""Whatever a client sends, it gets an error that says what is wrong, or a clean close; nobody else notices."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from python_duel.protocol.client import EVENTS
from tests.support.arena import Arena
from tests.support.player import Player, invited, units
from tests.support.raw import RawSocket, raw_socket

DEEP = "[" * 50_000 + "]" * 50_000
NOT_OBJECTS = ["[]", "[1]", '"text"', "5", "true", "1.5", "[[[[]]]]"]
WRONG_FIELDS = [
    '{"unknown": 1}',
    '{"duel_id": null}',
    '{"duel_id": 5, "seq": "1", "changes": {}}',
    '{"duel_id": ["x"], "mode": "fast", "invite": {}}',
    '{"duel_id": "", "mode": 1, "invite": "", "minutes": "5", "level": []}',
    '{"duel_id": "../../etc", "invite": "a b", "challenge": 7}',
    '{"duel_id": "\\ud800", "mode": "\\udfff", "invite": "\\ud800", "challenge": 1}',
    '{"\\ud800": "\\ud800"}',
    '{"duel_id": "' + "x" * 5_000 + '", "mode": "", "invite": "' + "y" * 5_000 + '", "extra": 0}',
    '{"duel_id": 1e999, "seq": 123456789012345678901234567890, "mode": NaN}',
    '{"duel_id": "d", "seq": 0, "changes": [[-1]], "mode": "ranked ", "level": 99, "minutes": 0, "x": 1}',
    '{"__proto__": {}, "constructor": 1}',
]
EDITS: list[Any] = [
    {"seq": 1.5, "changes": []},
    {"seq": -1, "changes": []},
    {"seq": True, "changes": []},
    {"seq": "1", "changes": []},
    {"seq": 1},
    {"changes": []},
    {"seq": 1, "changes": "abc"},
    {"seq": 1, "changes": {"0": 1}},
    {"seq": 1, "changes": [None]},
    {"seq": 1, "changes": [-1]},
    {"seq": 1, "changes": [[]]},
    {"seq": 1, "changes": [["a"]]},
    {"seq": 1, "changes": [[0, 5]]},
    {"seq": 1, "changes": [[[0]]]},
    {"seq": 1, "changes": [10**30]},
    {"seq": 1, "changes": [[0, "a\nb"]]},
    {"seq": 1, "changes": [[0, "\x00"]]},
    {"seq": 1, "changes": [[0, "\ud83e"]]},
    {"seq": 1, "changes": [0] * 20_001},
    {"seq": 1, "changes": []},
    {"seq": 1, "changes": [1]},
    {"seq": 1, "changes": [], "text": "all"},
]


@pytest.fixture
async def raw(arena: Arena) -> AsyncIterator[RawSocket]:
    """A socket of a player who has done nothing yet."""
    player = await Player.join(arena.webs[0].url, "Raw")
    await player.leave()
    async with raw_socket(player.url, player.token) as socket:
        yield socket


def is_error(answer: Any, *codes: str) -> bool:
    """Whether it is a refusal with one of the codes, and words."""
    error = answer.get("error", {})
    return answer["ok"] is False and error["code"] in codes and bool(error["message"]) and len(error["message"]) < 1_000


@pytest.mark.parametrize("event", EVENTS)
async def test_no_malformed_payload_is_met_with_silence(raw: RawSocket, event: str) -> None:
    name = json.dumps(event)
    for payload in [*NOT_OBJECTS, *WRONG_FIELDS]:
        answer = await raw.ask(f"[{name},{payload}]")
        assert is_error(answer, "invalid"), (payload, answer)
    assert is_error(await raw.ask(f"[{name},{{}},{{}}]"), "invalid")
    required = [name for name, field in EVENTS[event].model_fields.items() if field.is_required()]
    if required:
        assert is_error(await raw.ask(f"[{name}]"), "invalid")
        assert is_error(await raw.ask(f"[{name},null]"), "invalid")


@pytest.mark.parametrize(
    "body",
    [
        '["nope",{}]',
        '["",{}]',
        '["connect",{}]',
        '["disconnect",{}]',
        '["connect_error",{}]',
        '["message","hello"]',
        '["*",{}]',
        '["duel:Edit",{}]',
        '["duel:verdict",{}]',
        '["\\ud800",{}]',
        f'["{"n" * 5_000}",{{}}]',
        "[5,{}]",
        "[null]",
        "[[]]",
        "[{}]",
        "[true]",
        "[1e999]",
        "[]",
    ],
)
async def test_an_unknown_event_is_named_as_such(raw: RawSocket, body: str) -> None:
    assert is_error(await raw.ask(body), "unknown_event")
    assert (await raw.ask('["queue:leave"]'))["ok"]


@pytest.mark.parametrize(
    "frame",
    [
        "9",
        "4",
        "42",
        "42[",
        "42{}",
        '42{"a":1}',
        "427",
        '427"text"',
        "42nope",
        "42[NaN]",
        f'42["queue:leave",{DEEP}]',
        f'427["queue:leave",{DEEP}]',
        f'427["duel:edit",{{"seq":{"9" * 5_000}}}]',
        '4299999999999999999999999["queue:leave"]',
        "43[]",
        "431[{}]",
        "43999[null]",
        "41",
        "40",
        '40{"token":5}',
        "40/admin,{}",
        "44{}",
        "45",
        "451-",
        '451-["duel:open",{"_placeholder":true,"num":0}]',
        '451-["duel:open",{"_placeholder":true,"num":7}]',
        '4599999-["duel:open"]',
        "46[]",
        "5",
        "6",
        "",
        "\x00",
        "4\ud7ff2[]",
    ],
    ids=lambda frame: repr(frame[:30]),
)
async def test_a_broken_frame_at_worst_closes_its_own_socket(arena: Arena, raw: RawSocket, frame: str) -> None:
    other = await Player.join(arena.webs[0].url, "Other")
    await raw.text(frame)
    await closed_or(raw)
    assert (await other.ask("queue:leave"))["ok"]
    await other.leave()


async def test_a_binary_payload_closes_its_own_socket(arena: Arena, raw: RawSocket) -> None:
    other = await Player.join(arena.webs[0].url, "Other")
    with suppress(ConnectionError):
        assert await raw.ask('["duel:open",{"_placeholder":true,"num":0}]', [b"\x00\xff"]) is None
    assert (await other.ask("queue:leave"))["ok"]
    await other.leave()


async def closed_or(raw: RawSocket) -> bool:
    """True when the server closed the socket; otherwise it must still answer."""
    try:
        answer = await raw.ask('["queue:leave"]')
    except ConnectionError:
        return True
    assert answer is None or answer["ok"] or is_error(answer, "unauthenticated")
    return answer is None


async def test_malformed_edits_change_nothing(players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob)
    await ada.write(duel_id, "🦆 = 1\n")
    for fields in [*EDITS, {"seq": 2, "changes": [1, 7]}, {"seq": 2, "changes": [[1], 7]}, {"seq": 2, "changes": [9]}]:
        edit = {"duel_id": duel_id, **fields, **({"seq": 2} if fields.get("seq") == 1 else {})}
        refused = await ada.refused("duel:edit", edit)
        assert refused["code"] == "invalid", edit
    await ada.write(duel_id, "fine = 1\n")
    assert ada.seq == 2
    await bob.heard("duel:edit", player_id=ada.id, seq=2)
    side = next(p for p in (await bob.open(duel_id))["players"] if p["id"] == ada.id)
    assert (side["seq"], side["text"]) == (2, "fine = 1\n")
    assert [edit["seq"] for edit in bob.events["duel:edit"]] == [1, 2]


async def test_a_foreign_or_unknown_duel(players: tuple[Player, Player], arena: Arena) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob)
    eve = await Player.join(arena.webs[1].url, "Eve")
    acts: dict[str, dict[str, Any]] = {
        "duel:edit": {"seq": 1, "changes": []},
        "duel:cursor": {"anchor": 0, "head": 0},
        "duel:run": {"run_id": "r", "language": "python"},
        "duel:submit": {"submission_id": "s", "language": "python", "seq": 0},
        "duel:resign": {},
        "duel:offer_draw": {},
        "duel:rematch": {},
        "duel:say": {"reaction": "gg"},
    }
    for event, payload in acts.items():
        assert (await eve.refused(event, {"duel_id": duel_id, **payload}))["code"] in ("forbidden", "not_found"), event
        refused = await eve.refused(event, {"duel_id": "no-such-duel", **payload})
        assert refused["code"] in ("forbidden", "not_found"), event
    assert (await eve.refused("duel:open", {"duel_id": "no-such-duel"}))["code"] == "not_found"
    assert (await eve.refused("duel:accept", {"invite": "no-such-invite"}))["code"] == "not_found"
    assert (await eve.refused("duel:create", {"challenge": "no-such-challenge"}))["code"] == "not_found"
    assert (await ada.open(duel_id))["status"] == "live"
    await eve.leave()


async def test_nothing_is_played_after_the_end(players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob)
    await bob.do("duel:resign", {"duel_id": duel_id})
    await ada.heard("duel:finished", duel_id=duel_id)
    late: dict[str, dict[str, Any]] = {
        "duel:edit": {"seq": 1, "changes": [[0, "late"], units(ada.text)]},
        "duel:run": {"run_id": "late", "language": "python"},
        "duel:submit": {"submission_id": "late", "language": "python", "seq": 0},
        "duel:resign": {},
        "duel:offer_draw": {},
    }
    for event, payload in late.items():
        assert (await ada.refused(event, {"duel_id": duel_id, **payload}))["code"] == "not_live", event
    again = await ada.open(duel_id)
    assert again["status"] == "finished"
    assert ada.seq == 0
    for event, payload in late.items():
        assert (await ada.refused(event, {"duel_id": duel_id, **payload}))["code"] == "not_live", event


async def test_code_over_the_limit_is_refused_with_the_limit(players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob)
    await ada.write(duel_id, "#" * 65_536)
    refused = await ada.refused("duel:edit", {"duel_id": duel_id, "seq": 2, "changes": [65_536, [0, "#"]]})
    assert refused["code"] == "too_large"
    assert "65536" in refused["message"]
    # It is bytes of UTF-8 that count.
    await ada.write(duel_id, "é" * 20_000)
    refused = await ada.refused("duel:edit", {"duel_id": duel_id, "seq": 3, "changes": [20_000, [0, "#" * 25_537]]})
    assert refused["code"] == "too_large"
    await ada.write(duel_id, "short\n")
    assert ada.seq == 3
    side = next(p for p in (await bob.open(duel_id))["players"] if p["id"] == ada.id)
    assert side["text"] == "short\n"


async def test_a_frame_over_the_limit_closes_only_its_own_socket(arena: Arena, players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob)
    eve = await Player.join(ada.url, "Eve")
    async with raw_socket(eve.url, eve.token) as raw:
        assert (await raw.ask('["queue:leave"]'))["ok"]
        with suppress(ConnectionError):
            assert await raw.ask('["duel:say",{"reaction":"' + "x" * 131_072 + '"}]') is None
    await ada.write(duel_id, "still here\n")
    assert await bob.heard("duel:edit", player_id=ada.id, seq=1)
    assert (await eve.ask("queue:leave"))["ok"]
    await eve.leave()


async def test_a_submission_of_what_was_never_sent_is_a_gap(players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob)
    await ada.write(duel_id, "x = 1\n")
    payload = {"duel_id": duel_id, "submission_id": "s", "language": "python", "seq": 5}
    refused = await ada.refused("duel:submit", payload)
    assert (refused["code"], refused["seq"], refused["text"]) == ("resync", 1, "x = 1\n")
    assert (await ada.refused("duel:submit", {**payload, "seq": -1}))["code"] == "invalid"
    assert (await ada.refused("duel:submit", {**payload, "language": "cobol"}))["code"] == "invalid"
    assert (await ada.do("duel:submit", {**payload, "seq": 1}))["receipt"] == 1


async def test_a_reaction_is_one_of_the_list(players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob)
    refused = await ada.refused("duel:say", {"duel_id": duel_id, "reaction": "<script>"})
    assert refused["code"] == "invalid"
    await ada.do("duel:say", {"duel_id": duel_id, "reaction": "gg"})
    assert (await bob.heard("duel:said"))["reaction"] == "gg"


# ---- before the start and over the limits


@pytest.fixture
async def strict_players(strict: Arena) -> AsyncIterator[tuple[Player, Player]]:
    ada, bob = [await Player.join(strict.webs[0].url, name) for name in ("Ada", "Bob")]
    yield ada, bob
    for player in (ada, bob):
        await player.leave()


async def test_nothing_is_shown_or_played_before_the_start(strict_players: tuple[Player, Player]) -> None:
    ada, bob = strict_players
    made = await ada.do("duel:create", {})
    await bob.do("duel:accept", {"invite": made["invite"]})
    duel_id = made["duel_id"]
    snapshot = await ada.open(duel_id)
    assert snapshot["status"] == "countdown"
    assert snapshot["server_time"] < snapshot["starts_at"]
    assert "challenge" not in snapshot
    assert all("text" not in player for player in snapshot["players"])
    acts: dict[str, dict[str, Any]] = {
        "duel:edit": {"seq": 1, "changes": []},
        "duel:run": {"run_id": "r", "language": "python"},
        "duel:submit": {"submission_id": "s", "language": "python", "seq": 0},
        "duel:offer_draw": {},
        "duel:rematch": {},
    }
    for event, payload in acts.items():
        assert (await ada.refused(event, {"duel_id": duel_id, **payload}))["code"] == "not_live", event
    assert not any("challenge" in state["snapshot"] for state in ada.events["duel:state"])
    assert (await ada.state("live"))["challenge"]["statement"]


async def test_a_flood_of_edits_is_slowed_and_nothing_is_lost(strict_players: tuple[Player, Player]) -> None:
    ada, bob = strict_players
    duel_id = await invited(ada, bob)
    await ada.write(duel_id, "")
    refusals = 0
    for n in range(40):
        edit = {"duel_id": duel_id, "seq": ada.seq + 1, "changes": [*([n] if n else []), [0, "x"]]}
        while not (answer := await ada.ask("duel:edit", edit))["ok"]:
            refusals += 1
            assert answer["error"]["code"] == "rate_limited"
            assert 0 < answer["error"]["retry_after_ms"] <= 1_000
            await asyncio.sleep(answer["error"]["retry_after_ms"] / 1000)
        ada.seq += 1
    assert refusals
    assert (await bob.heard("duel:edit", seq=41))["changes"] == [39, [0, "x"]]
    assert [edit["seq"] for edit in bob.events["duel:edit"]] == list(range(1, 42))
    side = next(p for p in (await bob.open(duel_id))["players"] if p["id"] == ada.id)
    assert side["text"] == "x" * 40


async def test_submissions_and_runs_come_one_at_a_time(strict_players: tuple[Player, Player]) -> None:
    ada, bob = strict_players
    duel_id = await invited(ada, bob)
    submit = {"duel_id": duel_id, "language": "python", "seq": 0}
    run = {"duel_id": duel_id, "language": "python"}
    assert (await ada.do("duel:submit", {**submit, "submission_id": "1"}))["receipt"] == 1
    refused = await ada.refused("duel:submit", {**submit, "submission_id": "2"})
    assert refused["code"] == "rate_limited"
    assert 0 < refused["retry_after_ms"] <= 1_000
    # Another player is not held up, nor is the same submission sent again.
    assert (await bob.do("duel:submit", {**submit, "submission_id": "1"}))["receipt"] == 2
    assert (await ada.do("duel:submit", {**submit, "submission_id": "1"}))["receipt"] == 1
    await asyncio.sleep(refused["retry_after_ms"] / 1000)
    assert (await ada.do("duel:submit", {**submit, "submission_id": "2"}))["receipt"] == 3
    await ada.do("duel:run", {**run, "run_id": "1"})
    refused = await ada.refused("duel:run", {**run, "run_id": "2"})
    assert refused["code"] == "rate_limited"
    await asyncio.sleep(refused["retry_after_ms"] / 1000)
    await ada.do("duel:run", {**run, "run_id": "2"})
    assert await ada.heard("duel:ran", run_id="2")
    assert not bob.events["duel:ran"]


# ---- absence


async def test_who_leaves_for_longer_than_the_grace_loses(strict_players: tuple[Player, Player]) -> None:
    ada, bob = strict_players
    duel_id = await invited(ada, bob)
    await ada.leave()
    gone = await bob.heard("duel:presence", player_id=ada.id, connected=False)
    assert gone["grace_until"]
    finished = await bob.heard("duel:finished", duel_id=duel_id)
    assert finished["result"] == {"outcome": "win", "winner_id": bob.id, "reason": "abandoned"}


async def test_who_comes_back_in_time_plays_on(strict_players: tuple[Player, Player]) -> None:
    ada, bob = strict_players
    duel_id = await invited(ada, bob)
    await ada.leave()
    gone = await bob.heard("duel:presence", player_id=ada.id, connected=False)
    await ada.connect()
    await bob.heard("duel:presence", player_id=ada.id, connected=True)
    while (snapshot := await bob.open(duel_id))["server_time"] <= gone["grace_until"]:
        await asyncio.sleep(0.1)
    assert snapshot["status"] == "live"
    assert not bob.events["duel:finished"]
    await ada.open(duel_id)
    await ada.write(duel_id, "back\n")


async def test_who_closes_one_tab_of_two_is_still_there(strict_players: tuple[Player, Player], strict: Arena) -> None:
    ada, bob = strict_players
    tab = Player(strict.webs[0].url, {"id": ada.id, "nickname": "Ada's tab"}, ada.token)
    await tab.connect()
    duel_id = await invited(ada, bob)
    await tab.leave()
    await ada.write(duel_id, "still here\n")
    assert await bob.heard("duel:edit", player_id=ada.id, seq=1)
    assert not bob.events["duel:presence"]
