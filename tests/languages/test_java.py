"""Java: both kinds of program at every level that can shut it in, and the compiler that its runners share."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from python_duel.languages import java, javac, jdk
from python_duel.languages.base import Runner
from python_duel.languages.java import Java, JavaRunner
from python_duel.languages.words import RESERVED
from python_duel.protocol.server import Parameter, Signature
from python_duel.sandbox import Ending, Level, Limits, Outcome, SlotLost
from tests.challenges.strategies import signatures
from tests.support.languages import ADD, QUICK, called, exact, made, one_argument, opened, ran, refused, typed_cases

pytestmark = pytest.mark.skipif(not Java().toolchain().ok, reason="there is no JDK here")
RIGHT = "class Solution { static long add(long a, long b) { return a + b; } }"

MAIN_OF_Z = "public class Z { public static void main(String[] a) { System.out.print(1); } }"
UNSAFE = (
    'var field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe"); field.setAccessible(true);'
    "var unsafe = (sun.misc.Unsafe) field.get(null);"
)


@pytest.fixture(scope="module")
def runners() -> Iterator[Callable[[Level], Runner]]:
    """A runner by level, opened at its first use."""
    with ExitStack() as stack:
        yield cache(lambda level: stack.enter_context(opened("java", level)))


@pytest.fixture(params=["full", "no-userns"])
def any_level(request: pytest.FixtureRequest, runners: Callable[[Level], Runner]) -> Runner:
    return runners(request.param)


@pytest.fixture
def runner(runners: Callable[[Level], Runner]) -> Runner:
    return runners("full")


def main(body: str, members: str = "") -> str:
    """A program; its `body` begins in line 4."""
    return f"""import java.util.*;
