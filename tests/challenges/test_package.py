"""The package: JSON and back, a digest that means the content, and a view without secrets."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from python_duel.challenges.loader import load
from python_duel.challenges.package import Checker, Package, TestCase
from python_duel.languages import LANGUAGES
from python_duel.languages.types import parse_type
from python_duel.protocol.server import Signature
from tests.challenges.strategies import signatures, texts, values


@st.composite
def packages(draw: st.DrawFn) -> Package:
    """Function packages with cases of every type."""
    signature = draw(signatures())
    case = st.builds(
        TestCase,
        name=texts.filter(bool),
        args=st.tuples(*(values(parse_type(p.type)) for p in signature.parameters)).map(list),
        expected=values(parse_type(signature.returns)),
        note=st.none() | texts,
    )
    return package(signature, draw(st.lists(case, max_size=3)), draw(st.lists(case, max_size=3)))


def package(signature: Signature | None, samples: list[TestCase], hidden: list[TestCase]) -> Package:
    """A package with these cases."""
    return Package.model_validate(fields(signature, samples, hidden))


def fields(signature: Signature | None, samples: list[TestCase], hidden: list[TestCase]) -> dict[str, Any]:
    """Its parts."""
    return {
        "slug": "a-challenge",
        "title": "A challenge",
        "difficulty": 2,
        "kind": "function" if signature else "stdio",
        "signature": signature,
        "checker": Checker(kind="exact"),
        "statement": "Do it.",
        "samples": samples,
        "hidden": hidden,
        "starter": {"python": LANGUAGES["python"].starter(signature)},
    }


@given(packages())
def test_a_package_survives_json_with_its_digest(original: Package) -> None:
    returned = Package.model_validate_json(original.model_dump_json())
    assert repr(returned) == repr(original)
    assert returned.digest == original.digest


def test_the_digest_is_that_of_the_content(folder: Path) -> None:
    first, tests = load(folder).digest, folder / "tests.json"
    text = tests.read_text()
    tests.write_text(json.dumps(json.loads(text), indent=4, sort_keys=True))
    assert load(folder).digest == first
    tests.write_text(text.replace('"expected": 14', '"expected": 15'))
    assert load(folder).digest != first


def test_the_digest_of_a_known_package_stays() -> None:
    # Duels name the version they were played with by this: a new format must not rename the old versions by accident.
    known = package(None, [TestCase(name="one", stdin="1\n", expected="1.0\n")], [])
    assert known.digest == "44d9c9cf811178091e9f0e986e4e25ee770c92514d8cd20167ff7a7a62d3db2a"


def test_a_view_has_the_samples_as_people_read_them(folder: Path) -> None:
    view = load(folder).view(code_bytes=1000, available=["python"])
    [sample] = view.samples
    assert (sample.input, sample.expected, sample.note) == ("twice(1)", "2", "1 + 1")
    assert view.limits.model_dump() == {
        "cpu_ms": 2000,
        "memory_mb": 128,
        "output_bytes": 1 << 20,
        "code_bytes": 1000,
    }
    assert view.starter["python"].startswith("def twice(number: int) -> int:\n")


@given(packages(), texts.map(lambda text: f"secret {text}"))
def test_a_view_never_has_a_hidden_case(original: Package, secret: str) -> None:
    arguments = [secret] * len(original.signature.parameters if original.signature else [])
    case = TestCase(name=secret, args=list(arguments), expected=secret, note=secret)
    view = original.model_copy(update={"hidden": [*original.hidden, case]}).view(1000, ["python"])
    assert view == original.view(1000, ["python"])
    assert "hidden" not in view.model_dump()


def test_a_text_is_shown_as_a_call(folder: Path) -> None:
    signature = Signature.model_validate(
        {
            "name": "f",
            "parameters": [{"name": "a", "type": "list[str | None]"}, {"name": "b", "type": "bool"}],
            "returns": "str",
        }
    )
    case = TestCase(name="one", args=[["x", None], True], expected="é")
    shown = package(signature, [case], [])
    assert (shown.input_text(case), shown.expected_text(case)) == ("f(['x', None], True)", '"é"')


INT = {"name": "f", "parameters": [{"name": "a", "type": "int"}], "returns": "int"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"signature": None}, "has a \\[function\\] table"),
        ({"kind": "stdio"}, "has a \\[function\\] table"),
        ({"samples": [{"name": "x", "args": [], "expected": 1}]}, "case 'x': .* 'args' with 1 values"),
        ({"hidden": [{"name": "x", "stdin": "1", "expected": 1}]}, "case 'x': .* 'args' with 1 values"),
        ({"signature": {**INT, "name": "class"}}, "'class' is not a Python name"),
        ({"signature": {**INT, "name": "a"}}, "need different names"),
        ({"signature": {**INT, "returns": "object"}}, "'object' is not a type"),
        ({"difficulty": 6}, "less than or equal to 5"),
        ({"slug": "../etc"}, "should match pattern"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Package.model_validate({**fields(Signature.model_validate(INT), [], []), **changes})


@pytest.mark.parametrize("case", [{"args": [1], "expected": "1"}, {"stdin": "1", "expected": 1}, {"expected": "1"}])
def test_a_stdio_case_is_text(case: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="a stdio case has 'stdin' and 'expected'"):
        package(None, [TestCase(name="x", **case)], [])
