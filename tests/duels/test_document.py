"""Texts and change sets: checked by an oracle on lists of UTF-16 units, and against CodeMirror itself."""

import json
import random
import subprocess
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from python_duel.duels.document import MASK, Document, InvalidChanges, TextTooLong, masked, masked_changes
from python_duel.protocol.client import DuelEdit
from tests.support.node import WEB, node

Changes = list[int | list[int | str]]
Edit = tuple[int, int, str]
"""A replacement as an editor makes it: from, to (UTF-16 offsets of the old text), inserted text."""

ROOMY = 1 << 20

# Letters, white space of all kinds, combining marks, emoji with joiners and modifiers, astral letters.
ALPHABET = [*"ab1 \t\n\u2028\u00a0éß中", "e\u0301", "🦆", "👩🏽\u200d🚀", "🇩🇪", "𝕏", "\U0010ffff", "\u200d"]
TEXTS = st.lists(st.sampled_from(ALPHABET), max_size=24).map("".join) | st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00\r"), max_size=24
)


def units(text: str) -> list[int]:
    """A text as UTF-16 code units."""
    raw = text.encode("utf-16-le")
    return [int.from_bytes(raw[at : at + 2], "little") for at in range(0, len(raw), 2)]


def boundaries(text: str) -> list[int]:
    """Offsets that split no surrogate pair."""
    found = [0]
    for character in text:
        found.append(found[-1] + len(units(character)))
    return found


@st.composite
def edits_of(draw: st.DrawFn, text: str) -> list[Edit]:
    """Replacements in order that do not overlap, at whole characters."""
    points = sorted(draw(st.lists(st.sampled_from(boundaries(text)), max_size=6)))
    if len(points) % 2:
        points.append(points[-1])
    return [(points[i], points[i + 1], draw(TEXTS)) for i in range(0, len(points), 2)]


@st.composite
def texts_and_edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(TEXTS)
    return text, draw(edits_of(text))


def change_set(length: int, edits: list[Edit]) -> Changes:
    """What CodeMirror's `ChangeSet.of(edits, length).toJSON()` gives for edits in order."""
    sections: Changes = []
    at = 0
    for start, end, inserted in edits:
        if start > at:
            sections.append(start - at)
        sections.append([end - start, *(inserted.split("\n") if inserted else [])])
        at = end
    if length > at:
        sections.append(length - at)
    return sections


def oracle(text: str, edits: list[Edit]) -> str:
    """The edited text, on a list of units."""
    result = units(text)
    for start, end, inserted in reversed(edits):
        result[start:end] = units(inserted)
    return b"".join(unit.to_bytes(2, "little") for unit in result).decode("utf-16-le")


@given(texts_and_edits())
def test_an_edit_does_what_the_oracle_does(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    after = Document.of(text, seq=4).edited(change_set(len(units(text)), edits), ROOMY)
    assert after.text == oracle(text, edits)
    assert after.seq == 5


@given(TEXTS, st.data())
def test_many_edits_in_a_row_keep_to_the_oracle(text: str, data: st.DataObject) -> None:
    document, expected = Document.of(text), text
    for _ in range(data.draw(st.integers(1, 6))):
        edits = data.draw(edits_of(expected))
        document = document.edited(change_set(len(units(expected)), edits), ROOMY)
        expected = oracle(expected, edits)
        assert document.text == expected


@given(texts_and_edits(), st.integers(-3, 3))
def test_a_change_set_of_another_length_is_refused(case: tuple[str, list[Edit]], off: int) -> None:
    text, edits = case
    length = len(units(text))
    last = max((end for _, end, _ in edits), default=0)
    assume(off and length + off >= last)
    with pytest.raises(InvalidChanges):
        Document.of(text).edited(change_set(length + off, edits), ROOMY)


def test_the_length_that_is_wrong_is_named() -> None:
    with pytest.raises(InvalidChanges, match="covers 4 code units, the text has 3"):
        Document.of("🦆.").edited([4], ROOMY)


@pytest.mark.parametrize(
    "changes",
    [
        [1, 1],
        [[1], 1],
        [1, [1, "x"]],
        [1, [0, "x"], 1],
        [[1, "\U0001f9a5"], 1],
    ],
)
def test_half_of_a_surrogate_pair_cannot_be_touched(changes: Changes) -> None:
    with pytest.raises(InvalidChanges, match="surrogate"):
        Document.of("🦆").edited(changes, ROOMY)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("\ud83e", "surrogate"),
        ("\udd86x", "surrogate"),
        ("\udd86\ud83e", "surrogate"),
        ("a\x00b", "NUL"),
        ("a\nb", "line break"),
        ("a\rb", "line break"),
        ("a\r\nb", "line break"),
    ],
)
def test_a_line_that_is_no_line_is_refused(line: str, reason: str) -> None:
    with pytest.raises(InvalidChanges, match=reason):
        Document.of("").edited([[0, line]], ROOMY)