public class Main {{
    public static void main(String[] args) throws Exception {{
        {body}
    }}
    {members}
}}"""


def solution(body: str, members: str = "") -> str:
    return f"import java.util.*;\nclass Solution {{ {members} static long add(long a, long b) {{\n{body} }} }}"


def test_a_function(any_level: Runner) -> None:
    outcome = called(any_level, RIGHT, [1, 2], [-5, 2**62], [2**63 - 1, -(2**63) + 1])
    assert outcome.ending is Ending.ANSWERED
    assert [answer.value for answer in outcome.answers] == [3, 2**62 - 5, 0]


def test_a_program(any_level: Runner) -> None:
    source = main(
        'Scanner in = new Scanner(System.in); System.out.println(in.next() + in.nextInt()); System.err.print("ö");'
    )
    outcome = ran(any_level, source, "é 20\n".encode())
    assert (outcome.stdout.decode(), outcome.stderr.decode(), outcome.exit_code) == ("é20\n", "ö", 0)


@given(data=typed_cases(Java.largest_int))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_go_in_and_out(runner: Runner, data: tuple[str, list[Any]]) -> None:
    signature = one_argument(data[0])
    source = f"import java.util.*;\nclass Solution {{ {java.declaration(signature)} {{ return value; }} }}"
    outcome = called(runner, source, *[[value] for value in data[1]], signature=signature)
    assert outcome.ending is Ending.ANSWERED, outcome
    assert [exact(answer.value) for answer in outcome.answers] == [exact(value) for value in data[1]]


@given(signature=signatures().filter(lambda s: not {s.name, *(p.name for p in s.parameters)} & RESERVED["java"]))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_starter_is_a_program(runner: Runner, signature: Signature) -> None:
    made(runner, Java().starter(signature), signature)


def test_the_starter_of_a_program_runs(runner: Runner) -> None:
    assert ran(runner, Java().starter(None)).exit_code == 0


def test_a_method_of_an_object(runner: Runner) -> None:
    source = "class Solution { long sum; long add(long a, long b) { sum += a + b; return sum; } }"
    assert [answer.value for answer in called(runner, source, [1, 2], [3, 4]).answers] == [3, 7]


def test_a_function_prints(runner: Runner) -> None:
    outcome = called(runner, solution('System.out.println("a=" + a); return a;'), [1, 0], [2, 0])
    assert [answer.value for answer in outcome.answers] == [1, 2]
    shown = outcome.stdout.decode() + "".join(answer.stdout for answer in outcome.answers)
    assert shown == "a=1\na=2\n"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("return a / 0;", "ArithmeticException"),
        ("throw new IllegalStateException(null, null);", "IllegalStateException"),
        ("Object o = a; return ((String) o).length();", "ClassCastException"),
        ("return add(a, b) + 1;", "StackOverflowError"),
    ],
)
def test_an_exception_ends_its_case_only(runner: Runner, body: str, kind: str) -> None:
    outcome = called(runner, solution(body), [5, 2], [5, 3])
    assert outcome.ending is Ending.ANSWERED
    for answer in outcome.answers:
        assert answer.error is not None
        assert kind in answer.error.text
        assert answer.error.line == 3
        assert "duel" not in answer.error.text


def test_an_uncaught_exception_of_a_program(any_level: Runner) -> None:
    outcome = ran(any_level, main('System.out.print("before"); int[] a = {}; a[5]++;'))
    assert (outcome.ending, outcome.exit_code, outcome.stdout) == (Ending.EXITED, 1, b"before")
    assert outcome.failure is not None
    assert outcome.failure.line == 4
    assert outcome.failure.text.startswith("java.lang.ArrayIndexOutOfBoundsException: Index 5 out of bounds")
    assert outcome.failure.text.endswith("    at Main.main (line 4)\n")


def test_what_is_wrong_before_the_first_case(runner: Runner) -> None:
    outcome = called(runner, solution("return a;", "static int[] table = new int[-1];"), [1, 2])
    assert outcome.failure is not None
    assert "NegativeArraySizeException" in outcome.failure.text
    assert not outcome.answers


@pytest.mark.parametrize("code", [0, 3, 255])
def test_an_exit_code_is_kept(runner: Runner, code: int) -> None:
    outcome = ran(runner, main(f"System.out.print(1); System.exit({code});"))
    assert (outcome.exit_code, outcome.stdout) == (code, b"1")


def test_an_exit_is_no_answer(runner: Runner) -> None:
    outcome = called(runner, solution("System.exit(0); return 3;"), [1, 2])
    assert (outcome.ending, outcome.exit_code, outcome.answers) == (Ending.EXITED, 0, [])


def test_an_endless_loop(any_level: Runner) -> None:
    assert ran(any_level, main("while (true);")).ending is Ending.CPU
    assert called(any_level, solution("while (a < 9) b++; return b;"), [9, 0], [1, 0]).ending is Ending.CPU


def test_a_program_that_waits(runner: Runner) -> None:
    assert ran(runner, main("Thread.sleep(60000);"), limits=Limits(cpu_ms=50)).ending is Ending.WALL


@pytest.mark.parametrize(
    "body",
    [
        "long[][] all = new long[9999][]; for (int i = 0; ; i++) all[i] = new long[1 << 17];",
        "StringBuilder all = new StringBuilder(); while (true) all.append(all).append('x');",
        "List<Object> all = new ArrayList<>(); while (true) all.add(java.nio.ByteBuffer.allocateDirect(1 << 20));",
        UNSAFE + "while (true) unsafe.setMemory(unsafe.allocateMemory(1 << 20), 1 << 20, (byte) 1);",
        "for (int i = 0; i < 5000; i++) new Thread(() -> { while (true) Thread.yield(); }).start();",
    ],
    ids=["heap", "string", "buffers", "unsafe", "threads"],
)
def test_too_much_memory(any_level: Runner, body: str) -> None:
    outcome = ran(any_level, main(body), limits=Limits())
    assert outcome.failure is not None, outcome
    assert outcome.failure.type == "MemoryError"
    assert outcome.memory_kb < 500_000


def test_memory_within_the_limit(runner: Runner) -> None:
    assert ran(runner, main("System.out.print(new byte[100 << 20].length);")).stdout == b"104857600"


def test_the_limit_of_memory_is_that_of_the_call(runner: Runner) -> None:
    program = made(runner, main("System.out.print(new byte[200 << 20].length);"))
    assert runner.script(program, b"", QUICK).failure is not None
    assert runner.script(program, b"", Limits(memory_bytes=320 << 20)).stdout == b"209715200"


def test_deep_recursion(runner: Runner) -> None:
    assert called(runner, solution("return a == 0 ? b : 1 + add(a - 1, b);"), [200_000, 1]).answers[0].value == 200_001


def test_threads(runner: Runner) -> None:
    both = "Thread t = new Thread(() -> System.out.print(2)); System.out.print(1); t.start();"
    assert ran(runner, main(both)).stdout == b"12"
    late = "Thread t = new Thread(() -> { while (true); }); t.setDaemon(true); t.start(); System.out.print(1);"
    outcome = ran(runner, main(late))
    assert (outcome.ending, outcome.stdout) == (Ending.EXITED, b"1")
    outcome = called(runner, solution(late + "return a;"), [1, 2])
    assert outcome.ending is Ending.ANSWERED


def test_a_program_that_takes_all_threads_does_not_keep_the_next_one_from_starting(runner: Runner) -> None:
    busy = "new Thread(() -> { while (true); }).start();"
    greedy = main(f"try {{ while (true) {busy} }} catch (OutOfMemoryError e) {{ Thread.sleep(9000); }}")
    for _ in range(3):
        assert ran(runner, greedy, limits=Limits()).ending is Ending.CPU


def test_what_a_hook_prints_at_the_end(runner: Runner) -> None:
    hook = "Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.print(2))); System.out.print(1);"
    assert ran(runner, main(hook)).stdout == b"12"


def test_too_much_output(runner: Runner) -> None:
    assert ran(runner, main('while (true) System.out.println("again".repeat(9999));')).ending is Ending.OUTPUT


def test_a_hundred_thousand_lines(runner: Runner) -> None:
    outcome = ran(runner, main("for (int i = 0; i < 100000; i++) System.out.println(i);"))
    assert outcome.stdout.count(b"\n") == 100_000


@pytest.mark.parametrize(
    ("returns", "body", "sentence"),
    [
        ("str", "return null;", "null where String belongs"),
        ("list[int]", "return null;", "null where an array belongs"),
        ("float", "return 0.0 / 0;", "not finite"),
        ("dict[str, int]", "Map m = new HashMap(); m.put(1, 1); return m;", "a key that is no String"),
        ("dict[str, int]", 'Map m = new HashMap(); m.put("a", 1); return m;', "a Integer where Long belongs"),
    ],
)
def test_an_answer_that_is_none(runner: Runner, returns: str, body: str, sentence: str) -> None:
    signature = Signature(name="give", parameters=[], returns=returns)
    source = f"import java.util.*; class Solution {{ {java.declaration(signature)} {{ {body} }} }}"
    [answer] = called(runner, source, [], signature=signature).answers
    assert sentence in (answer.unfit or "")


@pytest.mark.parametrize("value", [r"\uD83D", r"\0"])
def test_a_text_that_cannot_be_told(runner: Runner, value: str) -> None:
    signature = Signature(name="give", parameters=[], returns="str")
    source = f'class Solution {{ static String give() {{ return "{value}"; }} }}'
    assert called(runner, source, [], signature=signature).answers[0].unfit is not None


@pytest.mark.parametrize(
    ("source", "line", "column", "words"),
    [
        ("class Solution {\n\tint f() { return x; }\n}", 2, 19, "cannot find symbol"),
        ("class Solution {\r\n  int f() { return 1 }\r\n}", 2, 21, "';' expected"),
        ('class Solution { String s = "😀" + y; }', 1, 35, "cannot find symbol"),
        ("class Solution {", 1, 17, "reached end of file"),
        ("", None, None, "add"),
        ("package java.lang; class Solution { }", 1, 1, "package exists in another module"),
        ("import duel.Run; class Solution { }", 1, 12, "does not exist"),
        ('class Solution { int a = ""; int b = z; }', 1, 26, "\nline 1: cannot find symbol"),
    ],
)
def test_a_compile_error(runner: Runner, source: str, line: int | None, column: int | None, words: str) -> None:
    outcome = runner.prepare(source, ADD, True)
    found = refused(outcome if isinstance(outcome, Outcome) else runner.call(outcome, ["[1, 2]"], QUICK))
    assert (found.line, found.column) == (line, column), found
    assert words in found.message


def test_many_errors_are_a_short_text(runner: Runner) -> None:
    source = "class A {" + "".join(f"int a{i} = undefined_{'x' * 200}{i};" for i in range(500)) + "}"
    assert len(refused(runner.prepare(source, None, True)).message) <= 2000


@pytest.mark.parametrize(
    "source",
    [
        "class A { int f() { return " + "(" * 20_000 + "1" + ")" * 20_000 + "; } }",
        "class A { int f() { return 1" + " + 1" * 30_000 + "; } }",
        "class A { void f() { " + "if (true) " * 8_000 + "; } }",
        "class A<" + "T extends A<" * 3_000 + "T" + ">" * 3_000 + "> {}",
    ],
    ids=["parentheses", "sum", "ifs", "generics"],
)
def test_a_source_that_is_too_much(runner: Runner, source: str) -> None:
    outcome = runner.prepare(source, None, True)
    if isinstance(outcome, Outcome):
        refused(outcome)
    assert called(runner, RIGHT, [1, 2]).answers[0].value == 3


@pytest.mark.parametrize(
    "source",
    [
        f"public class {'N' * 300} {{ public static void main(String[] a) {{ System.out.print(1); }} }}",
        "package some.where; public class Main { public static void main(String[] a) { System.out.print(1); } }",
        "class Other { public static void main(String[] a) { System.out.print(1); } }",
        "interface A { static void main(String[] a) { System.out.print(1); } }",
        "enum A { X; public static void main(String... a) { System.out.print(1); } }",
        "class A { } record B(int x) { public static void main(String[] a) { System.out.print(new B(1).x); } }",
        "class A { public static void main(String[] a) { } }" + MAIN_OF_Z,
    ],
)
def test_where_main_may_be(runner: Runner, source: str) -> None:
    assert ran(runner, source).stdout == b"1"


def test_no_main(runner: Runner) -> None:
    outcome = ran(runner, "class Main { static void main() { } }")
    assert "public static void main(String[] args)" in refused(outcome).message


@pytest.mark.parametrize(
    "source",
    [
        "class Solution { static int add(int a, int b) { return a + b; } }",
        "class Solution { static long plus(long a, long b) { return a + b; } }",
        "class Solution { Solution(int x) { } long add(long a, long b) { return a + b; } }",
        "abstract class Solution { long add(long a, long b) { return a + b; } }",
    ],
)
def test_another_function_than_asked_for(runner: Runner, source: str) -> None:
    assert "`static long add(long a, long b)`" in refused(called(runner, source, [1, 2])).message


def test_types_of_objects_are_looked_at_too(runner: Runner) -> None:
    signature = Signature(name="f", parameters=[Parameter(name="m", type="dict[str, list[int | None]]")], returns="int")
    good = 'import java.util.*; class S { static long f(Map<String, Long[]> m) { return m.get("a")[0]; } }'
    assert called(runner, good, [{"a": [7, None]}], signature=signature).answers[0].value == 7
    refused(called(runner, good.replace("Long[]", "Integer[]"), [{"a": [7]}], signature=signature))


def test_an_annotation_processor_does_not_run(runner: Runner) -> None:
    source = """import javax.annotation.processing.*; import java.util.*; import javax.lang.model.element.*;
