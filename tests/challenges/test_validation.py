"""What a good package is: each rule is broken once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from python_duel.challenges.loader import folders
from python_duel.challenges.validation import MAX_STATEMENT_CHARS, check
from python_duel.platform.bundled import bundled
from tests.challenges.conftest import TOML, case, write_tests

HIDDEN = [case(number) for number in range(10, 16)]


def test_a_good_one_has_no_fault(folder: Path) -> None:
    assert check(folder) == []


def cases(samples: list[Any], hidden: list[Any]) -> Callable[[Path], None]:
    """Writes other cases."""
    return lambda folder: write_tests(folder, samples, hidden)


def text(name: str, content: str) -> Callable[[Path], None]:
    """Writes another file."""

    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)

    return write


def custom(code: str) -> Callable[[Path], None]:
    """Asks for a custom checker and writes it."""

    def write(folder: Path) -> None:
        (folder / "challenge.toml").write_text(TOML + '[checker]\nkind = "custom"\n')
        (folder / "checker.py").write_text(code)

    return write


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (text("statement.md", " \n"), "statement.md: empty"),
        (text("statement.md", "x" * (MAX_STATEMENT_CHARS + 1)), "statement.md: 5001 characters"),
        (text("challenge.toml", TOML.replace('"arithmetic"', '""')), "challenge.toml: tags:"),
        (text("starter/python.py", "def twice(:\n"), "starter/python.py: no valid Python"),
        (text("starter/python.py", "def thrice(): ...\n"), "starter/python.py: does not define twice"),
        (custom("def check(input, expected, output):\n  return (\n"), "checker.py: no valid Python"),
        (custom("def check(expected, output): ...\n"), "checker.py: does not define check(input, expected, output)"),
        (text("solutions/wrong_square.py", "# expect: WA\ndef (:\n"), "solutions/wrong_square.py: no valid Python"),
        (text("solutions/wrong_square.py", "nothing\n"), "wrong_square.py: the first line must say"),
        (lambda folder: (folder / "solutions" / "wrong_zero.py").unlink(), "solutions/: 1 wrong solutions"),
        (lambda folder: (folder / "tests.json").unlink(), "tests.json: this file is missing"),
        (cases([], HIDDEN), "tests.json: 0 samples"),
        (cases([case(n) for n in range(5)], HIDDEN), "tests.json: 5 samples"),
        (cases([case(1)], HIDDEN[:5]), "tests.json: 5 hidden cases"),
        (cases([case(1)], [*HIDDEN, case(1, name="again")]), "case 'again': repeats the input of case 'twice 1'"),
        (cases([case(1)], [*HIDDEN, case(2, name="twice 10")]), "case 'twice 10': 2 cases have this name"),
        (cases([case(1, args=[True])], HIDDEN), "case 'twice 1': number must be int, not True"),
        (cases([case(1)], [*HIDDEN, case(2, expected=4.0)]), "case 'twice 2': expected must be int, not 4.0"),
        (cases([case(1)], [*HIDDEN, case(2, note="x" * 60_000)]), "bytes of cases; at most 60000"),
        (cases([case(1, args=[10**1100])], HIDDEN), "case 'twice 1': too long for a sample"),
    ],
)
def test_a_fault_is_named(folder: Path, spoil: Callable[[Path], object], fault: str) -> None:
    spoil(folder)
    [message] = check(folder)
    assert fault in message
    assert "twice" in message


def test_all_faults_are_told_at_once(folder: Path) -> None:
    write_tests(folder, [case(1, args=["1"])], [case(2, expected=None)])
    assert len(check(folder)) == 3


def test_a_sample_ends_its_line(folder: Path) -> None:
    (folder / "challenge.toml").write_text('title = "x"\ndifficulty = 1\nkind = "stdio"\n')
    made = [{"name": str(n), "stdin": f"{n}", "expected": "1\n"} for n in range(7)]
    write_tests(folder, made[:1], made[1:])
    assert check(folder) == ["twice: tests.json: case '0': a sample's stdin ends with a line break"]


def test_a_custom_checker_is_good(folder: Path) -> None:
    custom("def check(input, expected, output) -> bool:\n    return output == expected\n")(folder)
    assert check(folder) == []


def test_a_solution_in_a_language_that_is_not_offered_is_a_fault(folder: Path) -> None:
    (folder / "solutions" / "reference.js").write_text("function twice(number) { return 2 * number; }\n")
    [fault] = check(folder)
    assert "solutions/reference.js: the cases hold integers that JavaScript" in fault


def test_a_starter_of_another_language_names_the_function(folder: Path) -> None:
    text("starter/java.java", "class Solution { static long thrice(long number) { return 0; } }\n")(folder)
    assert check(folder) == ["twice: starter/java.java: does not define twice"]


@pytest.mark.parametrize("folder", folders(bundled("challenges")), ids=lambda path: path.name)
def test_a_bundled_challenge_has_no_fault(folder: Path) -> None:
    assert check(folder) == []
