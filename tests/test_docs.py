"""What the documents say is there: links, chores, commands and settings."""

import re
from pathlib import Path

import pytest

from python_duel.cli import COMMANDS
from python_duel.cli.unknown import variable
from python_duel.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")


def code_of(text: str) -> str:
    """The code in a page, spans and blocks: prose may say "make" and mean nothing by it."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


@pytest.fixture(params=PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def page(request: pytest.FixtureRequest) -> Path:
    """Each page in turn."""
    path: Path = request.param
    return path


def test_links_lead_somewhere(page: Path) -> None:
    targets = [a or b for a, b in LINK.findall(page.read_text(encoding="utf-8"))]
    local = [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if target and not (page.parent / target).exists()] == []


def test_tests_exist(page: Path) -> None:
    named = re.findall(r"`(?:tests/)?([a-z0-9]+/test_[a-z0-9_]+\.py)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []


def test_make_faults_runs_every_test_that_its_page_names() -> None:
    named = set(re.findall(r"`([a-z0-9]+/test_[a-z0-9_]+)\.py`", (ROOT / "docs" / "faults.md").read_text()))
    listed = re.findall(r"^FAULTS_ELSEWHERE = ((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)[0]
    elsewhere = set(listed.replace("\\", "").split())
    assert elsewhere == {name for name in named if not name.startswith("faults/")}


def test_chores_exist(page: Path) -> None:
    chores = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z0-9-]*)", code_of(page.read_text(encoding="utf-8")), re.MULTILINE))
    assert named <= chores


def test_commands_exist(page: Path) -> None:
    named = set(re.findall(r"(?:\./duel|python-duel) ([a-z]+)", code_of(page.read_text(encoding="utf-8"))))
    assert named <= set(COMMANDS)


def test_every_chore_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    assert targets == set(re.findall(r"^([a-z0-9-]+):.*## .", makefile, re.MULTILINE))
    assert targets == set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())


def test_every_setting_is_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text()
    named = re.findall(r"^# ?([A-Z_]+)=", example, re.MULTILINE)
    assert sorted(named) == sorted(variable(field) for field in Settings.model_fields)


def test_settings_named_in_pages_exist(page: Path) -> None:
    named = set(re.findall(r"\bDUEL_[A-Z_]+\b", page.read_text(encoding="utf-8")))
    assert named <= {variable(field) for field in Settings.model_fields}
