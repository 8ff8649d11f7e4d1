"""C++: both kinds of program at every level that can shut a compiler in; what its faults become."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_duel.languages import LANGUAGES, Prepared, Runner, cpp, cpp_driver
from python_duel.languages.cpp import Cpp
from python_duel.languages.types import parse_type
from python_duel.protocol.server import Parameter, Signature
from python_duel.sandbox import Ending, Level, Limits, Outcome, Refusal
from python_duel.sandbox.levels import problem
from tests.challenges.strategies import values

pytestmark = pytest.mark.skipif(not Cpp().toolchain().ok, reason="there is no g++ here")
LEVELS: tuple[Level, ...] = ("full", "no-userns")
QUICK = Limits(cpu_ms=300)
ADD = Signature(name="add", parameters=[Parameter(name=n, type="int") for n in "ab"], returns="int")
RIGHT = "long long add(long long a, long long b) { return a + b; }"


@pytest.fixture(scope="module")
def runners() -> Iterator[Callable[[Level], Runner]]:
    """A runner by level, opened at its first use."""
    with ExitStack() as stack:

        @cache
        def opened(level: Level) -> Runner:
            if why := problem(level):
                pytest.skip(f"level {level} is not possible here: {why}")
            return stack.enter_context(LANGUAGES["cpp"].open(level))

        yield opened


@pytest.fixture(params=LEVELS)
def any_level(request: pytest.FixtureRequest, runners: Callable[[Level], Runner]) -> Runner:
    return runners(request.param)


@pytest.fixture
def runner(runners: Callable[[Level], Runner]) -> Runner:
    return runners("full")


def made(runner: Runner, source: str, signature: Signature | None = None) -> Prepared:
    program = runner.prepare(source, signature, True)
    assert isinstance(program, Prepared), program
    return program


def refused(runner: Runner, source: str, signature: Signature | None = None) -> Refusal:
    outcome = runner.prepare(source, signature, True)
    assert isinstance(outcome, Outcome)
    assert outcome.ending is Ending.REFUSED
    assert outcome.refusal is not None
    assert 0 < len(outcome.refusal.message) < 2000
    assert "/usr" not in outcome.refusal.message
    return outcome.refusal


def called(runner: Runner, source: str, *cases: list[Any], signature: Signature = ADD) -> Outcome:
    return runner.call(made(runner, source, signature), [json.dumps(case) for case in cases], QUICK)


def signature_of(type_: str) -> Signature:
    return Signature(name="same", parameters=[Parameter(name="x", type=type_)], returns=type_)


def test_a_function(any_level: Runner) -> None:
    outcome = called(any_level, RIGHT, [1, 2], [-5, 2**62])
    assert outcome.ending is Ending.ANSWERED
    assert [answer.value for answer in outcome.answers] == [3, 2**62 - 5]


def test_a_program(any_level: Runner) -> None:
    program = made(any_level, "#include <iostream>\nint main() { int n; std::cin >> n; std::cout << 2 * n; return n; }")
    outcome = any_level.script(program, b"21", QUICK)
    assert (outcome.stdout, outcome.exit_code) == (b"42", 21)


def test_there_is_no_file_to_read(any_level: Runner) -> None:
    source = "#include <fstream>\nint main() { for (auto p : {%s}) if (std::ifstream(p)) return 1; }"
    paths = '"/etc/passwd", "/usr/include/stdio.h", "/proc/self/maps", "/dev/null", "."'
    assert any_level.script(made(any_level, source % paths), b"", QUICK).exit_code == 0


VALUES: list[tuple[str, Any]] = [
    ("int", 2**63 - 1),
    ("int", -(2**63)),
    ("float", 1.0),
    ("float", -0.0),
    ("float", 1e300),
    ("float", 0.1),
    ("bool", True),
    ("bool", False),
    ("str", 'é"\\\n\t\x01😀\u2028'),
    ("str", ""),
    ("list[int]", []),
    ("list[bool]", [True, False]),
    ("list[list[str]]", [["a", "b"], [], [""]]),
    ("dict[str, list[float]]", {"b": [1.5, 2.0], "a": [], "ü": [1e-7]}),
    ("dict[str, int]", {}),
    ("int | None", None),
    ("int | None", 5),
    ("list[str | None]", ["x", None]),
    ("dict[str, dict[str, bool | None]]", {"x": {"y": None, "z": True}}),
]


def _exactly(value: Any) -> str:
    """Tells 1 from 1.0 and True, and -0.0 from 0.0; the order of keys means nothing."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("type_", sorted({type_ for type_, _ in VALUES}))