def test_halves_in_two_lines_do_not_make_a_pair() -> None:
    with pytest.raises(InvalidChanges):
        Document.of("").edited([[0, "\ud83e", "\udd86"]], ROOMY)


SHAPES: list[Any] = [
    [["a", "b"]],
    [[0, 1]],
    [[0, "a", 1]],
    [[-1, "a"]],
    [-1],
    [[]],
    [1.0],
    ["a"],
    [None],
    [True],
    [[True]],
    [[0, None]],
    [[0, ["a"]]],
    [{}],
    {},
    "3",
    None,
]


@pytest.mark.parametrize("changes", SHAPES, ids=repr)
def test_what_is_no_change_set_never_becomes_text(changes: Any) -> None:
    """The wire's model and the document together: what the one lets through, the other refuses."""

    def take() -> None:
        edit = DuelEdit.model_validate({"duel_id": "d", "seq": 1, "changes": changes})
        Document.of("abc").edited(edit.changes, ROOMY)

    with pytest.raises((ValidationError, InvalidChanges)):
        take()


@pytest.mark.parametrize("character", ["a", "é", "中", "🦆"])
def test_the_limit_counts_utf8_bytes(character: str) -> None:
    limit = 1_200
    fits = limit // len(character.encode())
    assert Document.of("").edited([[0, character * fits]], limit).text == character * fits
    with pytest.raises(TextTooLong, match="1200 bytes"):
        Document.of("").edited([[0, character * fits + "a"]], limit)


def test_a_text_that_is_too_long_already_may_shrink() -> None:
    long = Document.of("x" * 50)
    assert long.edited([[45], 5], 10).text == "xxxxx"


# ---- what a veil shows


@given(texts_and_edits())
def test_masking_and_editing_commute(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    changes = change_set(len(units(text)), edits)
    after = Document.of(text).edited(changes, ROOMY)
    veiled = Document.of(masked(text)).edited(masked_changes(changes), ROOMY)
    assert veiled.text == masked(after.text)


@given(TEXTS)
def test_a_veil_shows_white_space_and_dots_only(text: str) -> None:
    veiled = masked(text)
    assert len(units(veiled)) == len(units(text))
    assert all(character == MASK or character.isspace() for character in veiled)


@given(texts_and_edits())
def test_veiled_changes_hold_no_letter(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    for section in masked_changes(change_set(len(units(text)), edits)):
        lines = section[1:] if isinstance(section, list) else []
        assert all(character == MASK or character.isspace() for line in lines for character in str(line))


# ---- CodeMirror's own opinion

CODEMIRROR = """
import { ChangeSet, Text } from "@codemirror/state";
import { readFileSync } from "node:fs";
const cases = JSON.parse(readFileSync(0, "utf8"));
const lines = (text) => Text.of(text.split("\\n"));
const answers = cases.map(({ text, edits }) => {
  const document = lines(text);
  const specs = edits.map(([from, to, insert]) => ({ from, to, insert: lines(insert) }));
  const changes = ChangeSet.of(specs, document.length);
  return { changes: changes.toJSON(), after: changes.apply(document).toString() };
});
console.log(JSON.stringify(answers));
"""


def random_case(chance: random.Random) -> dict[str, Any]:
    """A text and edits of it, from a seed."""
    text = "".join(chance.choices(ALPHABET, k=chance.randrange(40)))
    points = sorted(chance.choices(boundaries(text), k=2 * chance.randrange(4)))
    inserts = ["".join(chance.choices(ALPHABET, k=chance.randrange(8))) for _ in points[::2]]
    return {"text": text, "edits": list(zip(points[::2], points[1::2], inserts, strict=True))}


def test_codemirror_makes_the_same_texts() -> None:
    binary = node("@codemirror/state")
    chance = random.Random(20_260)
    cases = [random_case(chance) for _ in range(400)]
    command = [binary, "--input-type=module", "--eval", CODEMIRROR]
    run = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, cwd=WEB, check=False)
    assert run.returncode == 0, run.stderr
    for case, answer in zip(cases, json.loads(run.stdout), strict=True):
        changes = DuelEdit.model_validate({"duel_id": "d", "seq": 1, "changes": answer["changes"]}).changes
        assert Document.of(case["text"]).edited(changes, ROOMY).text == answer["after"]
        assert answer["after"] == oracle(case["text"], case["edits"])
