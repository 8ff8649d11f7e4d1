"""The life of `serve`: ready, asked to end, killed, started again."""

import asyncio
import os
import re
import signal
import time
from pathlib import Path

import httpx
import pytest

from python_duel.serve.server import STOP_SECONDS
from tests.serve.conftest import Start
from tests.support.player import Player
from tests.support.processes import kill_tree_root, running, until


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_of_it(start: Start, number: signal.Signals) -> None:
    server = start("--ephemeral")
    assert answers(server.url)
    assert httpx.get(server.url).headers["content-type"].startswith("text/html")
    assert server.end(number) == 0
    assert server.process.stdout is not None
    assert server.process.stdout.read() == "", "one line on stdout"
    said = server.stderr.read_text()
    assert re.search(rf"{server.url}/host#\S+", said)
    assert "--host 0.0.0.0" in said
    assert "Traceback" not in said, said


async def test_a_stop_lets_players_know_and_leaves_no_process(start: Start) -> None:
    """With two web processes: both tell their sockets to move before they close them."""
    server = start("--ephemeral", "--web", "2")
    players = [await Player.join(server.url, f"Ada {n}") for n in range(4)]
    assert await asyncio.to_thread(server.end, signal.SIGTERM) == 0
    for player in players:
        assert (await player.heard("server:drain"))["reconnect_within_ms"] > 0
        await player.leave()
    assert "Traceback" not in server.stderr.read_text()


def test_a_kill_leaves_no_orphan(start: Start) -> None:
    server = start("--ephemeral")
    pids = kill_tree_root(server.process)
    assert len(pids) > 5
    until(lambda: not running(pids), 10)


def test_a_second_signal_does_not_wait(start: Start) -> None:
    server = start("--ephemeral")
    for pid in server.children("web"):
        os.kill(pid, signal.SIGSTOP)
    server.process.send_signal(signal.SIGINT)
    until(lambda: "once more" in server.stderr.read_text())
    started = time.monotonic()
    assert server.end(signal.SIGINT) == 0
    assert time.monotonic() - started < STOP_SECONDS / 2


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_next_start_keeps_the_data(start: Start, tmp_path: Path, end: str) -> None:
    folder = str(tmp_path / "Daten für alle")
    server = start("--data", folder)
    guest = httpx.post(f"{server.url}/api/v1/session/guest", json={"nickname": "Ada"}).json()
    if end == "stop":
        server.end(signal.SIGTERM)
    else:
        kill_tree_root(server.process)
    again = start("--data", folder)
    me = httpx.get(f"{again.url}/api/v1/me", headers={"Authorization": f"Bearer {guest['token']}"})
    assert me.json()["player"]["nickname"] == "Ada"


@pytest.mark.parametrize("part", ["web", "judge"])
def test_a_dead_child_is_started_again(start: Start, part: str) -> None:
    server = start("--ephemeral")
    (old,) = server.children(part)
    os.kill(old, signal.SIGKILL)
    until(lambda: server.children(part) - {old})
    until(lambda: answers(server.url))


def test_children_know_what_they_need_and_no_more(start: Start) -> None:
    server = start("--ephemeral", "--web", "2", "--judges", "2", SOME_PASSWORD="hidden")
    assert len(server.children("web")) == len(server.children("judge")) == 2
    for web in server.children("web"):
        assert "DUEL_POLLING=false" in environ(web)
    for judge in server.children("judge"):
        assert "DATABASE_URL=" in environ(judge)
        assert any(value.startswith("REDIS_URL=unix://judge:") for value in environ(judge))
        assert not any("hidden" in value for value in environ(judge))
        assert os.getpriority(os.PRIO_PROCESS, judge) == 19


def environ(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")


def test_a_lan_gets_its_address_and_a_picture_of_it(start: Start) -> None:
    server = start("--ephemeral", "--host", "0.0.0.0")
    assert server.url.startswith("http://127.0.0.1:")
    said = server.stderr.read_text()
    assert "on your network" in said or "--host" not in said
