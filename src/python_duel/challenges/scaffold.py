"""The files of a challenge that is to be written: a small one that works, to be replaced."""

import json
import re
from pathlib import Path

from python_duel.challenges.files import BadChallenge
from python_duel.challenges.package import Kind

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

FUNCTION = """
[function]
name = "twice"
parameters = [{ name = "number", type = "int" }]
returns = "int"
"""

STATEMENT = """Tell the story in a few lines, then say exactly what is asked.

**Constraints**

- −10⁹ ≤ number ≤ 10⁹
"""

SOLUTIONS: dict[Kind, dict[str, str]] = {
    "function": {
        "reference": "def twice(number: int) -> int:\n    return 2 * number\n",
        "wrong_square": "# expect: WA\ndef twice(number: int) -> int:\n    return number**2\n",
        "wrong_zero": "# expect: RE\ndef twice(number: int) -> int:\n    return 2 * number * number // number\n",
    },
    "stdio": {
        "reference": "print(2 * int(input()))\n",
        "wrong_square": "# expect: WA\nprint(int(input()) ** 2)\n",
        "wrong_zero": "# expect: RE\nnumber = int(input())\nprint(2 * number * number // number)\n",
    },
}


def write(root: Path, slug: str, kind: Kind) -> Path:
    """The new folder under `root`. Raises BadChallenge when the slug is none or the folder is there already."""
    folder = root / slug
    if not SLUG.fullmatch(slug):
        raise BadChallenge(f"{slug!r} is no slug: use small letters, digits and single dashes, as in tea-party.")
    if folder.exists():
        raise BadChallenge(f"{folder} is there already: choose another name.")
    for name, content in _files(slug, kind).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def _files(slug: str, kind: Kind) -> dict[str, str]:
    title = slug.replace("-", " ").capitalize()
    head = f'title = "{title}"\ndifficulty = 1\ntags = ["arithmetic"]\nkind = "{kind}"\n'
    return {
        "challenge.toml": head + (FUNCTION if kind == "function" else ""),
        "statement.md": STATEMENT,
        "tests.json": _tests(kind),
        **{f"solutions/{name}.py": code for name, code in SOLUTIONS[kind].items()},
    }


def _tests(kind: Kind) -> str:
    cases = [_case(kind, number) for number in (3, 0, 1, -1, 7, 10**9, -(10**9))]
    lines = [f"    {json.dumps(case)}" for case in cases]
    return '{\n  "samples": [\n' + lines[0] + '\n  ],\n  "hidden": [\n' + ",\n".join(lines[1:]) + "\n  ]\n}\n"


def _case(kind: Kind, number: int) -> dict[str, object]:
    if kind == "function":
        return {"name": f"twice {number}", "args": [number], "expected": 2 * number}
    return {"name": f"twice {number}", "stdin": f"{number}\n", "expected": f"{2 * number}\n"}
