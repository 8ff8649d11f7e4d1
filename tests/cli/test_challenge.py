"""`challenge`: what it lists, what it lets pass in the real sandbox, and what it does not."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from python_duel.challenges import scaffold
from python_duel.challenges.files import BadChallenge
from python_duel.challenges.package import Kind
from python_duel.cli.challenge import app


def run(*arguments: str) -> Result:
    """The command's result."""
    return CliRunner().invoke(app, arguments)


def test_list_tells_every_challenge() -> None:
    rows = json.loads(run("list", "--json").stdout)
    assert {row["kind"] for row in rows} == {"function", "stdio"}
    assert run("list").stdout.splitlines()[0].startswith(rows[0]["slug"])


@pytest.mark.parametrize("kind", ["function", "stdio"])
def test_a_new_challenge_is_good(tmp_path: Path, kind: Kind) -> None:
    folder = scaffold.write(tmp_path, "tea-party", kind)
    result = run("check", str(folder))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == ["ok      tea-party", "1 of 1 challenges are good"]


def test_a_solution_with_another_verdict_is_a_fault(tmp_path: Path) -> None:
    folder = scaffold.write(tmp_path, "tea-party", "function")
    (folder / "solutions" / "reference.py").write_text("def twice(number):\n    return 2.0 * number\n")
    (folder / "solutions" / "wrong_zero.py").write_text("# expect: RE\ndef twice(number):\n    return 2 * number\n")
    result = run("check", str(folder))
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "tea-party: solutions/reference.py: got WA at case 'twice 3', must get AC",
        "tea-party: solutions/wrong_zero.py: got AC, must get RE",
    ]


def test_a_faulty_package_is_told_and_nothing_of_it_runs(tmp_path: Path) -> None:
    folder = scaffold.write(tmp_path, "tea-party", "stdio")
    (folder / "statement.md").write_text("")
    result = run("check", str(folder))
    assert result.exit_code == 1
    assert result.stderr == "tea-party: statement.md: empty; say what is asked and give the constraints\n"


def own_checker(folder: Path, code: str) -> list[str]:
    """What is told of a challenge with this checker."""
    toml = folder / "challenge.toml"
    toml.write_text(toml.read_text() + '\n[checker]\nkind = "custom"\n')
    (folder / "checker.py").write_text(code)
    return run("check", str(folder)).stderr.splitlines()


@pytest.mark.parametrize("kind", ["function", "stdio"])
def test_a_checker_judges_the_solutions(tmp_path: Path, kind: Kind) -> None:
    folder = scaffold.write(tmp_path, "tea-party", kind)
    assert own_checker(folder, "def check(input, expected, output):\n    return output == expected\n") == []


def test_a_checker_must_take_what_is_expected(tmp_path: Path) -> None:
    folder = scaffold.write(tmp_path, "tea-party", "function")
    told = own_checker(folder, "def check(input, expected, output):\n    return input[0] > 0 and output == expected\n")
    assert "tea-party: checker.py: refuses the expected answer of case 'twice -1'" in told


def test_a_checker_that_fails_is_told(tmp_path: Path) -> None:
    folder = scaffold.write(tmp_path, "tea-party", "function")
    [first, *_] = own_checker(folder, "def check(input, expected, output):\n    return 1 // input[0] < 5\n")
    assert first.startswith("tea-party: checker.py: failed: ")


@pytest.mark.parametrize("slug", ["", "Tea", "../tea", "tea--party", "tea party"])
def test_a_bad_slug_is_refused(tmp_path: Path, slug: str) -> None:
    with pytest.raises(BadChallenge, match="is no slug"):
        scaffold.write(tmp_path, slug, "stdio")


def test_a_challenge_is_not_overwritten(tmp_path: Path) -> None:
    scaffold.write(tmp_path, "tea-party", "stdio")
    with pytest.raises(BadChallenge, match="is there already"):
        scaffold.write(tmp_path, "tea-party", "stdio")
