"""A challenge's own checker, run in the sandbox as any stranger's program."""

from collections.abc import Iterator

import pytest

from python_duel.challenges.package import Checker, Limits, Package, TestCase
from python_duel.judge import jobs
from python_duel.judge.jobs import Runners
from python_duel.judge.slots import Bench
from python_duel.protocol.jobs import JobResult
from python_duel.protocol.server import Parameter, Signature
from python_duel.protocol.verdict import Verdict
from tests.judge.conftest import job

DIVISOR = """
def check(input, expected, output):
    [n] = input
    return type(output) is int and 1 < output < n and n % output == 0
"""
SUM = """
def check(input, expected, output):
    parts = output.split()
    return len(parts) == 2 and all(p.isdecimal() for p in parts) and sum(map(int, parts)) == int(input)
"""
FIELDS = {"title": "t", "difficulty": 1, "statement": "s", "starter": {}, "limits": Limits(cpu_ms=500)}


@pytest.fixture(scope="module")
def runners() -> Iterator[Runners]:
    bench = Bench("full")
    yield bench.runner
    bench.close()


def function(source: str) -> Package:
    fields = {
        "slug": "divisor",
        "kind": "function",
        "signature": Signature(name="divisor", parameters=[Parameter(name="n", type="int")], returns="int"),
        "checker": Checker(kind="custom", source=source),
        "samples": [TestCase(name="six", args=[6], expected=2)],
        "hidden": [TestCase(name=f"h{n}", args=[n], expected=3) for n in (15, 49, 91)],
    }
    return Package.model_validate(FIELDS | fields)


def stdio(source: str) -> Package:
    fields = {
        "slug": "two-parts",
        "kind": "stdio",
        "checker": Checker(kind="custom", source=source),
        "samples": [TestCase(name="five", stdin="5\n", expected="2 3\n")],
        "hidden": [TestCase(name=f"h{n}", stdin=f"{n}\n", expected="") for n in (8, 100)],
    }
    return Package.model_validate(FIELDS | fields)


def submit(runners: Runners, package: Package, code: str, **more: object) -> JobResult:
    return jobs.judge(runners, job(package, code, **more), package)  # type: ignore[arg-type]


BEST = "def divisor(n): return next(d for d in range({}) if n % d == 0)"


@pytest.mark.parametrize("span", ["2, n", "n - 1, 1, -1"])
def test_any_right_answer_is_right(runners: Runners, span: str) -> None:
    result = submit(runners, function(DIVISOR), BEST.format(span))
    assert (result.verdict, result.passed, result.total) == (Verdict.AC, 4, 4)


def test_what_the_checker_refuses_is_a_wrong_answer_and_a_sample_is_shown(runners: Runners) -> None:
    result = submit(runners, function(DIVISOR), "def divisor(n): return n if n < 10 else 7 if n % 7 == 0 else 3.0")
    assert (result.verdict, result.passed, result.message) == (Verdict.WA, 2, "Sample six: a wrong answer.")
    assert [(case.output, case.expected) for case in result.cases] == [("6", "2")]


def test_what_a_program_printed_is_checked(runners: Runners) -> None:
    right = submit(runners, stdio(SUM), "n = int(input())\nprint(1, n - 1)")
    wrong = submit(runners, stdio(SUM), "print(2, 3)")
    assert (right.verdict, wrong.verdict, wrong.passed) == (Verdict.AC, Verdict.WA, 1)


def test_cases_that_did_not_run_well_are_not_asked_about(runners: Runners) -> None:
    strict = "def check(input, expected, output):\n    assert input != [49]\n    return True"
    result = submit(runners, function(strict), "def divisor(n): return 1 // (n - 49)")
    assert (result.verdict, result.passed) == (Verdict.RE, 3)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def check(input, expected, output): return 1 // 0", "ZeroDivisionError in line 1."),
        ("def check(input, expected, output):\n    while True: pass", "used up its CPU time"),
        ("def check(input, expected, output): return 1", "neither True nor False"),
        ("def check(input, expected, output): return None", "neither True nor False"),
        ("def check(input, expected, output): return object()", "neither True nor False"),
        ("def check(a): return True", "TypeError"),
        ("x = 1", "."),
        ("def check(", "SyntaxError"),
        ("raise SystemExit", "."),
        ("def check(input, expected, output): raise SystemExit", "."),
        ("import os\ndef check(input, expected, output): os._exit(0)", "."),
        ("def check(input, expected, output): return len('x' * 10**9) > 1", "."),
        ("def check(input, expected, output):\n    while True: print('x' * 999)", "."),
    ],
)
def test_a_checker_that_fails_is_no_fault_of_the_player(runners: Runners, source: str, words: str) -> None:
    for kind in ("submission", "run"):
        result = submit(runners, function(source), BEST.format("2, n"), kind=kind)
        assert result.verdict is Verdict.IE
        assert result.message
        assert result.message.startswith("The challenge's checker failed: ")
        assert words in result.message
        assert result.cases == [] or kind == "run"


STUMBLES = "def check(input, expected, output): return 1 < output < input[0] and input[0] % output == 0"


@pytest.mark.parametrize("answer", ["None", "'3'", "[3]", "{}"])
def test_what_a_checker_stumbles_over_because_it_is_of_another_type_is_a_wrong_answer(
    runners: Runners, answer: str
) -> None:
    result = submit(runners, function(STUMBLES), f"def divisor(n): return {answer}")
    assert (result.verdict, result.passed) == (Verdict.WA, 0)
    assert submit(runners, function(STUMBLES), BEST.format("2, n")).verdict is Verdict.AC


def test_a_checker_meets_no_files_and_no_network(runners: Runners) -> None:
    source = """
import os
def check(input, expected, output):
    for attempt in (lambda: os.listdir("/"), os.fork, lambda: open("/etc/passwd"), lambda: os.kill(1, 0)):
        try:
            attempt()
        except OSError:
            continue
        return False
    return True
"""
    assert submit(runners, function(source), BEST.format("2, n")).verdict is Verdict.AC


def test_a_checker_remembers_no_other_submission(runners: Runners) -> None:
    counting = "seen = []\ndef check(input, expected, output):\n    seen.append(1)\n    return len(seen) <= 4"
    for _ in range(3):
        assert submit(runners, function(counting), BEST.format("2, n")).verdict is Verdict.AC


def test_own_input_is_compared_with_nothing(runners: Runners) -> None:
    result = submit(runners, function("x = 1"), "def divisor(n): return 5", kind="run", input="[10]")
    assert (result.verdict, result.cases[0].output) == (Verdict.AC, "5")
