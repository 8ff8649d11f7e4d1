"""Frames and strict JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_duel.sandbox import limits
from python_duel.sandbox.messages import parsed
from python_duel.sandbox.wire import BadFrame, Frames, frame, loads

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(VALUES)
def test_json_values_come_back(value: object) -> None:
    assert loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 101 + "]" * 101,
        "1" * 4301,
        '{"a": 1, "a": 2}',
        '"\\ud800"',
        '{"\\ud800": 1}',
        '"\\u0000"',
        "NaN",
        "Infinity",
        "1e999",
        "-1e999",
        "",
        "{",
        "\xff",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadFrame):
        loads(text.encode("latin-1"))


def test_the_limits_themselves_are_allowed() -> None:
    assert loads(b"[" * 99 + b"]" * 99)
    assert loads(b"9" * limits.JSON_DIGITS)


@given(st.lists(st.binary(max_size=50)), st.integers(1, 7))
def test_frames_come_out_as_they_went_in_however_they_are_cut(parts: list[bytes], step: int) -> None:
    stream = b"".join(map(frame, parts))
    frames = Frames()
    found = [one for i in range(0, len(stream), step) for one in frames.feed(stream[i : i + step])]
    assert found == parts


def test_a_frame_that_says_it_is_too_long_is_refused_before_it_comes() -> None:
    with pytest.raises(BadFrame):
        list(Frames(frame_bytes=10).feed(b"\0\0\0\x0b"))


def test_too_much_in_all_is_refused() -> None:
    frames = Frames(total_bytes=20)
    list(frames.feed(frame(b"12345")))
    with pytest.raises(BadFrame):
        list(frames.feed(frame(b"123456789012")))


@given(st.one_of(st.binary(), VALUES.map(lambda value: json.dumps(value).encode())))
def test_no_frame_makes_the_parser_fail_otherwise(data: bytes) -> None:
    try:
        parsed(data)
    except BadFrame:
        return


@given(
    st.sampled_from(["ready", "refused", "fatal", "error", "unfit", "too_long", "answer", "stdout", "stderr"]), VALUES
)
def test_no_field_makes_the_parser_fail_otherwise(name: str, value: object) -> None:
    test_no_frame_makes_the_parser_fail_otherwise.hypothesis.inner_test(json.dumps({name: value}).encode())  # type: ignore[attr-defined]


def test_a_type_of_the_programs_own_naming_is_not_believed() -> None:
    message = parsed(b'{"error": {"type": "the input was 42", "line": 3, "text": ""}}')
    assert "42" not in repr(message)
