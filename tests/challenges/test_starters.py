"""In which languages a challenge is offered, and how a document starts in each."""

from pathlib import Path
from typing import Any

import pytest

from python_duel.challenges.files import BadChallenge
from python_duel.challenges.loader import load
from python_duel.challenges.package import Package
from python_duel.languages import LANGUAGES
from python_duel.languages.words import RESERVED
from tests.challenges.conftest import TOML, case, write_tests

LIMITED = [language for language in LANGUAGES.values() if language.largest_int]
ASIDE = [language for language in LANGUAGES.values() if language.name != "python"]


def test_every_language_has_a_starter(folder: Path) -> None:
    write_tests(folder, [case(1)], [case(2)])
    starter = load(folder).starter
    assert list(starter) == list(LANGUAGES)
    assert all("twice" in code for code in starter.values())


def nested(number: int) -> list[dict[str, Any]]:
    """Cases that hold a number in an argument, in an answer, and deep inside."""
    return [
        {"name": "argument", "args": [number], "expected": 0},
        {"name": "answer", "args": [0], "expected": -number},
        {"name": "deep", "args": [{"a": [[number]]}], "expected": 0},
    ]


@pytest.mark.parametrize("language", LIMITED, ids=lambda it: it.name)
@pytest.mark.parametrize("place", range(3), ids=["argument", "answer", "deep"])
def test_a_language_whose_integers_are_too_small_is_not_offered(folder: Path, language: Any, place: int) -> None:
    largest = language.largest_int
    write_tests(folder, [nested(largest)[place]], [])
    assert language.name in load(folder).starter
    write_tests(folder, [], [nested(largest + 1)[place]])
    assert language.name not in load(folder).starter


def test_numbers_that_a_program_reads_do_not_matter(folder: Path) -> None:
    (folder / "challenge.toml").write_text('title = "x"\ndifficulty = 1\nkind = "stdio"\n')
    write_tests(folder, [{"name": "x", "stdin": f"{10**30}\n", "expected": f"{10**30}\n"}], [])
    assert list(load(folder).starter) == list(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda it: it.name)
def test_own_starter_code_wins(folder: Path, language: Any) -> None:
    write_tests(folder, [case(1)], [case(2)])
    (folder / "starter").mkdir()
    (folder / "starter" / f"{language.name}{language.suffix}").write_text("twice, own\n")
    assert load(folder).starter[language.name] == "twice, own\n"


def test_a_starter_of_no_language_is_refused(folder: Path) -> None:
    (folder / "starter").mkdir()
    (folder / "starter" / "python.rb").write_text("def twice(number) end\n")
    with pytest.raises(BadChallenge, match=r"python\.rb: no starter that is used; this challenge takes python\.py"):
        load(folder)


@pytest.mark.parametrize("language", ASIDE, ids=lambda it: it.name)
@pytest.mark.parametrize("old", ['name = "twice"', 'name = "number"'])
def test_a_keyword_of_another_language_is_no_name(folder: Path, language: Any, old: str) -> None:
    write_tests(folder, [case(1)], [case(2)])
    word = min(RESERVED[language.name] - RESERVED["python"])
    (folder / "challenge.toml").write_text(TOML.replace(old, f'name = "{word}"'))
    with pytest.raises(BadChallenge) as caught:
        load(folder)
    assert f"{word!r} has a meaning of its own in " in caught.value.message
    assert language.title in caught.value.message


def test_every_language_says_its_keywords() -> None:
    assert RESERVED.keys() >= LANGUAGES.keys()


def test_a_view_has_what_is_offered_and_available(folder: Path) -> None:
    package = load(folder)
    more = Package.model_validate({**package.model_dump(), "starter": {"python": "p", "cpp": "c", "java": "j"}})
    assert more.view(1000, {"java", "python", "javascript"}).starter == {"python": "p", "java": "j"}
    assert more.offered({"cpp"}) == ["cpp"]
