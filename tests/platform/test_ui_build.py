"""The front end is built once for each state of its sources. A tiny one stands in; Node and npm are real."""

import json
import os
import tomllib
from pathlib import Path

import pytest

from python_duel.errors import StartError
from python_duel.platform import ui_build

SCRIPT = """
import fs from "node:fs";
const out = process.argv[process.argv.indexOf("--outDir") + 1];
const text = fs.readFileSync("src.txt", "utf8");
if (text === "broken") throw new Error("cannot build this");
fs.mkdirSync(out, { recursive: true });
fs.writeFileSync(`${out}/index.html`, text);
"""


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "ein Raum" / "web"
    folder.mkdir(parents=True)
    package = {"name": "tiny", "version": "1.0.0"}
    (folder / "package.json").write_text(json.dumps({**package, "scripts": {"build": "node build.mjs"}}))
    (folder / "package-lock.json").write_text(json.dumps({**package, "lockfileVersion": 3, "packages": {"": package}}))
    (folder / "build.mjs").write_text(SCRIPT)
    (folder / "src.txt").write_text("one")
    return folder


def build(web: Path) -> bool:
    """Whether there was something to do."""
    said: list[str] = []
    ui_build.build(web, said.append)
    return bool(said)


def page(web: Path) -> str:
    return (web / "dist" / "index.html").read_text()


def test_it_is_built_once_for_each_change(web: Path) -> None:
    assert build(web)
    assert page(web) == "one"
    assert not build(web)
    os.utime(web / "src.txt")
    assert not build(web), "a new time is no change"
    (web / "src.txt").write_text("two")
    assert build(web)
    assert page(web) == "two"


def test_a_failure_shows_the_log_and_keeps_the_last_good_one(web: Path) -> None:
    build(web)
    (web / "src.txt").write_text("broken")
    with pytest.raises(StartError, match="cannot build this"):
        ui_build.build(web, print)
    assert page(web) == "one"


def test_the_wheel_is_built_with_the_same_node() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    hook = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    assert hook["dependencies"] == project["dependency-groups"]["ui"]
