"""Random input for what must never fail: the parent's parser of frames, and the gate."""

import ast
import contextlib
import json
import warnings

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from python_duel.judge import gate
from python_duel.judge.gate import names
from python_duel.sandbox import limits
from python_duel.sandbox.messages import parsed
from python_duel.sandbox.outcome import Answer, Refusal
from python_duel.sandbox.wire import BadFrame, Frames, frame
from tests.escape.payloads import payloads, programs

KEYS = "ready refused answer error fatal unfit too_long memory stdout stderr kind message line column type text".split()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(KEYS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner),
    max_leaves=12,
)
MESSAGES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)
HOSTILE = [
    '{"answer":"' + "[" * 100_000 + '"}',
    '{"answer":1,"answer":2}',
    "[" * 100_000,
    "9" * 5000,
    '"\\ud800"',
    "{",
    "",
]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_bad_frame(data: bytes) -> None:
    with contextlib.suppress(BadFrame):
        parsed(data)


@given(MESSAGES.map(json.dumps) | st.sampled_from(HOSTILE))
@example('{"answer": "1e999"}')
@example('{"refused": {"message": "x", "line": true}}')
def test_any_json_is_a_bounded_message_or_a_bad_frame(text: str) -> None:
    with contextlib.suppress(BadFrame):
        message = parsed(text.encode("utf-8", "surrogatepass"))
        if isinstance(message, Refusal):
            assert len(message.message) <= limits.TEXT_CHARS
            assert message.line is None or type(message.line) is int
        if isinstance(message, Answer) and message.error is not None:
            assert len(message.error.type) <= limits.TEXT_CHARS


class AnyChunks(RuleBasedStateMachine):
    """Frames come in pieces of any size; garbage may come at any time. What was whole comes out, once and in order."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = Frames(frame_bytes=64, total_bytes=4096)
        self.sent: list[bytes] = []
        self.got: list[bytes] = []
        self.pending = b""
        self.broken = False

    @rule(data=st.binary(max_size=64))
    def send(self, data: bytes) -> None:
        if not self.broken:
            self.sent.append(data)
            self.pending += frame(data)

    @rule(size=st.integers(0, 100))
    def arrive(self, size: int) -> None:
        part, self.pending = self.pending[:size], self.pending[size:]
        self._feed(part)

    @rule(garbage=st.binary(min_size=1, max_size=300))
    def disturb(self, garbage: bytes) -> None:
        self.broken = True
        self._feed(garbage)

    def _feed(self, data: bytes) -> None:
        try:
            found = list(self.frames.feed(data))
        except BadFrame:
            assert self.broken or sum(len(one) + 4 for one in self.sent) > 4096
            self.broken = True
        else:
            self.got += found if not self.broken else []

    @invariant()
    def nothing_is_invented(self) -> None:
        assert self.got == self.sent[: len(self.got)]


TestAnyChunks = AnyChunks.TestCase

ODD = ["__class__", "__init__", "__getattr__", "self", "sys", "os", "math", "x", "ᵉval", "__debug__", "_", "print"]
NAMES = st.sampled_from(
    [*names.HARD_BUILTINS, *names.SOFT_BUILTINS, *sorted(names.EVERYDAY | names.INTROSPECTION), *ODD]
)
EXPRESSIONS = st.recursive(
    NAMES | st.sampled_from(["1", "'{0.__class__}'", "f'{x!r:>{y}}'", "...", "0j", "b''", "'\\ud800'", '"""\n"""']),
    lambda e: st.one_of(
        st.builds("{}.{}".format, e, NAMES),
        st.builds("{}({}, *{}, **{})".format, e, e, e, e),
        st.builds("{}({}={})".format, e, NAMES, e),
        st.builds("({} := {})".format, NAMES, e),
        st.builds("(lambda {}={}: {})".format, NAMES, e, e),
        st.builds("[{} for {} in {} if {}]".format, e, NAMES, e, e),
        st.builds("{{**{}, {}: {}}}".format, e, e, e),
        st.builds("{}[{}:{}]".format, e, e, e),
        st.builds("f'{{{}}}'".format, NAMES),
        st.builds("({} if {} else not {})".format, e, e, e),
        st.builds("(yield {})".format, e),
        st.builds("(await {})".format, e),
    ),
    max_leaves=8,
)
SIMPLE = st.one_of(
    EXPRESSIONS,
    st.builds("{} = {}".format, NAMES, EXPRESSIONS),
    st.builds("{}: {} = {}".format, NAMES, EXPRESSIONS, EXPRESSIONS),
    st.builds("import {} as {}".format, NAMES, NAMES),
    st.builds("from {} import {}".format, NAMES, NAMES | st.just("*")),
    st.builds("from . import {}".format, NAMES),
    st.builds("global {}".format, NAMES),
    st.builds("del {}".format, NAMES),
    st.builds("raise {} from {}".format, EXPRESSIONS, EXPRESSIONS),
)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))


STATEMENTS = st.recursive(
    SIMPLE,
    lambda s: st.one_of(
        st.builds("{}\n{}".format, s, s),
        st.builds("def {}({}, *{}, **{}):\n{}".format, NAMES, NAMES, NAMES, NAMES, s.map(_indented)),
        st.builds("async def {}():\n{}".format, NAMES, s.map(_indented)),
        st.builds("@{}\nclass {}({}, metaclass={}):\n{}".format, NAMES, NAMES, NAMES, NAMES, s.map(_indented)),
        st.builds("try:\n{}\nexcept {} as {}:\n{}".format, s.map(_indented), NAMES, NAMES, s.map(_indented)),
        st.builds("try:\n{}\nexcept* {}:\n{}".format, s.map(_indented), NAMES, s.map(_indented)),
        st.builds(
            "match {}:\n  case {}({}={}):\n{}".format, NAMES, NAMES, NAMES, NAMES, s.map(_indented).map(_indented)
        ),
        st.builds("match {}:\n  case {{**{}}}:\n{}".format, NAMES, NAMES, s.map(_indented).map(_indented)),
        st.builds("with {} as {}:\n{}".format, EXPRESSIONS, NAMES, s.map(_indented)),
        st.builds("for {} in {}:\n{}".format, NAMES, EXPRESSIONS, s.map(_indented)),
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(STATEMENTS)
def test_the_gate_has_an_opinion_on_any_program(source: str) -> None:
    _assert_has_an_opinion(source)


@given(st.text(max_size=200))
@example("\x0c# coding: latin-1\n\ufeff")
@example("x = 'a\\\n")
def test_the_gate_has_an_opinion_on_any_text(source: str) -> None:
    _assert_has_an_opinion(source)


@settings(max_examples=300)
@given(
    st.sampled_from([p.source for p in payloads() if len(p.source) < 2000] + [p.source for p in programs()]),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 5), st.text(max_size=3)), max_size=4),
)
def test_the_gate_has_an_opinion_on_a_program_with_mistakes(source: str, edits: list[tuple[int, int, str]]) -> None:
    for begin, length, text in edits:
        source = source[:begin] + text + source[begin + length :]
    _assert_has_an_opinion(source)


def _assert_has_an_opinion(source: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = gate.check(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            _assert_is_no_python(source)
            return
    if found is not None:
        line, column, message = found
        assert 1 <= line <= source.count("\n") + 1
        assert 1 <= column <= len(source.split("\n")[line - 1]) + 1
        assert message.strip()


def _assert_is_no_python(source: str) -> None:
    """The gate gives up only where the parser does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
    raise AssertionError("the gate failed where the parser did not")
