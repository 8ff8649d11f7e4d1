"""Homes as clients meet them: sockets are carried to the process whose path they name, and to any while it is away."""

import asyncio
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
import redis

from tests.support.arena import Arena
from tests.support.homes import NAMES, two_homes
from tests.support.lasted import lasted
from tests.support.player import Player, reference

CONFIG = Path(__file__).parents[2] / "deploy" / "nginx" / "python-duel.conf"


@pytest.fixture(scope="module")
def homes() -> Iterator[Arena]:
    with two_homes(shared=True) as arena:
        yield arena


@pytest.fixture
def mortal_homes() -> Iterator[Arena]:
    """For a test that kills one."""
    with two_homes(shared=True) as arena:
        yield arena


@pytest.fixture
def apart() -> Iterator[Arena]:
    """Each on an address of its own."""
    with two_homes(shared=False) as arena:
        yield arena


async def at(url: str, nickname: str, path: str) -> Player:
    """A player whose socket is at that path."""
    player = await Player.join(url, nickname)
    await player.leave()
    player.path = path
    await player.connect()
    return player


def processes(arena: Arena, *players: Player) -> set[str]:
    """On which web processes the sockets of these players are, by what they call themselves in the store."""
    with redis.Redis.from_url(arena.redis_url, decode_responses=True) as store:
        sockets = [store.zrevrange(f"presence:{player.id}", 0, 0) for player in players]
    return {found[0].partition("/")[0] for found in sockets}


async def test_sockets_are_carried_to_the_process_that_their_path_names(homes: Arena) -> None:
    url, found = homes.webs[0].url, {}
    for name in NAMES:
        players = [await at(url, f"P{name}", f"home/{name}/socket.io") for _ in range(8)]
        found[name] = processes(homes, *players)
        assert len(found[name]) == 1
        for player in players:
            await player.leave()
    assert found["1"] != found["2"]


async def test_many_at_once_all_arrive(homes: Arena) -> None:
    url = homes.webs[0].url
    players = await asyncio.gather(*(at(url, f"P{n}", f"home/{n % 2 + 1}/socket.io") for n in range(60)))
    assert len(processes(homes, *players[::2])) == len(processes(homes, *players[1::2])) == 1
    await asyncio.gather(*(player.leave() for player in players))


async def test_both_players_are_told_the_same_home_and_duel_there(homes: Arena) -> None:
    ada, bob, duel_id, _ = await met(homes)
    assert len(processes(homes, ada, bob)) == 1
    await win(ada, bob, duel_id)


async def met(arena: Arena) -> tuple[Player, Player, str, str]:
    """Two players at the home of their duel, which both have opened; the duel's id and the home's name."""
    ada, bob = [await Player.join(arena.webs[0].url, name) for name in ("Ada", "Bob")]
    for player in (ada, bob):
        await player.do("queue:join", {"mode": "casual"})
    matched = await ada.heard("queue:matched")
    assert (await bob.heard("queue:matched")) == matched
    assert matched["home"] in {f"/home/{name}/socket.io" for name in NAMES}
    for player in (ada, bob):
        await player.leave()
        player.path = matched["home"]
        await player.connect()
        assert (await player.open(matched["duel_id"]))["home"] == matched["home"]
    return ada, bob, matched["duel_id"], matched["home"].split("/")[2]


async def win(ada: Player, bob: Player, duel_id: str) -> None:
    """Both write, each hears of the other, Ada submits."""
    for player in (ada, bob):
        player.take(await player.state("live", duel_id))
    snapshot = await ada.state("live", duel_id)
    await bob.write(duel_id, "mine")
    assert (await ada.heard("duel:edit", player_id=bob.id))["changes"]
    await ada.write(duel_id, reference(snapshot["challenge"]["slug"]))
    await bob.heard("duel:edit", player_id=ada.id)
    await ada.submit(duel_id, "s1")
    assert (await bob.heard("duel:finished"))["result"]["winner_id"] == ada.id
    for player in (ada, bob):
        await player.leave()


@pytest.mark.parametrize("path", ["home/nobody/socket.io", "home/1/socket.io", "home/x-9/socket.io", "socket.io"])
async def test_a_name_that_nobody_has_is_served_where_it_comes(homes: Arena, path: str) -> None:
    player = await at(homes.webs[0].url, "Lost", path)
    assert (await player.ask("queue:leave"))["ok"]
    await player.leave()


