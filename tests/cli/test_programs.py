"""`sandbox run`, `judge FILE` and `doctor`, as docs/protocol.md promises them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from python_duel.languages import LANGUAGES, available
from python_duel.sandbox import LEVELS, best_level

RUN_FIELDS = {
    *("verdict", "exit_code", "signal", "stdout", "stderr", "stdout_truncated", "cpu_ms", "wall_ms", "memory_kb"),
    "level",
}


def run(*arguments: object, **environ: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "python_duel", *map(str, arguments)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DUEL_", "REDIS_URL"))}
    return subprocess.run(command, capture_output=True, text=True, env={**clean, **environ})


def told(done: "subprocess.CompletedProcess[str]") -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text("print(int(input()) * 2)\n")
    return path


def test_a_program_is_run(program: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("21\n")
    result = told(run("sandbox", "run", program, "--stdin", tmp_path / "in", "--json"))
    assert set(result) == RUN_FIELDS
    assert (result["verdict"], result["exit_code"], result["stdout"]) == ("AC", 0, "42\n")
    assert result["level"] == best_level()


@pytest.mark.parametrize("level", LEVELS)
def test_the_level_can_be_chosen(program: Path, level: str) -> None:
    if LEVELS.index(best_level() or "seccomp") <= LEVELS.index(level):
        assert told(run("sandbox", "run", program, "--level", level, "--json"))["level"] == level


def test_a_failing_program_is_a_verdict_and_not_a_failing_command(program: Path) -> None:
    result = told(run("sandbox", "run", program, "--json"))
    assert (result["verdict"], result["exit_code"], result["line"]) == ("RE", 1, 1)
    assert "EOFError" in result["stderr"]


def test_the_gate_points_and_can_be_left_out(program: Path) -> None:
    program.write_text("x = 1\nimport os\n")
    result = told(run("sandbox", "run", program, "--json"))
    assert (result["verdict"], result["line"], result["column"]) == ("REJ", 2, 1)
    assert told(run("sandbox", "run", program, "--no-gate", "--json"))["verdict"] == "AC"


def test_bytes_that_are_no_text_are_refused(program: Path) -> None:
    program.write_bytes(b"x = '\xff'\n")
    assert told(run("sandbox", "run", program, "--json"))["verdict"] == "REJ"
    assert told(run("sandbox", "run", program, "--no-gate", "--json"))["verdict"] == "CE"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sandbox", "run", "/no/such/file"], "/no/such/file cannot be read"),
        (["sandbox", "run", __file__, "--language", "cobol"], "'cobol'"),
        (["sandbox", "run", __file__, "--level", "paranoid"], "'paranoid'"),
        (["sandbox", "run", __file__, "--stdin", "/no/such/file"], "/no/such/file"),
        (["judge", __file__], "--challenge"),
        (["judge", __file__, "--challenge", "no-such"], "no-such"),
        (["judge"], "REDIS_URL"),
    ],
)
def test_bad_usage_is_one_clear_line_and_exit_code_2(arguments: list[str], words: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert done.stdout == ""


def test_a_solution_is_judged(program: Path) -> None:
    program.write_text("def settle(paid):\n    return {}\n")
    result = told(run("judge", program, "--challenge", "fair-shares", "--json"))
    assert (result["verdict"], result["total"]) == ("WA", len(result["cases"]))
    assert 0 < result["passed"] < result["total"]
    assert {"name", "verdict", "stdout", "stderr", "time_ms"} <= set(result["cases"][0])


def test_a_refused_solution_has_no_cases(program: Path) -> None:
    program.write_text("import os\n")
    result = told(run("judge", program, "--challenge", "fair-shares", "--json"))
    assert (result["verdict"], result["passed"], result["cases"]) == ("REJ", 0, [])
    assert (result["line"], result["column"]) == (1, 1)
    assert result["message"]


def test_the_doctor_tells_what_is_there() -> None:
    result = told(run("doctor", "--json"))
    assert result["level"] == best_level()
    assert {layer["name"] for layer in result["layers"]} >= {*(f"level {level}" for level in LEVELS), "seccomp"}
    assert [one["name"] for one in result["toolchains"]] == list(LANGUAGES)
    assert all(one["ok"] or one["mend"] for one in result["toolchains"])
    assert result["languages"] == [language.name for language in available(result["level"])]
    assert [one["name"] for one in result["stores"]] == ["PostgreSQL", "Valkey"]


def test_people_get_words() -> None:
    done = run("doctor")
    assert done.stdout.startswith("Isolation level: ")