def test_values_come_back_as_they_went(runner: Runner, type_: str) -> None:
    sent = [value for name, value in VALUES if name == type_]
    source = (
        f"#include <bits/stdc++.h>\nusing namespace std;\n{cpp_driver.declaration(signature_of(type_))} {{ return x; }}"
    )
    outcome = called(runner, source, *([value] for value in sent), signature=signature_of(type_))
    assert [_exactly(answer.value) for answer in outcome.answers] == list(map(_exactly, sent))


DEEP = "dict[str, list[list[float | None]]]"
LONG_LONG = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize("type_", ["int", "float", "str", "list[str | None]", DEEP])
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_values_come_back_as_they_went(runner: Runner, type_: str, data: st.DataObject) -> None:
    sent = data.draw(st.lists(values(parse_type(type_), LONG_LONG), min_size=1, max_size=20))
    source = f"using namespace std;\n{cpp_driver.declaration(signature_of(type_))} {{ return x; }}"
    outcome = called(runner, source, *([value] for value in sent), signature=signature_of(type_))
    assert [_exactly(answer.value) for answer in outcome.answers] == list(map(_exactly, sent))


@pytest.mark.parametrize("type_", ["int", "float", "bool", "str", "list[int]", "dict[str, str]", "list[int] | None"])
def test_the_starter_compiles(runner: Runner, type_: str) -> None:
    made(runner, Cpp().starter(signature_of(type_)), signature_of(type_))


def test_the_starter_of_a_program_compiles(runner: Runner) -> None:
    assert runner.script(made(runner, Cpp().starter(None)), b"", QUICK).exit_code == 0


@pytest.mark.parametrize(
    "source",
    [
        "int add(int a, int b) { return a + b; }",
        "auto add(auto a, const long long& b) { return a + b; }",
        "#define int long long\n#define return return 0 +\nint add(int a, int b) { return a + b; }",
        f"#define auto int\n#define template\n#define decay_t x\n{RIGHT}",
        f"{RIGHT}\nint main() {{ return 5; }}",
        f"#define duel_runtime nothing\nnamespace std {{ }}\nnamespace duel {{ int main; }}\n{RIGHT}",
        "namespace { long long add(long long a, long long b) { return a + b; } }",
        f'#pragma GCC optimize("O3")\n#pragma GCC target("avx2")\n#include <bits/stdc++.h>\n{RIGHT}',
        "const auto add = [](long long a, long long b) { return a + b; };",
        f"\ufeff{RIGHT} // \r",
    ],
)
def test_ways_to_write_it(runner: Runner, source: str) -> None:
    assert [answer.value for answer in called(runner, source, [1, 2]).answers] == [3]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "long long sub(long long a, long long b) { return a - b; }",
        "long long add(long long a) { return a; }",
        "std::string add(long long a, long long b) { return {}; }",
        "bool add(long long a, long long b) { return a; }",
        "void add(long long a, long long b) { }",
        "namespace x { long long add(long long a, long long b) { return a; } }",
    ],
)
def test_another_function_than_asked_for_is_explained(runner: Runner, source: str) -> None:
    assert refused(runner, source, ADD).message == "The function has to be: long long add(long long a, long long b)"


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("long long add(long long a, long long b) {\n  return a + c;\n}", 2, "'c' was not declared"),
        ("long long add(long long a, long long b) {\n  return a + b\n}", 2, "expected ';'"),
        ("long long add(long long a, long long b) {\n  return a + b;\n", 3, "not closed"),
        (f"{RIGHT}\nstruct X {{ int a; }}", 2, ""),
        (f"{RIGHT}\n/* and so on", 2, "unterminated comment"),
        (f"{RIGHT}\n#if 1\n", 2, "unterminated #if"),
        (f"#include <nothing.h>\n{RIGHT}", 1, "nothing.h"),
        (f'#include "/etc/passwd"\n{RIGHT}', 1, "passwd"),
        (
            f"\nvoid f() {{\n  std::set<std::pair<int, std::istream>> s; s.insert(1);\n}}\n{RIGHT}",
            3,
            "",
        ),
        (f'{RIGHT}\nint x = "text";', 2, "invalid conversion"),
        (f"{RIGHT}\nint f();\nint x = f();", None, "undefined reference to `f()'"),
    ],
)
def test_a_compile_error_has_its_line(runner: Runner, source: str, line: int | None, words: str) -> None:
    refusal = refused(runner, source, ADD)
    assert (refusal.kind, refusal.line) == ("syntax", line), refusal
    assert words in refusal.message