@pytest.mark.parametrize("path", ["home/1/api/v1/me", "home/../etc", "home/UPPER/socket.io/", "home//socket.io/"])
async def test_only_sockets_live_at_a_home(homes: Arena, path: str) -> None:
    async with httpx.AsyncClient(base_url=homes.webs[0].url) as http:
        answer = await http.get(f"/{path}?EIO=4&transport=websocket")
    assert answer.status_code == 404 or answer.headers["content-type"].startswith("text/html")


async def test_a_request_that_comes_in_pieces_is_answered(homes: Arena) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(homes.webs[0].url.rpartition(":")[2]))
    whole = b"GET /home/2/socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for n in range(0, len(whole), 7):
        writer.write(whole[n : n + 7])
        await writer.drain()
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 400")  # polling is off here
    writer.close()


async def test_what_follows_the_first_request_is_not_lost(homes: Arena) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(homes.webs[0].url.rpartition(":")[2]))
    first = b"GET /home/2/socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n"
    then = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    writer.write(first + then)
    answer = await reader.read()
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"400", b"200"]
    writer.close()


async def test_a_home_that_is_killed_leaves_its_players_to_the_others(mortal_homes: Arena) -> None:
    ada, bob, duel_id, home = await met(mortal_homes)
    mortal_homes.webs[NAMES.index(home)].kill()
    for player in (ada, bob):
        await player.socket.wait()
        await player.connect()
        await player.open(duel_id)
    await win(ada, bob, duel_id)


async def test_a_home_that_stands_still_leaves_its_players_to_the_others(mortal_homes: Arena) -> None:
    """Also those who ask for it again and again, and while its lease is not over."""
    ada, bob, duel_id, home = await met(mortal_homes)
    still = mortal_homes.webs[NAMES.index(home)].process
    still.send_signal(signal.SIGSTOP)
    try:
        with lasted("home of a duel stopped (SIGSTOP): until the other process serves whoever asks for it"):
            await answers(f"{ada.url}/home/{home}/socket.io/?EIO=4&transport=polling", 400)  # polling is off here
        for player in (ada, bob):
            await player.leave()
            await player.connect()
            await player.open(duel_id)
        await win(ada, bob, duel_id)
    finally:
        still.send_signal(signal.SIGCONT)


@contextmanager
def nginx(folder: Path, arena: Arena) -> Iterator[str]:
    """nginx with the configuration that we ship, before these web processes; its URL."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("no nginx on this machine: apt-get install nginx-light")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = CONFIG.read_text().replace("listen 8000", f"listen 127.0.0.1:{port}")
    for n, web in enumerate(arena.webs):
        text = text.replace(f"127.0.0.1:{8001 + n}", web.url.removeprefix("http://"))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    written = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; {written} {text} }}"
    )
    server = subprocess.Popen([program, "-p", str(folder), "-c", str(config)])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


async def test_behind_nginx(apart: Arena, tmp_path: Path) -> None:
    with nginx(tmp_path, apart) as url:
        await answers(f"{url}/livez", 200)
        found = {}
        for name in NAMES:
            players = [await at(url, "P", f"home/{name}/socket.io") for _ in range(4)]
            found[name] = processes(apart, *players)
            assert len(found[name]) == 1
            for player in players:
                await player.leave()
        assert found["1"] != found["2"]
        stray = await at(url, "Stray", "home/none/socket.io")
        assert (await stray.ask("queue:leave"))["ok"]
        await stray.leave()
        apart.webs[0].kill()
        lost = await at(url, "Lost", "home/1/socket.io")
        assert processes(apart, lost) == found["2"]
        await lost.leave()


async def answers(url: str, status: int) -> None:
    """Returns once it does so. Each try is a connection of its own; they are too few to fill a door."""
    async with asyncio.timeout(10):
        while True:
            with suppress(httpx.TransportError):
                async with httpx.AsyncClient(timeout=1.5) as http:
                    if (await http.get(url)).status_code == status:
                        return
            await asyncio.sleep(0.02)
