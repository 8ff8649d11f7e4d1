"""The languages a solution may be written in: a module each, and a line in `LANGUAGES`."""

from pathlib import PurePath

from python_duel.languages.base import Language, Prepared, Runner, named
from python_duel.languages.cpp import Cpp
from python_duel.languages.java import Java
from python_duel.languages.javascript import JavaScript
from python_duel.languages.python import Python
from python_duel.sandbox import LEVELS, Level

__all__ = ["LANGUAGES", "Language", "Prepared", "Runner", "available", "named", "of_file"]

LANGUAGES: dict[str, Language] = {language.name: language for language in (Python(), Cpp(), Java(), JavaScript())}


def available(level: Level) -> list[Language]:
    """What may be offered at this isolation level on this machine."""
    return [language for language in LANGUAGES.values() if fits(language, level) and language.toolchain().ok]


def fits(language: Language, level: Level) -> bool:
    """Whether `level` is strong enough for the language."""
    return LEVELS.index(level) <= LEVELS.index(language.least_level)


def of_file(path: PurePath | str) -> Language | None:
    """The language that a file's suffix means."""
    suffix = PurePath(path).suffix
    return next((language for language in LANGUAGES.values() if language.suffix == suffix), None)