@SupportedAnnotationTypes("*") public class Main extends AbstractProcessor {
    static { if (true) throw new Error("ran in the compiler"); }
    public boolean process(Set<? extends TypeElement> a, RoundEnvironment e) { throw new Error(); }
    public static void main(String[] args) { }
}"""
    assert ran(runner, source).failure is not None  # the static block, in the virtual machine of its own
    made(runner, RIGHT)


def test_the_environment_of_the_host_stays_outside(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH"):
        monkeypatch.setenv(name, "-Xmx1k -bogus")
    with opened("java", "full") as fresh:
        outcome = ran(fresh, main("System.out.print(System.getenv().keySet());"))
    assert outcome.stdout == b"[LD_LIBRARY_PATH]"


def test_the_harness_is_out_of_sight(runner: Runner) -> None:
    outcome = ran(runner, main('Class.forName("duel.Run");'))
    assert outcome.failure is not None
    assert "ClassNotFoundException" in outcome.failure.text


def test_each_program_runs_in_a_process_of_its_own(runner: Runner) -> None:
    program = made(runner, main("System.out.print(++count);", "static int count;"))
    assert [runner.script(program, b"", QUICK).stdout for _ in range(3)] == [b"1"] * 3


def test_a_bidirectional_character_is_refused(runner: Runner) -> None:
    found = refused(runner.prepare(main("// \u202e"), None, True))
    assert (found.kind, found.line) == ("rejected", 4)


# ---- the compiler that runners share ----


@pytest.fixture
def compiler() -> Iterator[javac.Compiler]:
    kit = jdk.find()
    assert kit is not None
    compiler = javac.Compiler(kit, "full")
    yield compiler
    compiler.close()


def test_the_same_source_is_compiled_once(compiler: javac.Compiler) -> None:
    assert compiler.compile(RIGHT) is compiler.compile(RIGHT)
    assert compiler.compile("x") is compiler.compile("x")


def test_a_compiler_is_replaced(compiler: javac.Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javac, "COMPILES", 2)
    sessions = set()
    for number in range(4):
        assert isinstance(compiler.compile(f"class A{number} {{ }}"), bytes)
        sessions.add(id(compiler._session))
        keep = compiler._session  # noqa: F841 - so that no other object gets its address
    assert len(sessions) >= 2


def test_a_compiler_that_dies_costs_a_retry(compiler: javac.Compiler) -> None:
    assert isinstance(compiler.compile("class A { }"), bytes)
    assert compiler._slot is not None
    compiler._slot.kill_zygote()
    assert isinstance(compiler.compile("class B { }"), bytes)


def test_a_source_that_takes_too_long(compiler: javac.Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javac, "CPU_MS", 0)
    found = compiler.compile("class A { }")
    assert not isinstance(found, bytes)
    assert "too large" in found.message
    monkeypatch.undo()
    assert isinstance(compiler.compile("class B { }"), bytes)


def test_many_threads_share_it(compiler: javac.Compiler) -> None:
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda n=number: found.append(compiler.compile(f"class A{n % 4} {{ }}")))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 12
    assert all(isinstance(one, bytes) for one in found)


def test_the_last_runner_closes_the_compiler() -> None:
    language = Java()
    with language.open("full") as first:
        with language.open("full") as second:
            made(second, RIGHT)
            assert isinstance(second, JavaRunner)
            compiler = second._compiler
            assert isinstance(first, JavaRunner)
            assert first._compiler is compiler
        assert compiler._session is not None
    assert compiler._session is None


def test_an_aborted_runner_runs_nothing(runner: Runner) -> None:
    with opened("java", "full") as own:
        program = made(own, main("while (true);"))
        timer = threading.Timer(0.5, own.abort)
        timer.start()
        with pytest.raises(SlotLost):
            own.script(program, b"", Limits(cpu_ms=30_000))
        timer.join()
        with pytest.raises(SlotLost):
            own.script(program, b"", QUICK)


# ---- finding a kit ----


def test_without_a_kit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "found", lambda: None)
    layer = Java().toolchain()
    assert not layer.ok
    assert "install" in layer.mend


@pytest.mark.parametrize(
    ("release", "ok"), [('JAVA_VERSION="21.0.1"', True), ('JAVA_VERSION="11.0.2"', False), ("", False)]
)
def test_a_kit_must_be_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str, ok: bool) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "javac").touch(0o755)
    (tmp_path / "release").write_text(release)
    monkeypatch.setattr(jdk, "reachable", lambda path: True)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    found = jdk.find()
    assert (found is not None and found.home == tmp_path.resolve()) == ok
