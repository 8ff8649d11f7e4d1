"""What a good package is, beyond one that loads: every rule gives sentences that name the file and the case."""

import ast
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from python_duel.challenges.files import BadChallenge
from python_duel.challenges.loader import load
from python_duel.challenges.package import Package, TestCase
from python_duel.challenges.solutions import Solution, solutions
from python_duel.languages import LANGUAGES
from python_duel.languages.types import parse_type
from python_duel.protocol.verdict import Verdict

MIN_HIDDEN = 6
SAMPLES = range(1, 5)
MIN_WRONG = 2
MAX_STATEMENT_CHARS = 5_000
MAX_TESTS_BYTES = 60_000
MAX_SAMPLE_CHARS = 1_000
MAX_TAGS = 5

Rule = Callable[[Package], Iterator[str]]


def check(folder: Path) -> list[str]:
    """Every fault of the challenge in `folder`, each a sentence that begins with its slug; empty when it is good."""
    try:
        package, beside = load(folder), solutions(folder)
    except BadChallenge as error:
        return [error.message]
    return [f"{package.slug}: {fault}" for fault in (*faults(package), *solution_faults(package, beside))]


def faults(package: Package) -> list[str]:
    """What is wrong with a package in itself."""
    return [fault for rule in RULES for fault in rule(package)]


def solution_faults(package: Package, beside: list[Solution]) -> list[str]:
    """What is wrong with the solutions beside a package, without running them."""
    wrong = sum(solution.expect != Verdict.AC for solution in beside)
    too_few = [f"solutions/: {wrong} wrong solutions; add wrong_*.py until there are {MIN_WRONG}"]
    return [*(too_few if wrong < MIN_WRONG else []), *(fault for s in beside for fault in _solution(package, s))]


def _solution(package: Package, solution: Solution) -> Iterator[str]:
    language = solution.language
    if language.name not in package.starter:
        yield f"{solution.name}: the cases hold integers that {language.title} cannot: remove it"
    elif language.name == "python" and solution.expect != Verdict.CE and not _is_python(solution.code):
        yield f"{solution.name}: no valid Python"


def _statement(package: Package) -> Iterator[str]:
    if not package.statement.strip():
        yield "statement.md: empty; say what is asked and give the constraints"
    if len(package.statement) > MAX_STATEMENT_CHARS:
        yield f"statement.md: {len(package.statement)} characters; shorten it to {MAX_STATEMENT_CHARS}"


def _tags(package: Package) -> Iterator[str]:
    if len(package.tags) > MAX_TAGS or any(not 0 < len(tag) <= 30 for tag in package.tags):
        yield f"challenge.toml: tags: use at most {MAX_TAGS}, each of 1 to 30 characters"


def _starter(package: Package) -> Iterator[str]:
    for name, code in package.starter.items():
        file = f"starter/{name}{LANGUAGES[name].suffix}"
        if name == "python" and not _is_python(code):
            yield f"{file}: no valid Python"
        elif package.signature and not _defines(name, code, package.signature.name):
            yield f"{file}: does not define {package.signature.name}"


def _defines(language: str, code: str, function: str) -> bool:
    """Whether a program defines the function; of other languages than Python, whether it has its name at all."""
    return function in _functions(code) if language == "python" else bool(re.search(rf"\b{function}\b", code))


def _checker(package: Package) -> Iterator[str]:
    code = package.checker.source
    if code is None:
        return
    if not _is_python(code):
        yield "checker.py: no valid Python"
    elif _functions(code).get("check") != ["input", "expected", "output"]:
        yield "checker.py: does not define check(input, expected, output)"


def _counts(package: Package) -> Iterator[str]:
    if len(package.samples) not in SAMPLES:
        yield f"tests.json: {len(package.samples)} samples; give {SAMPLES[0]} to {SAMPLES[-1]}"
    if len(package.hidden) < MIN_HIDDEN:
        yield f"tests.json: {len(package.hidden)} hidden cases; add some until there are {MIN_HIDDEN}"


def _unique(package: Package) -> Iterator[str]:
    for name, count in Counter(case.name for case in package.cases).items():
        if count > 1:
            yield f"tests.json: case {name!r}: {count} cases have this name"
    seen: dict[str, TestCase] = {}
    for case in package.cases:
        first = seen.setdefault(json.dumps([case.args, case.stdin], sort_keys=True), case)
        if first is not case:
            yield f"tests.json: case {case.name!r}: repeats the input of case {first.name!r}"


def _values(package: Package) -> Iterator[str]:
    for case in package.cases:
        for name, type_, value in _typed(package, case):
            if problem := parse_type(type_).problem(value, name):
                yield f"tests.json: case {case.name!r}: {problem}"


def _typed(package: Package, case: TestCase) -> Iterator[tuple[str, str, Any]]:
    """Name, type and value of everything a case holds."""
    if package.signature is None:
        yield "stdin", "str", case.stdin
        yield "expected", "str", case.expected
        return
    for parameter, value in zip(package.signature.parameters, case.args or [], strict=True):
        yield parameter.name, parameter.type, value
    yield "expected", package.signature.returns, case.expected


def _sizes(package: Package) -> Iterator[str]:
    size = sum(len(case.model_dump_json(exclude_none=True).encode()) for case in package.cases)
    if size > MAX_TESTS_BYTES:
        yield f"tests.json: {size} bytes of cases; at most {MAX_TESTS_BYTES}"
    for case in package.samples:
        if len(package.input_text(case)) + len(package.expected_text(case)) > MAX_SAMPLE_CHARS:
            yield f"tests.json: case {case.name!r}: too long for a sample; at most {MAX_SAMPLE_CHARS} characters"


def _ended_lines(package: Package) -> Iterator[str]:
    for case in package.samples:
        if case.stdin and not case.stdin.endswith("\n"):
            yield f"tests.json: case {case.name!r}: a sample's stdin ends with a line break"


def _is_python(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        return False
    return True


def _functions(code: str) -> dict[str, list[str]]:
    """The functions of a module and the names of what they take."""
    found = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    return {node.name: [argument.arg for argument in node.args.args] for node in found}


RULES: tuple[Rule, ...] = (
    _statement,
    _tags,
    _starter,
    _checker,
    _counts,
    _unique,
    _values,
    _sizes,
    _ended_lines,
)
