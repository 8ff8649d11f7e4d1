"""`challenge`: the challenges of this checkout; lists them, checks them in the real sandbox, begins a new one."""

import json as jsonlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from python_duel.challenges import scaffold
from python_duel.challenges.loader import folders, load, load_all
from python_duel.challenges.package import Kind, Package
from python_duel.challenges.solutions import Solution, solutions
from python_duel.challenges.validation import check as faults_of
from python_duel.cli.judge import folder_of
from python_duel.cli.programs import JsonOption, LevelOption, level_of, sandboxed
from python_duel.judge import custom, grading
from python_duel.judge.slots import Bench
from python_duel.languages import available
from python_duel.platform.bundled import bundled

app = typer.Typer(help="List, check and begin challenges.", no_args_is_help=True)


@app.command("list")
def list_(json: JsonOption = False) -> None:
    """Every bundled challenge: slug, difficulty, kind, title."""
    rows = [
        {"slug": p.slug, "difficulty": p.difficulty, "kind": p.kind, "title": p.title, "cases": len(p.cases)}
        for p in sorted(load_all(bundled("challenges")), key=lambda p: (p.difficulty, p.slug))
    ]
    if json:
        typer.echo(jsonlib.dumps(rows, indent=2))
        return
    for row in rows:
        typer.echo(f"{row['slug']:<24} {row['difficulty']}  {row['kind']:<8}  {row['title']}")


@app.command()
def check(
    challenges: Annotated[list[str] | None, typer.Argument(help="Slugs or folders; without any, all.")] = None,
    level: LevelOption = None,
) -> None:
    """Check packages and judge their solutions in every language that this machine has; exit code 1 for a fault."""
    chosen = [folder_of(name) for name in challenges] if challenges else folders(bundled("challenges"))
    with sandboxed():
        bench = Bench(level_of(level))
        try:
            results = [_told(folder, list(_faults(folder, bench))) for folder in chosen]
        finally:
            bench.close()
    typer.echo(f"{sum(results)} of {len(results)} challenges are good")
    if not results or not all(results):
        raise typer.Exit(1)


@app.command()
def new(
    slug: Annotated[str, typer.Argument(help="The folder's name: small letters, digits and dashes.")],
    kind: Annotated[Kind, typer.Option(help="A function, or a program that reads and prints.")] = "function",
) -> None:
    """Write the files of a new challenge, to be filled in."""
    folder = scaffold.write(bundled("challenges"), slug, kind)
    typer.echo(f"{folder} is begun: fill it in, then run 'python-duel challenge check {slug}'")


def _faults(folder: Path, bench: Bench) -> Iterator[str]:
    """What the rules say; when that is nothing, what the judge says of the checker and of the solutions."""
    found = faults_of(folder)
    yield from found
    if found:
        return
    package = load(folder)
    yield from (f"{folder.name}: checker.py: {fault}" for fault in _checker_faults(package, bench))
    here = available(bench.level)
    for solution in solutions(folder):
        if solution.language in here:
            yield from (f"{folder.name}: {solution.name}: {fault}" for fault in _judged(package, solution, bench))
        else:
            typer.echo(f"skipped {folder.name}: {solution.name}: no {solution.language.title} here, see 'doctor'")


def _checker_faults(package: Package, bench: Bench) -> Iterator[str]:
    """A challenge's own checker must take the answers that the challenge itself expects."""
    source, function = package.checker.source, package.signature is not None
    if source is None:
        return
    asked = [custom.Question(c.args if function else c.stdin, c.expected, c.expected) for c in package.cases]
    try:
        right = custom.check(bench.runner("python"), source, asked)
    except custom.CheckerFailed as error:
        yield f"failed: {error}"
        return
    yield from (
        f"refuses the expected answer of case {case.name!r}"
        for case, fits in zip(package.cases, right, strict=True)
        if not fits
    )


def _judged(package: Package, solution: Solution, bench: Bench) -> Iterator[str]:
    runner = bench.runner(solution.language.name)
    program = grading.Solution(solution.code, solution.language)
    result = grading.grade(runner, package, program, package.cases, bench.runner("python"))
    if result.verdict != solution.expect:
        failed = f" at case {result.first_failure.case.name!r}" if result.first_failure else ""
        yield f"got {result.verdict}{failed}, must get {solution.expect}"


def _told(folder: Path, found: list[str]) -> bool:
    """Prints one challenge's faults, or that it has none; True when it has none."""
    for fault in found:
        typer.echo(fault, err=True)
    typer.echo(f"{'FAULTY' if found else 'ok':<7} {folder.name}")
    return not found
