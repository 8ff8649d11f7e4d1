"""Challenge folders to packages: `challenge.toml`, `statement.md`, `tests.json`, `checker.py`, `starter/`.

Every fault is a `BadChallenge` that names the file.
"""

import json
import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from python_duel.challenges.files import BadChallenge, read
from python_duel.challenges.package import Kind, Limits, Package, PackageModel, TestCase
from python_duel.challenges.starters import starters
from python_duel.protocol.server import Signature

M = TypeVar("M", bound=PackageModel)


class ParameterTable(PackageModel):
    """One parameter in `challenge.toml`."""

    name: str
    type: str


class FunctionTable(PackageModel):
    """`[function]` in `challenge.toml`."""

    name: str
    parameters: list[ParameterTable]
    returns: str


class CheckerTable(PackageModel):
    """`[checker]` in `challenge.toml`; a custom one stands beside it, in `checker.py`."""

    kind: Literal["exact", "tokens", "float", "custom"]
    tolerance: float = 1e-6


class Manifest(PackageModel):
    """`challenge.toml`."""

    title: str
    difficulty: int
    tags: list[str] = []
    kind: Kind
    function: FunctionTable | None = None
    limits: Limits = Limits()
    checker: CheckerTable | None = None


class Tests(PackageModel):
    """`tests.json`."""

    __test__ = False  # no pytest class

    samples: list[TestCase]
    hidden: list[TestCase]


def load(folder: Path) -> Package:
    """The package in `folder`, whose name is the slug. Raises BadChallenge."""
    manifest = _parsed(Manifest, _toml(folder), folder / "challenge.toml")
    tests = _parsed(Tests, _json(folder), folder / "tests.json")
    signature = Signature.model_validate(manifest.function.model_dump()) if manifest.function else None
    fields = {
        **{name: getattr(manifest, name) for name in ("title", "difficulty", "tags", "kind", "limits")},
        "slug": folder.resolve().name,
        "signature": signature,
        "checker": _checker(folder, manifest),
        "statement": read(folder, "statement.md"),
        "samples": tests.samples,
        "hidden": tests.hidden,
        "starter": {},
    }
    package = _parsed(Package, fields, folder)
    return package.model_copy(update={"starter": starters(folder, package)})


def load_all(root: Path) -> list[Package]:
    """Every package under `root`, by slug. Raises BadChallenge for the first faulty one, or when there is none."""
    packages = [load(folder) for folder in folders(root)]
    if not packages:
        raise BadChallenge(f"{root}: no challenge here; each is a folder with a challenge.toml.")
    return packages


def folders(root: Path) -> list[Path]:
    """The challenge folders under `root`, sorted."""
    return sorted(path.parent for path in root.glob("*/challenge.toml"))


def _checker(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """The checker's fields: what the manifest says, else what is usual; the source of a custom one."""
    usual = CheckerTable(kind="exact" if manifest.function else "tokens")
    fields = (manifest.checker or usual).model_dump()
    if fields["kind"] == "custom":
        return {**fields, "source": read(folder, "checker.py")}
    if (folder / "checker.py").exists():
        raise BadChallenge(f'{folder / "checker.py"}: not used; write kind = "custom" under [checker], or remove it.')
    return fields


def _toml(folder: Path) -> Any:
    try:
        return tomllib.loads(read(folder, "challenge.toml"))
    except tomllib.TOMLDecodeError as error:
        raise BadChallenge(f"{folder / 'challenge.toml'}: not TOML: {error}.") from None


def _json(folder: Path) -> Any:
    text = read(folder, "tests.json")
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
