"""What may be said when, and how far ahead cases are handed over."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_duel.sandbox import limits
from python_duel.sandbox.dialogue import Dialogue
from python_duel.sandbox.messages import Reply
from python_duel.sandbox.wire import BadFrame, Frames, frame

READY = frame(b'{"ready": true}')
ANSWER = frame(b'{"answer": "1"}')
FATAL = frame(b'{"fatal": {"type": "ValueError", "line": 1, "text": ""}}')
EXIT = frame(b'{"exit": 0}')


def _handed(data: bytes) -> list[str]:
    return [one.decode() for one in Frames().feed(data)]


@given(st.integers(0, 60), st.integers(1, limits.WINDOW_CASES), st.lists(st.integers(1, 4)))
def test_every_case_is_handed_over_once_in_order_and_never_too_far_ahead(
    count: int, window: int, batches: list[int]
) -> None:
    dialogue = Dialogue([f"[{n}]" for n in range(count)], window)
    handed, answered = _handed(dialogue.more()), 0
    dialogue.hear(READY)
    for wanted in [*batches, *[1] * count]:
        size = min(wanted, len(handed) - answered)
        replies = dialogue.hear(ANSWER * size)
        assert all(isinstance(one, Reply) for one in replies)
        answered += size
        handed += _handed(dialogue.more())
        assert len(handed) - answered <= window
    assert handed == [f"[{n}]" for n in range(count)]
    assert dialogue.all_answered


def test_the_window_opens_with_the_first_answer() -> None:
    dialogue = Dialogue(["[]"] * 50, 8)
    assert len(_handed(dialogue.more())) == 1
    dialogue.hear(READY + ANSWER)
    assert len(_handed(dialogue.more())) == 8


def test_long_cases_are_handed_over_one_by_one() -> None:
    long = json.dumps(["x" * limits.WINDOW_BYTES])
    dialogue = Dialogue([long] * 5, 8)
    assert _handed(dialogue.more()) == [long]
    dialogue.hear(READY)
    for _ in range(4):
        dialogue.hear(ANSWER)
        assert _handed(dialogue.more()) == [long]


def test_a_script_gets_the_sign_to_begin() -> None:
    assert Dialogue(None, 8).more() == frame(b"")


@pytest.mark.parametrize(
    "data",
    [
        ANSWER,
        READY + READY,
        READY + ANSWER * 2,
        READY + FATAL + ANSWER,
        READY + FATAL + FATAL,
        READY + EXIT + ANSWER,
        READY + frame(b'{"refused": {"kind": "syntax", "message": ""}}'),
        frame(b"{}"),
        frame(b'{"exit": 0}'),
        READY + frame(b'{"exit": 256}'),
        READY + frame(b'{"exit": true}'),
        READY + frame(b'{"exit": -9}'),
    ],
)
def test_what_is_out_of_turn_is_refused(data: bytes) -> None:
    dialogue = Dialogue(["[]"] * 5, 8)
    dialogue.more()
    with pytest.raises(BadFrame):
        dialogue.hear(data)


def test_a_script_answers_nothing() -> None:
    dialogue = Dialogue(None, 8)
    dialogue.more()
    dialogue.hear(READY)
    with pytest.raises(BadFrame):
        dialogue.hear(ANSWER)


@given(st.integers(0, 10), st.integers(0, 20))
def test_no_case_is_in_reach_of_one_that_is_shown(shown: int, hidden: int) -> None:
    dialogue = Dialogue(["[]"] * (shown + hidden), 8, shown)
    handed = len(_handed(dialogue.more()))
    dialogue.hear(READY)
    for answered in range(shown + hidden):
        assert answered < handed <= (shown if answered < shown else shown + hidden)
        dialogue.hear(ANSWER)
        handed += len(_handed(dialogue.more()))
    assert dialogue.all_answered
