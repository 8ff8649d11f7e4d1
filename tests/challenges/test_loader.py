"""Folders to packages: what is read, and the words for what cannot be."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_duel.challenges.files import MAX_FILE_BYTES, BadChallenge
from python_duel.challenges.loader import folders, load, load_all
from python_duel.challenges.solutions import solutions
from python_duel.platform.bundled import bundled
from tests.challenges.conftest import TOML, case, write_tests

Spoil = Callable[[Path], object]


def toml(old: str, new: str) -> Spoil:
    """Replaces a piece of challenge.toml."""
    assert old in TOML
    return lambda folder: (folder / "challenge.toml").write_text(TOML.replace(old, new))


def file(name: str, content: bytes) -> Spoil:
    """Writes a file."""
    return lambda folder: (folder / name).write_bytes(content)


def test_a_folder_becomes_a_package(folder: Path) -> None:
    package = load(folder)
    assert (package.slug, package.title, package.kind) == ("twice", "Twice", "function")
    assert (package.checker.kind, package.limits.cpu_ms) == ("exact", 2000)
    assert [c.name for c in package.cases][:2] == ["twice 1", "twice 0"]


def test_own_starter_code_wins(folder: Path) -> None:
    (folder / "starter").mkdir()
    (folder / "starter" / "python.py").write_text("def twice(number): ...\n")
    assert load(folder).starter["python"] == "def twice(number): ...\n"


def test_a_custom_checker_travels_with_its_package(folder: Path) -> None:
    (folder / "challenge.toml").write_text(TOML + '[checker]\nkind = "custom"\n')
    (folder / "checker.py").write_text(code := "def check(input, expected, output): ...\n")
    package = load(folder)
    assert (package.checker.kind, package.checker.source) == ("custom", code)
    assert code not in package.view(1000, package.starter).model_dump_json()


def test_solutions_say_their_verdict(folder: Path) -> None:
    found = [(s.name, s.expect) for s in solutions(folder)]
    assert found == [
        ("solutions/reference.py", "AC"),
        ("solutions/wrong_square.py", "WA"),
        ("solutions/wrong_zero.py", "RE"),
    ]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (toml("title =", "title"), r"challenge\.toml: not TOML: .*line 2"),
        (toml("difficulty = 1", "difficulty = '1'"), r"challenge\.toml: difficulty: .*valid integer"),
        (toml("difficulty = 1", "difficulty = 9"), r"twice: difficulty: .*less than or equal to 5"),
        (toml("difficulty = 1", "dificulty = 1"), r"challenge\.toml: .*dificulty: Extra inputs are not permitted"),
        (toml('returns = "int"', 'returns = "int"\nasync = true'), r"challenge\.toml: function\.async: Extra inputs"),
        (toml('returns = "int"', 'returns = "number"'), r"twice: 'number' is not a type"),
        (toml('type = "int"', 'type = "int", default = 1'), r"function\.parameters\.0\.default: Extra inputs"),
        (
            toml('kind = "function"', 'kind = "function"\n[limits]\ncpu_ms = 1'),
            r"limits\.cpu_ms: .*greater than or equal",
        ),
        (toml('kind = "function"', 'kind = "function"\n[checker]\nkind = "fuzzy"'), r"checker\.kind: Input should be"),
        (
            toml('kind = "function"', 'kind = "function"\n[checker]\nkind = "custom"'),
            r"checker\.py: this file is missing",
        ),
        (
            toml('kind = "function"', 'kind = "function"\n[checker]\nkind = "custom"\nsource = ""'),
            r"checker\.source: Extra inputs",
        ),
        (file("checker.py", b""), r"checker\.py: not used; write kind = \"custom\""),
        (toml('name = "twice"', 'name = "lambda"'), r"'lambda' is not a Python name"),
        (toml('name = "number"', 'name = "größe"'), r"'größe' is no name in every language"),
        (file("tests.json", b"{'samples': []}"), r"tests\.json: not JSON: .*line 1"),
        (file("tests.json", b"[" * 200_000), r"tests\.json: not JSON: "),
        (file("tests.json", b'{"samples": [], "hidden": [NaN]}'), r"not JSON: NaN is not a JSON number"),
        (file("tests.json", b'{"samples": [], "samples": []}'), r"not JSON: an object has a key twice: samples"),
        (file("tests.json", b"[]"), r"tests\.json: .*valid dictionary"),
        (file("tests.json", b'{"samples": []}'), r"tests\.json: hidden: Field required"),
        (file("tests.json", b" " * (MAX_FILE_BYTES + 1)), r"tests\.json: larger than"),
        (file("statement.md", b"\xff"), r"statement\.md: not UTF-8 text \(invalid start byte at byte 0\)"),
        (lambda folder: (folder / "statement.md").unlink(), r"statement\.md: this file is missing"),
        (lambda folder: write_tests(folder, [case(1, expect=2)], []), r"tests\.json: samples\.0\.expect: Extra inputs"),
        (lambda folder: write_tests(folder, [], [], extra=[]), r"tests\.json: extra: Extra inputs"),
        (lambda folder: write_tests(folder, [{"name": "x", "args": []}], []), r"samples\.0\.expected: Field required"),
    ],
)
def test_a_fault_is_named_with_its_file(folder: Path, spoil: Spoil, message: str) -> None:
    spoil(folder)
    with pytest.raises(BadChallenge, match=message) as caught:
        load(folder)
    assert str(folder) in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("first", ["", "# expect:", "# expect: AC", "# expect: IE", "# expect: NO", "expect: WA"])
def test_a_wrong_solution_must_say_its_verdict(folder: Path, first: str) -> None:
    (folder / "solutions" / "wrong_square.py").write_text(f"{first}\n")
    with pytest.raises(BadChallenge, match=r"wrong_square\.py: the first line must say the verdict"):
        solutions(folder)


def test_solutions_are_of_any_language(folder: Path) -> None:
    (folder / "solutions" / "reference.cpp").write_text("long long twice(long long number) { return 2 * number; }\n")
    (folder / "solutions" / "wrong_half.js").write_text(
        "// expect: WA\nfunction twice(number) { return number / 2; }\n"
    )
    (folder / "solutions" / "notes.txt").write_text("nothing to judge\n")
    found = [(s.name.removeprefix("solutions/"), s.language.name, s.expect) for s in solutions(folder)]
    assert found[:2] == [("reference.py", "python", "AC"), ("reference.cpp", "cpp", "AC")]
    assert ("wrong_half.js", "javascript", "WA") in found
    assert len(found) == 5


@pytest.mark.parametrize("name", ["reference.rb", "wrong_half.rb"])
def test_a_solution_of_no_language_is_refused(folder: Path, name: str) -> None:
    (folder / "solutions" / name).write_text("# expect: WA\n")
    with pytest.raises(BadChallenge, match=rf"{name}: of no language that is known; a solution ends in \.py, "):
        solutions(folder)


def test_the_reference_is_needed(folder: Path) -> None:
    (folder / "solutions" / "reference.py").unlink()
    with pytest.raises(BadChallenge, match=r"reference\.py: this file is missing"):
        solutions(folder)


@pytest.mark.parametrize("name", ["statement.md", "tests.json", "challenge.toml", "solutions"])
def test_links_out_of_the_folder_are_not_followed(folder: Path, name: str) -> None:
    outside = folder.parent / "outside"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)
    with pytest.raises(BadChallenge, match="this link leaves the challenge's folder"):
        (load(folder), solutions(folder))


def test_a_pipe_is_no_file(folder: Path) -> None:
    (folder / "statement.md").unlink()
    os.mkfifo(folder / "statement.md")
    with pytest.raises(BadChallenge, match="this file is missing"):
        load(folder)


@given(st.binary(max_size=200), st.sampled_from(["challenge.toml", "tests.json", "statement.md"]))
def test_any_bytes_load_or_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    folder = tmp_path_factory.mktemp("x") / "twice"
    folder.mkdir()
    (folder / "challenge.toml").write_text(TOML)
    (folder / "statement.md").write_text("Twice.")
    write_tests(folder, [case(1)], [])
    (folder / name).write_bytes(content)
    with suppress(BadChallenge):
        assert load(folder).slug == "twice"


def test_an_empty_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadChallenge, match="no challenge here"):
        load_all(tmp_path)


def test_the_bundled_challenges() -> None:
    packages = load_all(bundled("challenges"))
    assert [p.slug for p in packages] == [f.name for f in folders(bundled("challenges"))]
    assert sum(p.kind == "stdio" for p in packages) >= 3
    assert sum(p.kind == "function" for p in packages) >= 5
    assert {p.difficulty for p in packages} >= {1, 2, 3, 4}
