"""What the command line says of the settings."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from python_duel.cli.settings import in_force, masked
from python_duel.cli.unknown import variable
from python_duel.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def run(*arguments: str, folder: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "python_duel", *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DUEL_")}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env={**clean, **environ})


def test_each_setting_says_its_value_and_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DUEL_PORT=1234\nDUEL_WEB=2\n")
    done = run("settings", "--json", folder=tmp_path, DUEL_WEB="3", REDIS_URL="redis://:secret@there/0")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert (rows["DUEL_PORT"]["value"], rows["DUEL_PORT"]["source"]) == (1234, ".env")
    assert (rows["DUEL_WEB"]["value"], rows["DUEL_WEB"]["source"]) == (3, "environment")
    assert (rows["DUEL_HOST"]["value"], rows["DUEL_HOST"]["source"]) == ("127.0.0.1", "default")
    assert "secret" not in done.stdout


def test_every_setting_has_a_meaning() -> None:
    assert [row["name"] for row in in_force(Settings.model_construct(), {}, {}) if not row["meaning"]] == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://a:p%40w@/duel?host=/tmp/x", "postgresql://a:***@/duel?host=/tmp/x"),
        ("redis://:pw@host/0", "redis://:***@host/0"),
        ("postgresql://host/duel?user=a&password=pw&x=1", "postgresql://host/duel?user=a&password=***&x=1"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        (8000, 8000),
    ],
)
def test_passwords_are_masked(url: object, shown: object) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_an_unknown_name_is_warned_about(tmp_path: Path, place: str) -> None:
    if place == ".env":
        (tmp_path / ".env").write_text("DUEL_PROT=1\n")
    done = run("settings", folder=tmp_path, **({"DUEL_PROT": "1"} if place == "environment" else {}))
    assert "no setting is called DUEL_PROT; did you mean DUEL_PORT?" in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(("name", "value"), [("DUEL_PORT", "99999"), ("DUEL_ALLOWED_ORIGINS", "x")])
def test_a_wrong_value_is_one_line(tmp_path: Path, name: str, value: str) -> None:
    done = run("settings", folder=tmp_path, **{name: value})
    (line,) = done.stderr.splitlines()
    assert name.removeprefix("DUEL_").lower() in line.lower()
    assert done.returncode == 2


def test_the_example_names_every_setting_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    assert list(shown) == [variable(field) for field in Settings.model_fields]
    for name, value in shown.items():
        if value:
            monkeypatch.setenv(name, value.replace("~", str(Path.home())))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert Settings(_env_file=None) == Settings.model_construct()


def test_the_help_lists_every_command(tmp_path: Path) -> None:
    listed = run("--help", folder=tmp_path).stdout
    for name in ("serve", "web", "judge", "doctor", "sandbox", "challenge", "settings", "test"):
        assert re.search(rf"^  {name} ", listed, re.MULTILINE), name
