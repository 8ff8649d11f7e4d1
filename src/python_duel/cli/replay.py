"""`replay`: what is kept of duels that are over."""

import asyncio
import json as jsonlib
from dataclasses import asdict
from typing import Annotated

import typer

from python_duel.challenges.service import Challenges
from python_duel.cli.programs import JsonOption
from python_duel.cli.stores import DataOption, settings_of
from python_duel.duels.archive import Replays
from python_duel.duels.replay import Report
from python_duel.errors import StartError
from python_duel.platform import embedded
from python_duel.platform.postgres import Database, at_head, needed
from python_duel.settings import Settings

app = typer.Typer(help="Check what is kept of duels that are over.")
app.callback()(lambda: None)


@app.command()
def verify(
    duel_id: Annotated[str, typer.Argument(metavar="ID", help="The duel.")],
    hash: Annotated[str | None, typer.Option(help="Of the log's last line, if you have kept it elsewhere.")] = None,
    json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Recompute a duel from its event log: texts, order of receipt, winner. Exit code 1 when anything differs."""
    settings = settings_of(data)
    with embedded.database(settings) as url:
        report = asyncio.run(_verified(url, settings, duel_id))
    if hash and hash != report.hash:
        report.faults.append(f"this is another log than the one you know: its hash is {report.hash}")
    if json:
        typer.echo(jsonlib.dumps({"duel_id": duel_id, "ok": not report.faults, **asdict(report)}))
    else:
        _tell(duel_id, report)
    if report.faults:
        raise typer.Exit(1)


def _tell(duel_id: str, report: Report) -> None:
    for fault in report.faults:
        typer.echo(f"{duel_id}: {fault}", err=True)
    lost = f", {report.lost} texts whose edits were lost with their store" if report.lost else ""
    found = f"{report.edits} edits, {report.submissions} submissions{lost}"
    typer.echo(f"{'FAULTY' if report.faults else 'ok':<7} {duel_id}: {found}; hash {report.hash}")


async def _verified(url: str, settings: Settings, duel_id: str) -> Report:
    database = Database(url, pool_size=1)
    try:
        with needed():
            if not await at_head(database):
                raise StartError("The database has another schema than this version: start a server.", exit_code=3)
            return await Replays(database, Challenges(database, settings.code_bytes)).verify(duel_id)
    finally:
        await database.close()
