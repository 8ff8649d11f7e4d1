"""A good challenge folder, for tests to spoil."""

import json
from pathlib import Path
from typing import Any

import pytest

TOML = """
title = "Twice"
difficulty = 1
tags = ["arithmetic"]
kind = "function"

[function]
name = "twice"
parameters = [{ name = "number", type = "int" }]
returns = "int"
"""


def case(number: int, **more: Any) -> dict[str, Any]:
    """A case of `twice`."""
    return {"name": f"twice {number}", "args": [number], "expected": 2 * number, **more}


def write_tests(folder: Path, samples: list[Any], hidden: list[Any], **more: Any) -> None:
    """Writes tests.json."""
    (folder / "tests.json").write_text(json.dumps({"samples": samples, "hidden": hidden, **more}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A challenge without a fault, in a folder named `twice`."""
    folder = tmp_path / "twice"
    (folder / "solutions").mkdir(parents=True)
    (folder / "challenge.toml").write_text(TOML)
    (folder / "statement.md").write_text("Return twice the number.\n")
    write_tests(folder, [case(1, note="1 + 1")], [case(number) for number in (0, -1, 7, 10**6, -(10**9), 10**18)])
    (folder / "solutions" / "reference.py").write_text("def twice(number: int) -> int:\n    return number * 2\n")
    (folder / "solutions" / "wrong_square.py").write_text("# expect: WA\ndef twice(number):\n    return number**2\n")
    (folder / "solutions" / "wrong_zero.py").write_text(
        "# expect: RE\ndef twice(number):\n    return 2 // (1 / number)\n"
    )
    return folder
