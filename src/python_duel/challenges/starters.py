"""In which languages a challenge can be solved, and the code that a player's document starts with in each."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import JsonValue

from python_duel.challenges.files import BadChallenge, read
from python_duel.challenges.package import Package
from python_duel.languages import LANGUAGES, Language
from python_duel.languages.words import RESERVED

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def starters(folder: Path, package: Package) -> dict[str, str]:
    """By language: the challenge's own `starter/<language><suffix>`, else what is made from the signature.

    Languages whose integers cannot hold those of the cases are left out. Raises BadChallenge for a name that one of the
    languages cannot take, and for a file in `starter/` that belongs to none of them.
    """
    offered = [language for language in LANGUAGES.values() if can_solve(language, package)]
    _refuse_names(folder, package, offered)
    names = {language.name: f"{language.name}{language.suffix}" for language in offered}
    for path in sorted((folder / "starter").glob("*.*")):
        if path.name not in names.values():
            raise BadChallenge(f"{path}: no starter that is used; this challenge takes {', '.join(names.values())}.")
    return {language.name: _starter(folder, package, language) for language in offered}


def can_solve(language: Language, package: Package) -> bool:
    """Whether its integers hold all of the arguments and answers. What a program reads and prints is text."""
    if package.signature is None or not language.largest_int:
        return True
    return all(
        abs(number) <= language.largest_int
        for case in package.cases
        for number in _integers([case.args, case.expected])
    )


def _integers(value: JsonValue) -> Iterator[int]:
    if isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _integers(item)
    elif isinstance(value, int):
        yield value


def _refuse_names(folder: Path, package: Package, offered: list[Language]) -> None:
    if package.signature is None:
        return
    for name in (package.signature.name, *(parameter.name for parameter in package.signature.parameters)):
        where = f"{folder / 'challenge.toml'}: [function]: {name!r}"
        if not NAME.fullmatch(name):
            raise BadChallenge(f"{where} is no name in every language: use letters, digits and _, a letter first.")
        titles = [language.title for language in offered if name in RESERVED[language.name]]
        if titles:
            raise BadChallenge(f"{where} has a meaning of its own in {' and '.join(titles)}: choose another name.")


def _starter(folder: Path, package: Package, language: Language) -> str:
    own = f"starter/{language.name}{language.suffix}"
    return read(folder, own) if (folder / own).exists() else language.starter(package.signature)
