"""What import-linter cannot say: these packages may use this and nothing else, whatever is installed one day."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "python_duel"


def imported(folder: Path) -> Iterator[str]:
    """The full names that the modules under `folder` import."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module


@pytest.mark.parametrize(("package", "allowed"), [("sandbox", set()), ("protocol", {"pydantic"})])
def test_package_uses_only(package: str, allowed: set[str]) -> None:
    own = f"python_duel.{package}"
    names = set(imported(PACKAGE / package))
    assert names, f"{package} imports nothing: is it still there?"
    foreign = {n for n in names if n.partition(".")[0] not in sys.stdlib_module_names | allowed}
    assert {n for n in foreign if n != own and not n.startswith(f"{own}.")} == set()
