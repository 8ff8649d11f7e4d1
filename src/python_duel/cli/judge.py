"""`judge`: the worker without a FILE; with one, a single solution judged on the spot."""

from pathlib import Path
from typing import Annotated, Any

import typer

from python_duel.challenges.loader import load
from python_duel.challenges.package import Package
from python_duel.cli.programs import (
    GateOption,
    JsonOption,
    LanguageOption,
    LevelOption,
    language_of,
    opened,
    read_source,
    say,
)
from python_duel.errors import StartError
from python_duel.judge import process, results
from python_duel.judge.grading import Grade, Solution, grade
from python_duel.platform import log
from python_duel.platform.bundled import bundled
from python_duel.settings import settings


def command(
    file: Annotated[Path | None, typer.Argument(help="A solution to judge; without it, the worker runs.")] = None,
    challenge: Annotated[str | None, typer.Option(help="The challenge's slug, or its folder.")] = None,
    language: LanguageOption = None,
    level: LevelOption = None,
    gate: GateOption = True,
    json: JsonOption = False,
) -> None:
    """Judge jobs from Redis, or one FILE against a challenge; exit code 0 whatever the verdict."""
    if file is None:
        _work(challenge, level)
        return
    if challenge is None:
        raise StartError("Say which challenge FILE solves, as in --challenge fair-shares.")
    source, package = read_source(file), load(folder_of(challenge))
    chosen = language_of(file, language)
    with opened(chosen, level) as runner:
        result = grade(runner, package, Solution(source, chosen, gate), package.cases)
    told = report(package, result)
    say(told, json, _lines(told))


def _work(challenge: str | None, level: str | None) -> None:
    if challenge is not None or level is not None:
        raise StartError("These options need a FILE; the worker takes its settings from the environment.")
    log.configure(settings(), "judge")
    process.run(settings())


def folder_of(challenge: str) -> Path:
    """The folder of a slug of the bundled challenges, or the folder named. Raises StartError."""
    for folder in (Path(challenge), bundled("challenges") / challenge):
        if (folder / "challenge.toml").is_file():
            return folder
    known = ", ".join(sorted(path.parent.name for path in bundled("challenges").glob("*/challenge.toml")))
    raise StartError(f"There is no challenge {challenge!r}: give a folder with a challenge.toml, or one of {known}.")


def report(package: Package, result: Grade) -> dict[str, Any]:
    """The fields that docs/protocol.md promises for `--json`. The caller has the tests: hidden cases are named too."""
    refusal = result.refusal.refusal if result.refusal else None
    failed = result.first_failure.why if result.first_failure else None
    message = result.fault or (refusal.message if refusal else failed)
    cases = [results.case_result(package, one).model_dump(mode="json", exclude_none=True) for one in result.judged]
    return {
        "verdict": str(result.verdict),
        "passed": result.passed,
        "total": result.total,
        "cases": cases,
        **({"message": message} if message else {}),
        **({"line": refusal.line} if refusal and refusal.line else {}),
        **({"column": refusal.column} if refusal and refusal.column else {}),
    }


def _lines(told: dict[str, Any]) -> list[str]:
    shown = [f"{case['verdict']:>4}  {case['name']}  {case['time_ms']} ms" for case in told["cases"]]
    place = f" (line {told['line']})" if "line" in told else ""
    message = f"{place}: {told['message']}" if "message" in told else "."
    return [*shown, f"{told['verdict']}, {told['passed']} of {told['total']} cases passed{message}"]
