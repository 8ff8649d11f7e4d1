"""Challenge folders to packages: `challenge.toml`, `statement.md`, `tests.json`, `starter/`, `solutions/`.

Every fault is a `BadChallenge` that names the file. No file outside the folder is read, symbolic links included.
"""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from python_duel.challenges.package import Checker, Kind, Limits, Package, PackageModel, TestCase
from python_duel.languages import LANGUAGES
from python_duel.errors import Invalid
from python_duel.protocol.server import Signature
from python_duel.protocol.verdict import Verdict

MAX_FILE_BYTES = 1 << 20
EXPECT = "# expect:"

M = TypeVar("M", bound=PackageModel)


class BadChallenge(Invalid):
    """A challenge folder that cannot be used; the message names the file and the fault."""


class ParameterTable(PackageModel):
    """One parameter in `challenge.toml`."""

    name: str
    type: str


class FunctionTable(PackageModel):
    """`[function]` in `challenge.toml`."""

    name: str
    parameters: list[ParameterTable]
    returns: str


class Manifest(PackageModel):
    """`challenge.toml`."""

    title: str
    difficulty: int
    tags: list[str] = []
    kind: Kind
    function: FunctionTable | None = None
    limits: Limits = Limits()
    checker: Checker | None = None


class Tests(PackageModel):
    """`tests.json`."""

    __test__ = False  # no pytest class

    samples: list[TestCase]
    hidden: list[TestCase]


@dataclass(frozen=True)
class Solution:
    """A solution beside a challenge, with the verdict it must get."""

    name: str
    code: str
    expect: Verdict


def load(folder: Path) -> Package:
    """The package in `folder`, whose name is the slug. Raises BadChallenge."""
    manifest = _parsed(Manifest, _toml(folder), folder / "challenge.toml")
    tests = _parsed(Tests, _json(folder), folder / "tests.json")
    signature = Signature.model_validate(manifest.function.model_dump()) if manifest.function else None
    fields = {
        **{name: getattr(manifest, name) for name in ("title", "difficulty", "tags", "kind", "limits")},
        "slug": folder.resolve().name,
        "signature": signature,
        "checker": manifest.checker or Checker(kind="exact" if signature else "tokens"),
        "statement": _read(folder, "statement.md"),
        "samples": tests.samples,
        "hidden": tests.hidden,
        "starter": {"python": _starter(folder, signature)},
    }
    return _parsed(Package, fields, folder)


def load_all(root: Path) -> list[Package]:
    """Every package under `root`, by slug. Raises BadChallenge for the first faulty one, or when there is none."""
    packages = [load(folder) for folder in folders(root)]
    if not packages:
        raise BadChallenge(f"{root}: no challenge here; each is a folder with a challenge.toml.")
    return packages


def folders(root: Path) -> list[Path]:
    """The challenge folders under `root`, sorted."""
    return sorted(path.parent for path in root.glob("*/challenge.toml"))


def solutions(folder: Path) -> list[Solution]:
    """The reference first, then the wrong ones by name. Raises BadChallenge."""
    names = sorted(path.name for path in (folder / "solutions").glob("wrong_*.py"))
    return [_solution(folder, f"solutions/{name}") for name in ("reference.py", *names)]


def _solution(folder: Path, name: str) -> Solution:
    code = _read(folder, name)
    if name.endswith("/reference.py"):
        return Solution(name, code, Verdict.AC)
    first = code.partition("\n")[0].strip()
    expected = first.removeprefix(EXPECT).strip()
    if not first.startswith(EXPECT) or expected not in Verdict.__members__ or expected in ("AC", "IE"):
        raise BadChallenge(f"{folder / name}: the first line must say the verdict it gets, as '{EXPECT} WA'.")
    return Solution(name, code, Verdict(expected))


def _starter(folder: Path, signature: Signature | None) -> str:
    if (folder / "starter" / "python.py").exists():
        return _read(folder, "starter/python.py")
    return LANGUAGES["python"].starter(signature)


def _read(folder: Path, name: str) -> str:
    path = folder / name
    if not path.is_file():
        raise BadChallenge(f"{path}: this file is missing.")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BadChallenge(f"{path}: this link leaves the challenge's folder; put the file itself there.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise BadChallenge(f"{path}: larger than {MAX_FILE_BYTES} bytes.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadChallenge(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}).") from None


def _toml(folder: Path) -> Any:
    try:
        return tomllib.loads(_read(folder, "challenge.toml"))
    except tomllib.TOMLDecodeError as error:
        raise BadChallenge(f"{folder / 'challenge.toml'}: not TOML: {error}.") from None


def _json(folder: Path) -> Any:
    text = _read(folder, "tests.json")
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise BadChallenge(f"{folder / 'tests.json'}: not JSON: {error}.") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError(f"an object has a key twice: {', '.join(key for key, _ in pairs)}")
    return result


def _parsed(model: type[M], data: Any, path: Path) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = "; ".join(_sentence(e["loc"], e["msg"]) for e in error.errors()[:5])
        raise BadChallenge(f"{path}: {faults}.") from None


def _sentence(where: tuple[int | str, ...], message: str) -> str:
    place = ".".join(map(str, where))
    return f"{place}: {message}" if place else message.removeprefix("Value error, ")