@pytest.mark.parametrize("source", ["", "int f() { return 1; }"])
def test_a_program_needs_a_main(runner: Runner, source: str) -> None:
    assert refused(runner, source).message == "There is no function main."


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("int x; // \0", "NUL"),
        ("int x; // \ud800", "surrogate"),
        ("int x; // \u202e", "bidirectional"),
    ],
)
def test_hidden_characters_are_refused_with_their_place(runner: Runner, source: str, words: str) -> None:
    refusal = refused(runner, f"\n{source}")
    assert (refusal.kind, refusal.line, refusal.column) == ("rejected", 2, 11)
    assert words in refusal.message


BODIES = [
    ('throw std::out_of_range("why");', "std::out_of_range", "std::out_of_range: why\n"),
    ("std::vector<int>().at(3);", "std::out_of_range", ""),
    ("throw 3;", "int", "int: 3\n"),
    ('std::stoi("x");', "std::invalid_argument", ""),
    ("abort();", "std::abort", ""),
    ('[]() noexcept { throw std::logic_error("no"); }();', "std::logic_error", "std::logic_error: no\n"),
    ("struct Own { }; throw Own();", None, "::Own\n"),
]


@pytest.mark.parametrize(("body", "type_", "text"), BODIES)
def test_exceptions_of_a_function(runner: Runner, body: str, type_: str | None, text: str) -> None:
    source = (
        f"#include <bits/stdc++.h>\nlong long add(long long a, long long b) {{ if (a == 7) {{ {body} }} return a; }}"
    )
    outcome = called(runner, source, [1, 1], [7, 1])
    first, second = outcome.answers
    assert (first.value, second.value) == (1, None)
    assert second.error is not None
    assert second.error.text.endswith(text)
    assert (second.error.type in Cpp().errors) == (type_ is not None)


@pytest.mark.parametrize(("body", "type_", "text"), BODIES)
def test_exceptions_of_a_program(runner: Runner, body: str, type_: str | None, text: str) -> None:
    source = f"#include <bits/stdc++.h>\nint main() {{ std::cout << 5; {body} }}"
    outcome = runner.script(made(runner, source), b"", QUICK)
    assert outcome.failure is not None
    assert outcome.failure.text.endswith(text)
    assert outcome.stdout == b"5"
    assert outcome.exit_code


def test_an_exception_does_not_end_the_process(runner: Runner) -> None:
    source = "long long add(long long a, long long b) { static int n; n++; if (a) throw 1; return n; }"
    assert [answer.text for answer in called(runner, source, [1, 1], [1, 1], [0, 0]).answers] == [None, None, "3"]


@pytest.mark.parametrize(
    ("body", "signal"),
    [("*(volatile int*)0 = 1;", 11), ("volatile int z = 0; z = 5 / z;", 8), ("__builtin_trap();", 4)],
)
def test_crashes(runner: Runner, body: str, signal: int) -> None:
    assert runner.script(made(runner, f"int main() {{ {body} }}"), b"", QUICK).signal == signal
    outcome = called(runner, f"long long add(long long a, long long b) {{ {body} return a; }}", [1, 2], [3, 4])
    assert (outcome.ending, outcome.signal, outcome.answers) == (Ending.EXITED, signal, [])


def test_recursion_that_is_too_deep_crashes_and_deep_recursion_does_not(runner: Runner) -> None:
    source = """
        __attribute__((optimize("O0"))) long long add(long long a, long long b) { return a ? 1 + add(a - 1, b) : 1; }
    """
    assert called(runner, source, [100_000, 0]).answers[0].value == 100_001
    assert called(runner, source, [10**9, 0]).signal == 11


@pytest.mark.parametrize("body", ["while (1);", "while (1) std::malloc(0);", "std::this_thread::sleep_for(9s);"])
def test_endless_programs_are_stopped(runner: Runner, body: str) -> None:
    source = f"#include <bits/stdc++.h>\nusing namespace std::literals;\nint main() {{ {body} }}"
    assert runner.script(made(runner, source), b"", QUICK).ending in (Ending.CPU, Ending.WALL)


