"""WebSockets frame by frame, on both transports: what is too large, in pieces, no text, or never read."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.support.arena import Arena
from tests.support.frames import BINARY, CONTINUATION, PING, PONG, TEXT, Frames, frames
from tests.support.player import Player, invited, units

FRAME = 131_072


@pytest.fixture
async def player(arena: Arena) -> Player:
    player = await Player.join(arena.webs[0].url, "Frames")
    await player.leave()
    return player


async def asked(socket: Frames) -> dict[str, Any]:
    """The acknowledgement with id 7."""
    answer: list[dict[str, Any]] = json.loads((await socket.until(b"437["))[3:])
    return answer[0]


async def test_a_message_in_pieces_is_one_message(player: Player) -> None:
    socket = await frames(player.url, player.token)
    await socket.send(b'427["queue', TEXT, fin=False)
    await socket.send(b"", PING)
    await socket.send(b":leave", CONTINUATION, fin=False)
    await socket.send(b'",{}]', CONTINUATION)
    assert await socket.receive() == (PONG, b"")
    assert (await asked(socket))["ok"]
    socket.close()


async def test_the_largest_frame_is_taken_and_the_next_size_is_not(player: Player) -> None:
    socket = await frames(player.url, player.token)
    packet = b'427["nope","%b"]'
    await socket.send(packet % (b"x" * (FRAME - len(packet) + 2)))
    assert (await asked(socket))["error"]["code"] == "unknown_event"
    await socket.send(packet % (b"x" * (FRAME - len(packet) + 3)))
    await socket.end()


async def test_pieces_do_not_add_up_to_more_than_a_frame(player: Player) -> None:
    socket = await frames(player.url, player.token)
    await socket.send(b'427["nope","', TEXT, fin=False)
    for _ in range(3):
        await socket.send(b"x" * 60_000, CONTINUATION, fin=False)
    await socket.end()


@pytest.mark.parametrize(
    ("payload", "opcode", "reserved"),
    [
        (b"\xff\xfe", TEXT, 0),
        (b'427["queue:leave",{"x":"\xff"}]', TEXT, 0),
        (b'427["duel:edit",{"duel_id":"\xff"}]', TEXT, 0),
        (b"4", BINARY, 0),
        (b'427["queue:leave"]', TEXT, 4),
        (b"lost", CONTINUATION, 0),
        (b"", 0x3, 0),
    ],
    ids=["no text", "no text in it", "no text in an edit", "binary", "compressed", "continues nothing", "no opcode"],
)
async def test_what_is_no_text_closes_the_socket(player: Player, payload: bytes, opcode: int, reserved: int) -> None:
    socket = await frames(player.url, player.token)
    await socket.send(payload, opcode, reserved=reserved)
    await socket.end()
    assert (await (await again(player)).do("queue:leave"))["ok"]


async def again(player: Player) -> Player:
    await player.connect()
    return player


async def test_no_compression_is_agreed_on(player: Player) -> None:
    socket = await frames(player.url, player.token, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
    assert "permessage-deflate" not in socket.headers
    socket.close()


async def test_events_sent_at_once_are_handled_in_order(arena: Arena, player: Player) -> None:
    """The short path of edits does not overtake what was sent before, nor the other way round."""
    ada, bob = [await Player.join(arena.webs[0].url, name) for name in ("Ada", "Bob")]
    duel_id = await invited(ada, bob)
    await ada.leave()
    socket = await frames(ada.url, ada.token)
    size = units(ada.text)
    edits = [
        f'["duel:edit",{{"duel_id":"{duel_id}","seq":{n},"changes":[[0,"x"],{size + n - 1}]}}]' for n in range(1, 21)
    ]
    packets = [f'421["duel:open",{{"duel_id":"{duel_id}"}}]']
    packets += [f"42{n + 1}{edit}" for n, edit in enumerate(edits, 1)]
    packets += [f'4299["duel:submit",{{"duel_id":"{duel_id}","submission_id":"s","language":"python","seq":20}}]']
    for packet in packets:
        await socket.send(packet.encode())
    acks = {}
    while 99 not in acks:
        packet = (await socket.until(b"43")).decode()
        number, _, body = packet[2:].partition("[")
        acks[int(number)] = json.loads("[" + body)[0]
    assert all(answer["ok"] for answer in acks.values()), acks
    assert [acks[n + 1]["seq"] for n in range(1, 21)] == list(range(1, 21))
    assert (acks[99]["submission_id"], acks[99]["receipt"]) == ("s", 1)
    socket.close()
    await bob.leave()


async def test_a_reader_that_stalls_is_cut_with_a_reason_and_slows_nobody(arena: Arena, player: Player) -> None:
    ada, bob = [await Player.join(arena.webs[0].url, name) for name in ("Ada", "Bob")]
    duel_id = await invited(ada, bob)
    stalled = await frames(player.url, player.token, receive_buffer=4096)
    await stalled.send(b'427["duel:open",{"duel_id":"%b"}]' % duel_id.encode())
    assert (await asked(stalled))["ok"]
    # Far more than may wait for one socket, each edit within what a player may write.
    line = "x" * 10_000
    for n in range(60):
        await ada.write(duel_id, f"{line}{n}")
        await asyncio.sleep(0.35 if n > 20 else 0)
        if await cut(arena):
            break
    await bob.heard("duel:edit", seq=ada.seq)
    assert [edit["seq"] for edit in bob.events["duel:edit"]] == list(range(1, ada.seq + 1))
    told = await stalled.end()
    assert told is not None
    assert told[:2] == (1008).to_bytes(2, "big")
    assert b"connect again" in told
    for one in (ada, bob):
        await one.leave()


async def cut(arena: Arena) -> bool:
    """Whether the first web process has cut a socket."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"{arena.webs[0].url}/metrics")).text
    return any(line.startswith("duel_sockets_cut_total") and float(line.split()[1]) > 0 for line in text.splitlines())
