"""`load`: how much a server carries."""

import asyncio
import json
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from python_duel.cli.programs import JsonOption
from python_duel.errors import StartError
from python_duel.load.figures import told, unfair
from python_duel.load.modes import MODES, Plan
from python_duel.load.target import Target, known, own_server

CHALLENGE = "paper-lanterns"


def command(
    players: Annotated[int, typer.Option(min=2, max=100_000, help="Players in all; an even number.")] = 200,
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="Keystrokes a second in all; without it, two a player.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long each phase types.")] = 10,
    mode: Annotated[str, typer.Option(help=f"One of {', '.join(MODES)}.")] = "local",
    url: Annotated[list[str] | None, typer.Option(help="A server that runs; without it, one is started.")] = None,
    web: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Web processes of the server that is started; 2 for cross-process."),
    ] = None,
    acks: Annotated[bool, typer.Option("--acks/--no-acks", help="Whether edits ask for acknowledgement.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Load a server with duels, and say how late keystrokes arrive and what they cost."""
    if mode not in MODES:
        raise StartError(f"There is no mode {mode!r}: use one of {', '.join(MODES)}.")
    if players % 2:
        raise StartError("--players must be even: they duel.")
    plan = Plan(players, rate or 2 * players, seconds, acks, CHALLENGE)
    with _target(url or [], mode, web) as target:
        phases = _run(plan, target, mode)
    document: dict[str, Any] = {"mode": mode, "players": players, "rate": plan.rate, "seconds": seconds, "phases": {}}
    for title, found in phases:
        reason = unfair(found)
        if reason:
            raise StartError(reason, exit_code=3)
        document["phases"][title] = asdict(found)
        print(told(title, found), file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(document))


def _target(urls: list[str], mode: str, webs: int | None) -> AbstractContextManager[Target]:
    for url in urls:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise StartError(f"{url!r} is no address: write http://host:port.")
    if not urls:
        return own_server(webs or (2 if mode == "cross-process" else 1))
    if mode == "cross-process" and len(urls) < 2:
        raise StartError("cross-process needs two addresses: repeat --url.")
    return nullcontext(known(urls))


def _run(plan: Plan, target: Target, mode: str) -> list[tuple[str, Any]]:
    import uvloop  # noqa: PLC0415 - a command line without load need not have it

    async def collect() -> list[tuple[str, Any]]:
        return [phase async for phase in MODES[mode](plan, target)]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(collect())
