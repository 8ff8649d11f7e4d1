"""The command line. `COMMANDS` names them; `cli/<name>.py` has a function `command` (and
perhaps the `CONTEXT` settings of its parser), or a typer `app` with subcommands.

Only the module of the command that was asked for is imported, so that a judge never loads the web and a start is quick.
"""

import sys
from importlib import import_module

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from python_duel.cli.unknown import warn_of_unknown_names
from python_duel.errors import DuelError, StartError

COMMANDS = (
    "serve",
    "web",
    "judge",
    "doctor",
    "sandbox",
    "challenge",
    "settings",
    "replay",
    "backup",
    "restore",
    "load",
    "test",
)


def main() -> None:
    """Runs the command of `sys.argv`. Exit codes: 0 done, 2 bad usage or input, 3 this machine cannot do it."""
    try:
        warn_of_unknown_names()
        build(sys.argv[1:])(prog_name="python-duel")
    except ValidationError as error:
        sys.exit(_fail("; ".join(_setting_error(item["loc"], item["msg"]) for item in error.errors()), 2))
    except SettingsError as error:
        sys.exit(_fail(f"{error}: {error.__cause__}", 2))
    except DuelError as error:
        sys.exit(_fail(error.message, error.exit_code if isinstance(error, StartError) else 2))


def build(arguments: list[str]) -> typer.Typer:
    """The application with the command that `arguments` begin with, or with all of them."""
    app = typer.Typer(
        name="python-duel",
        help="A self-hosted arena where two people race to solve a programming problem, live.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_nothing)
    for name in [name for name in COMMANDS if name in arguments[:1]] or COMMANDS:
        _register(app, name)
    return app


def _nothing() -> None:
    """Keeps typer from dropping the command's name when there is only one."""


def _register(app: typer.Typer, name: str) -> None:
    module = import_module(f"python_duel.cli.{name}")
    if hasattr(module, "app"):
        app.add_typer(module.app, name=name)
    else:
        app.command(name, context_settings=getattr(module, "CONTEXT", None))(module.command)


def _setting_error(location: tuple[int | str, ...], message: str) -> str:
    name = str(location[0]) if location else "settings"
    return f"{name if name.isupper() else f'DUEL_{name.upper()}'}: {message}"


def _fail(message: str, code: int) -> int:
    print(f"python-duel: {message}", file=sys.stderr)
    return code