@pytest.mark.parametrize(
    "before", ["struct X { X() { while (1); } } x;", "__attribute__((constructor)) void f() { while (1); }"]
)
def test_what_never_reaches_main_is_stopped_too(runner: Runner, before: str) -> None:
    assert runner.script(made(runner, f"{before}\nint main() {{ }}"), b"", QUICK).ending is Ending.CPU
    assert called(runner, f"{before}\n{RIGHT}", [1, 2]).ending is Ending.CPU


def test_what_ends_before_main_gives_no_answer(runner: Runner) -> None:
    outcome = called(runner, f"#include <unistd.h>\nstruct X {{ X() {{ _exit(0); }} }} x;\n{RIGHT}", [1, 2])
    assert (outcome.ending, outcome.answers) == (Ending.EXITED, [])


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        ('for (;;) std::cout << "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";', Ending.OUTPUT),
        ("char c = 9; for (;;) write(3, &c, 1);", Ending.GARBLED),
    ],
)
def test_floods_are_stopped(runner: Runner, body: str, ending: Ending) -> None:
    source = f"#include <bits/stdc++.h>\n#include <unistd.h>\nint main() {{ {body} }}"
    assert runner.script(made(runner, source), b"", QUICK).ending is ending


@pytest.mark.parametrize(
    "body",
    [
        "std::vector<long long> v(1 << 28); std::cout << v.size();",
        "std::string s; for (;;) s += std::string(1000, 'x');",
        "for (long n = 0;; n++) { volatile char* p = (char*)malloc(1 << 20); *p = 1; }",
        "std::map<int, std::string> m; for (int i = 0;; i++) m[i] = std::string(100, 'x');",
    ],
)
def test_memory_that_runs_out_is_told(runner: Runner, body: str) -> None:
    program = made(runner, f"#include <bits/stdc++.h>\nint main() {{ {body} }}")
    outcome = runner.script(program, b"", Limits())
    assert outcome.ending is Ending.EXITED
    assert outcome.failure is not None
    assert outcome.failure.type == "MemoryError"


def test_answers_that_no_json_can_hold(runner: Runner) -> None:
    floats, texts = signature_of("float"), signature_of("str")
    infinite = called(runner, "double same(double x) { return 1 / x; }", [0.0], [2.0], signature=floats)
    assert infinite.answers[0].unfit
    assert infinite.answers[1].value == 0.5
    broken = called(runner, 'std::string same(std::string x) { return "\\xff"; }', ["x"], signature=texts)
    assert broken.answers[0].unfit
    long = called(
        runner, "std::string same(std::string x) { return std::string(2000000, 'x'); }", ["x"], signature=texts
    )
    assert long.answers[0].too_long


fresh = count()


def test_a_source_is_compiled_once(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(runner, cpp.CppRunner)
    source = f"{RIGHT} // {next(fresh)}"
    first = made(runner, source, ADD)
    monkeypatch.setattr(runner._workshop, "build", None)
    assert made(runner, source, ADD).program is first.program


BOMBS = {
    "macros": "#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(x)))\nint main() { B(B(B(1;))) }",
    "itself": "#include __FILE__\nint main() { }",
    "zero": '#include "/dev/zero"\nint main() { }',
    "random": '#include "/dev/urandom"\nint main() { }',
    "templates": "template <class T> struct Twice : Twice<Twice<T>> { };\nint main() { Twice<int> t; }",
    "array": "int a[1 << 28] = {1};\nint main() { return a[1]; }",
    "constexpr": "constexpr int f() { for (;;); return 1; }\nconstexpr int x = f();\nint main() { }",
    "incbin": 'asm(".incbin \\"/etc/passwd\\"");\nint main() { }',
    "parentheses": f"int main() {{ return {'(' * 50_000}1{')' * 50_000}; }}",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_as_a_compile_error(any_level: Runner, name: str) -> None:
    source = f"{BOMBS[name]} // {any_level.level}"  # or the refusal would be that of the level before
    assert refused(any_level, source).kind == "syntax"
    assert any_level.script(made(any_level, "int main() { }"), b"", QUICK).exit_code == 0
