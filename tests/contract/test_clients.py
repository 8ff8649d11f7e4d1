"""Stock clients over every transport: socket.io-client (JavaScript) and python-socketio by long-polling."""

import asyncio
import json
from typing import Any

import pytest

from tests.support.arena import Arena
from tests.support.node import WEB, node
from tests.support.player import CHALLENGES, Player, invited, reference

CLIENT = WEB.parent / "tests" / "contract" / "client.mjs"


async def play(arena: Arena, transports: list[str] | None) -> dict[str, Any]:
    """The report of a duel that the JavaScript client played."""
    solutions = {folder.name: reference(folder.name) for folder in CHALLENGES.iterdir() if folder.is_dir()}
    order = {"urls": [web.url for web in arena.webs[:2]], "transports": transports, "solutions": solutions}
    process = await asyncio.create_subprocess_exec(
        node("socket.io-client"),
        CLIENT,
        env={"WEB": str(WEB)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(json.dumps(order).encode()), 60)
    assert process.returncode == 0, errors.decode()
    report: dict[str, Any] = json.loads(out)
    return report


@pytest.mark.parametrize("transports", [["websocket"], None, ["polling"]], ids=["websocket", "default", "polling"])
async def test_socket_io_client_plays_a_whole_duel(arena: Arena, transports: list[str] | None) -> None:
    report = await play(arena, transports)
    ada, _ = report["players"]
    assert report["transport"] == ("polling" if transports == ["polling"] else "websocket")
    assert all(refusal["data"]["code"] == "unauthenticated" for refusal in report["refused"])
    assert all(answer["ok"] and answer["ticket"] for answer in report["joined"])
    assert report["told"] == report["duel_id"]
    assert report["opened"] == [{"ok": True, "role": "player"}] * 2
    assert report["starter"] == report["challenge"]["starter"]["python"]
    assert report["acks"] == [{"ok": True, "seq": seq} for seq in (1, 2, 3, 4)]
    assert report["text"] == report["seen"] == report["stored"] == report["final"]["text"]
    assert report["text"].startswith("# 🇩🇪 é 👩🏽\u200d🚀\n")
    assert report["text"].endswith("\n# end")
    assert report["cursor"] == {"ok": True}
    assert (report["moved"]["player_id"], report["moved"]["head"]) == (ada, 3)
    assert (report["run"]["ok"], report["run"]["run_id"]) == (True, "run-1")
    assert (report["ran"]["run_id"], report["ran"]["verdict"], report["bob_ran"]) == ("run-1", "AC", 0)
    assert [case["name"] for case in report["ran"]["cases"]] == [s["name"] for s in report["challenge"]["samples"]]
    assert (report["submitted"]["submission_id"], report["submitted"]["receipt"]) == ("s-1", 1)
    for verdict in report["verdicts"]:
        assert (verdict["verdict"], verdict["player_id"], verdict["passed"]) == ("AC", ada, verdict["total"])
    for finished in report["finished"]:
        assert finished["result"] == {"outcome": "win", "winner_id": ada, "reason": "solved"}
    assert report["final"]["status"] == "finished"
    assert report["unknown"]["ok"] is False
    assert report["unknown"]["error"]["code"] == "unknown_event"


async def test_python_socketio_plays_by_long_polling(arena: Arena) -> None:
    ada = await Player.join(arena.webs[0].url, "Ada", transports=["polling"])
    bob = await Player.join(arena.webs[1].url, "Bob", transports=["polling"])
    assert ada.socket.transport() == "polling"
    duel_id = await invited(ada, bob)
    slug = (await ada.open(duel_id))["challenge"]["slug"]
    for n in range(5):
        await ada.write(duel_id, f"# 🦆 {n}\n")
    await ada.write(duel_id, reference(slug))
    await bob.heard("duel:edit", player_id=ada.id, seq=6)
    assert [edit["seq"] for edit in bob.events["duel:edit"]] == [1, 2, 3, 4, 5, 6]
    await ada.submit(duel_id, "s-1")
    for player in (ada, bob):
        finished = await player.heard("duel:finished", duel_id=duel_id)
        assert finished["result"]["winner_id"] == ada.id
        # A clean close would wait for the server's answer to the last poll.
        http = player.socket.eio.http
        await player.socket.eio.disconnect(abort=True)
        player.socket.eio.read_loop_task.cancel()
        await http.close()
