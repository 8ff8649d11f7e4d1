"""Short runs against a real server: what was typed arrived, once and in order. No times: others use this machine."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.conftest import an_arena
from tests.support.arena import Arena


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with an_arena(webs=2) as arena:
        yield arena


def load(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "python_duel", "load", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=90)


def phases(arena: Arena, mode: str, urls: int = 1) -> dict[str, Any]:
    """What a short run reports, or a skip where the machine is too busy to measure anything."""
    where = [part for web in arena.webs[:urls] for part in ("--url", web.url)]
    done = load("--mode", mode, "--players", "20", "--rate", "100", "--seconds", "1", "--json", *where)
    if done.returncode == 3 and "was" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["mode"] == mode
    found: dict[str, Any] = document["phases"]
    return found


@pytest.mark.parametrize(("mode", "urls"), [("local", 1), ("cross-process", 2), ("stalled", 1), ("storm", 1)])
def test_every_keystroke_arrives_once_and_in_order(arena: Arena, mode: str, urls: int) -> None:
    for title, found in phases(arena, mode, urls).items():
        assert found["sent"] > 0, title
        assert (found["lost"], found["out_of_order"], found["refused"]) == (0, 0, 0), title
        assert found["relayed"] == found["sent"]
        assert found["relay_p99"] >= found["relay_p50"] > 0
        assert found["cpu"]["server"] > 0


def test_bad_usage_says_what_to_do() -> None:
    for arguments, words in (
        (("--mode", "fast"), "use one of local"),
        (("--players", "3"), "must be even"),
        (("--url", "localhost"), "write http://host:port"),
        (("--mode", "cross-process", "--url", "http://127.0.0.1:1"), "repeat --url"),
    ):
        done = load(*arguments)
        assert done.returncode == 2
        assert words in done.stderr
        assert done.stdout == ""


def test_a_server_that_is_not_there_is_named() -> None:
    done = load("--url", "http://127.0.0.1:1", "--players", "2", "--json")
    assert done.returncode == 2
    assert "127.0.0.1:1 does not make guests" in done.stderr
    assert done.stdout == ""
