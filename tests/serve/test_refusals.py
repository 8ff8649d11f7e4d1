"""A server that cannot start says so in one line, and has started nothing."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serve.conftest import Launch

Refusal = Callable[..., str]


@pytest.fixture
def refusal(launch: Launch, tmp_path: Path) -> Refusal:
    """The line of a `serve` that is refused with exit code 2."""

    def read(*options: str, **environ: str) -> str:
        process = launch(*options, **environ)
        out, _ = process.communicate(timeout=30)
        assert (process.returncode, out) == (2, "")
        (line,) = (tmp_path / "stderr.txt").read_text().splitlines()
        return line

    return read


def test_a_port_in_use(refusal: Refusal, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        line = refusal("--port", port, "--data", str(tmp_path / "data"))
    assert f"port {port} is in use" in line
    assert "--port 0" in line
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine(refusal: Refusal, host: str) -> None:
    line = refusal("--host", host, "--port", "0", "--ephemeral")
    assert host in line
    assert "--host" in line


def test_a_newer_data_folder(refusal: Refusal, tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text("99")
    assert "newer Python-Duel" in refusal("--port", "0", "--data", str(tmp_path))


def test_a_setting_that_makes_no_sense(refusal: Refusal) -> None:
    assert "DUEL_COUNTDOWN" in refusal("--ephemeral", DUEL_COUNTDOWN="soon")
