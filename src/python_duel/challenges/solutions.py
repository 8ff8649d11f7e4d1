"""The solutions beside a challenge: `reference.*` must get AC, `wrong_*.*` the verdict that their first line names."""

from dataclasses import dataclass
from pathlib import Path

from python_duel.challenges.files import BadChallenge, read
from python_duel.languages import LANGUAGES, Language, of_file
from python_duel.protocol.verdict import Verdict

REFERENCE = "reference.py"
"""The one that every challenge has; those in other languages are welcome."""


@dataclass(frozen=True)
class Solution:
    """A solution, with the verdict it must get."""

    name: str
    language: Language
    code: str
    expect: Verdict


def solutions(folder: Path) -> list[Solution]:
    """The references first, then the wrong ones by name. Raises BadChallenge."""
    inside = [path.name for path in (folder / "solutions").glob("*")]
    references = sorted(name for name in inside if name.startswith("reference.") and name != REFERENCE)
    wrong = sorted(name for name in inside if name.startswith("wrong_"))
    return [_solution(folder, f"solutions/{name}") for name in (REFERENCE, *references, *wrong)]


def _solution(folder: Path, name: str) -> Solution:
    language = of_file(name)
    if language is None:
        suffixes = ", ".join(language.suffix for language in LANGUAGES.values())
        raise BadChallenge(f"{folder / name}: of no language that is known; a solution ends in {suffixes}.")
    code = read(folder, name)
    is_reference = name.startswith("solutions/reference.")
    return Solution(name, language, code, Verdict.AC if is_reference else _expected(folder / name, language, code))


def _expected(path: Path, language: Language, code: str) -> Verdict:
    first, mark = code.partition("\n")[0].strip(), f"{language.comment} expect:"
    verdict = first.removeprefix(mark).strip()
    if not first.startswith(mark) or verdict not in Verdict.__members__ or verdict in ("AC", "IE"):
        raise BadChallenge(f"{path}: the first line must say the verdict it gets, as '{mark} WA'.")
    return Verdict(verdict)
