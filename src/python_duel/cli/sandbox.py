"""`sandbox run`: one program in the sandbox, no server."""

from pathlib import Path
from typing import Annotated, Any

import typer

from python_duel.cli.programs import (
    GateOption,
    JsonOption,
    LanguageOption,
    LevelOption,
    language_of,
    opened,
    read_bytes,
    read_source,
    say,
)
from python_duel.judge import verdicts
from python_duel.judge.grading import text
from python_duel.sandbox import Limits, Outcome

app = typer.Typer(help="Run one program in the sandbox.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Run one program in the sandbox."""


@app.command("run")
def run(
    file: Annotated[Path, typer.Argument(help="The program.")],
    language: LanguageOption = None,
    stdin: Annotated[Path | None, typer.Option(help="A file to be its standard input.")] = None,
    level: LevelOption = None,
    gate: GateOption = True,
    json: JsonOption = False,
) -> None:
    """Run FILE as a program; exit code 0 whatever its verdict."""
    source = read_source(file)
    data = b"" if stdin is None else read_bytes(stdin)
    with opened(language_of(file, language), level) as runner:
        program = runner.prepare(source, None, gate)
        outcome = program if isinstance(program, Outcome) else runner.script(program, data, Limits())
        told = report(outcome, runner.level)
    say(told, json, _lines(told))


def report(outcome: Outcome, level: str) -> dict[str, Any]:
    """The fields that docs/protocol.md promises for `--json`."""
    trace = outcome.failure.text if outcome.failure else ""
    optional = {
        "message": verdicts.why(outcome),
        "line": outcome.refusal.line if outcome.refusal else outcome.failure.line if outcome.failure else None,
        "column": outcome.refusal.column if outcome.refusal else None,
    }
    return {
        "verdict": str(verdicts.of_outcome(outcome)),
        "exit_code": outcome.exit_code,
        "signal": outcome.signal,
        "stdout": text(outcome.stdout),
        "stderr": text(outcome.stderr) + trace,
        "stdout_truncated": outcome.truncated,
        "cpu_ms": outcome.cpu_ms,
        "wall_ms": outcome.wall_ms,
        "memory_kb": outcome.memory_kb,
        "level": level,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _lines(told: dict[str, Any]) -> list[str]:
    place = f" (line {told['line']})" if "line" in told else ""
    cost = f"{told['cpu_ms']} ms CPU, {told['wall_ms']} ms wall, {told['memory_kb']} KiB, level {told['level']}"
    return [
        *([told["stdout"].rstrip("\n")] if told["stdout"] else []),
        *([told["stderr"].rstrip("\n")] if told["stderr"] else []),
        f"{told['verdict']}{place}: {told.get('message', 'it ran to its end.')}",
        cost,
    ]
