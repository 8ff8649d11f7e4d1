"""Jobs in a slot: what counts, what is shown, and that nothing of a hidden case gets out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from python_duel.challenges.loader import load
from python_duel.challenges.package import Checker, Limits, Package, TestCase
from python_duel.challenges.solutions import Solution, solutions
from python_duel.judge import jobs
from python_duel.judge.grading import Budget
from python_duel.judge.jobs import Runners
from python_duel.judge.slots import Bench
from python_duel.languages import Runner, available
from python_duel.platform.bundled import bundled
from python_duel.protocol.jobs import JobResult
from python_duel.protocol.server import Parameter, Signature
from python_duel.protocol.verdict import Verdict
from python_duel.sandbox import Ending, Outcome, SlotLost, limits
from tests.judge.conftest import job

SECRET = 73_519
FIELDS = {"title": "t", "difficulty": 1, "statement": "s", "starter": {}, "limits": Limits(cpu_ms=200)}
FUNCTION = Package.model_validate(
    {
        **FIELDS,
        "slug": "twice",
        "kind": "function",
        "signature": Signature(name="twice", parameters=[Parameter(name="n", type="int")], returns="int"),
        "checker": Checker(kind="exact"),
        "samples": [TestCase(name="one", args=[1], expected=2)],
        "hidden": [TestCase(name=f"h{n}", args=[n], expected=2 * n) for n in (2, SECRET, 3)],
    }
)
STDIO = Package.model_validate(
    {
        **FIELDS,
        "slug": "twice-io",
        "kind": "stdio",
        "checker": Checker(kind="tokens"),
        "samples": [TestCase(name="one", stdin="1\n", expected="2")],
        "hidden": [TestCase(name=f"h{n}", stdin=f"{n}\n", expected=str(2 * n)) for n in (2, SECRET, 3)],
    }
)


@pytest.fixture(scope="module")
def runners() -> Iterator[Runners]:
    """Those of one thread at the best level, with the gate."""
    bench = Bench("full")
    yield bench.runner
    bench.close()


def submit(runners: Runners, package: Package, code: str, language: str = "python") -> JobResult:
    return jobs.judge(runners, job(package, code, language=language), package)


@pytest.mark.parametrize(
    ("code", "verdict", "passed"),
    [
        ("def twice(n): return 2 * n", Verdict.AC, 4),
        ("def twice(n): return 2 * min(n, 1000)", Verdict.WA, 3),
        (f"def twice(n): return 2 * n if n != {SECRET} else 1 // 0", Verdict.RE, 3),
        (f"def twice(n):\n    while n == {SECRET}: pass\n    return 2 * n", Verdict.TLE, 3),
        (f"def twice(n): return 2 * n if n != {SECRET} else len('x' * 10**9)", Verdict.MLE, 3),
        (f"def twice(n):\n    while n == {SECRET}: print('x' * 9999)\n    return 2 * n", Verdict.OLE, 3),
        ("def twice(n):\n    while True: pass", Verdict.TLE, 0),
        ("def twice(n): return float(2 * n)", Verdict.WA, 0),
        ("def thrice(n): return 2 * n", Verdict.RE, 0),
        ("def twice(n): return (", Verdict.CE, 0),
        ("import os", Verdict.REJ, 0),
        ("", Verdict.RE, 0),
        ("def twice(n):\n    raise SystemExit", Verdict.RE, 0),
    ],
)
def test_functions(runners: Runners, code: str, verdict: Verdict, passed: int) -> None:
    result = submit(runners, FUNCTION, code)
    assert (result.verdict, result.passed, result.total) == (verdict, passed, 4)


@pytest.mark.parametrize(
    ("code", "verdict", "passed"),
    [
        ("print(2 * int(input()))", Verdict.AC, 4),
        ("print(2 * min(int(input()), 1000))", Verdict.WA, 3),
        (f"n = int(input())\nwhile n == {SECRET}: pass\nprint(2 * n)", Verdict.TLE, 3),
        ("print(2 * int(input()))\nexit(1)", Verdict.RE, 0),
        ("print(2 * int(input()))\n1 / 0", Verdict.RE, 0),
        ("while True: print('1' * 9999)", Verdict.OLE, 0),
        ("x = [", Verdict.CE, 0),
        ("", Verdict.WA, 0),
    ],
)
def test_programs(runners: Runners, code: str, verdict: Verdict, passed: int) -> None:
    result = submit(runners, STDIO, code)
    assert (result.verdict, result.passed, result.total) == (verdict, passed, 4)


@pytest.mark.parametrize(
    "code",
    [
        "def twice(n):\n    if n > 1: raise ValueError(n)\n    return 2",
        "def twice(n):\n    class E(Exception): pass\n    E.__name__ = str(n)\n    if n > 1: raise E\n    return 2",
        "def twice(n):\n    class E: pass\n    E.__name__ = str(n)\n    return E() if n > 1 else 2",
        "import sys\ndef twice(n):\n    print(n)\n    print(n, file=sys.stderr)\n    return 2",
        "def twice(n): return 2 if n == 1 else n",
    ],
)
def test_nothing_of_a_hidden_case_gets_out_of_a_function(runners: Runners, code: str) -> None:
    result = submit(runners, FUNCTION, code)
    assert result.message is not None
    assert result.message.startswith("Hidden case 1: ")
    assert result.cases == []
    assert str(SECRET) not in result.model_dump_json(exclude={"job"})


def test_nothing_of_a_hidden_case_gets_out_of_a_program(runners: Runners) -> None:
    result = submit(runners, STDIO, "n = int(input())\nprint(2)\nif n > 1: raise ValueError(n)")
    assert result.message == "Hidden case 1: ValueError in line 3."
    assert str(SECRET) not in result.model_dump_json(exclude={"job"})


def test_the_first_failing_sample_is_shown(runners: Runners) -> None:
    result = submit(runners, FUNCTION, "def twice(n):\n    print('hm')\n    return 5")
    [case] = result.cases
    assert (case.name, case.verdict, case.input, case.output) == ("one", "WA", "twice(1)", "5")
    assert (case.expected, case.stdout) == ("2", "hm\n")


def test_a_run_shows_every_sample(runners: Runners) -> None:
    result = jobs.judge(runners, job(STDIO, "print(2 * int(input()))", kind="run"), STDIO)
    assert (result.verdict, result.passed, result.total) == (Verdict.AC, 1, 1)
    assert [(c.name, c.input, c.output, c.expected) for c in result.cases] == [("one", "1\n", "2\n", "2")]


def test_own_input_is_run_and_compared_with_nothing(runners: Runners) -> None:
    result = jobs.judge(runners, job(FUNCTION, "def twice(n): return 3 * n", kind="run", input="[7]"), FUNCTION)
    [case] = result.cases
    assert (result.verdict, case.input, case.output, case.expected) == (Verdict.AC, "twice(7)", "21", None)


def test_own_standard_input(runners: Runners) -> None:
    result = jobs.judge(runners, job(STDIO, "print(input()[::-1])", kind="run", input="abc"), STDIO)
    assert (result.verdict, result.cases[0].output) == (Verdict.AC, "cba\n")


@pytest.mark.parametrize("text", ["", "7", "[]", "[1, 2]", "[true]", '["x"]', "[1.0]", "[" * 9999, "[NaN]", "\ud800"])
def test_own_input_that_does_not_fit_is_explained(runners: Runners, text: str) -> None:
    result = jobs.judge(
        runners, job(FUNCTION, "def twice(n): return n", kind="run").model_copy(update={"input": text}), FUNCTION
    )
    assert result.verdict is Verdict.RE
    assert result.message
    assert result.message.endswith(".")


def test_a_refusal_has_its_place(runners: Runners) -> None:
    result = submit(runners, FUNCTION, "def twice(n):\n    return eval('n')")
    assert (result.verdict, result.line, result.column) == (Verdict.REJ, 2, 12)


def test_a_nul_in_an_answer_is_a_wrong_answer_that_can_be_stored(runners: Runners) -> None:
    result = submit(runners, FUNCTION, "def twice(n):\n    print('\\0')\n    return '\\0'")
    assert result.verdict is Verdict.WA
    assert "\\u0000" not in result.model_dump_json()


def test_checking_a_long_program_costs_none_of_its_time(runners: Runners) -> None:
    long = "x=[1,2,3]\n" * 6_500  # the gate takes some 300 ms
    quick = STDIO.model_copy(update={"limits": Limits(cpu_ms=100)})
    assert submit(runners, quick, f"{long}print(2 * int(input()))").verdict is Verdict.AC


def test_a_submission_has_a_span_of_time_and_a_busy_host_is_not_charged() -> None:
    budget = Budget(FUNCTION)
    budget.charge(Outcome(Ending.ANSWERED, wall_ms=20_000, starved_ms=5_000))
    assert (budget.limits.total_ms, budget.spent) == (limits.TOTAL_MS - 15_000, False)
    budget.charge(Outcome(Ending.ANSWERED, wall_ms=15_000))
    assert budget.spent


def test_cases_that_were_not_reached_are_explained(runners: Runners, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Budget, "spent", property(lambda budget: budget.limits.total_ms < limits.TOTAL_MS))
    result = submit(runners, STDIO, "import time\ntime.sleep(0.01)\nprint(2 * int(input()))")
    assert (result.verdict, result.passed, result.message) == ("TLE", 1, "All cases together took too long.")


def test_a_slot_that_fails_twice_is_no_fault_of_the_player() -> None:
    def broken(language: str) -> Runner:
        raise SlotLost(f"no {language}")

    result = jobs.judge(broken, job(FUNCTION, "x"), FUNCTION)
    assert result.verdict is Verdict.IE


CHALLENGES = sorted(path.parent for path in bundled("challenges").glob("*/challenge.toml"))


@pytest.mark.parametrize(
    ("folder", "solution"),
    [
        pytest.param(
            folder,
            solution,
            id=f"{folder.name}-{solution.name}",
            marks=[pytest.mark.slow] if solution.expect is Verdict.TLE else [],
        )
        for folder in CHALLENGES
        for solution in solutions(folder)
    ],
)
def test_bundled_solutions_get_their_verdict(runners: Runners, folder: Path, solution: Solution) -> None:
    language = solution.language
    if language not in available("full"):
        pytest.skip(f"no {language.title} here")
    assert submit(runners, load(folder), solution.code, language.name).verdict is solution.expect
