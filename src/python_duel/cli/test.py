"""`test`: all set-up, then the tests."""

import os
import shutil
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from python_duel.errors import StartError
from python_duel.platform import ui_build
from python_duel.platform.bundled import PACKAGE

CONTEXT = {"ignore_unknown_options": True, "help_option_names": []}
CHECKOUT = PACKAGE.parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def command(arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARGS]")] = None) -> None:
    """Sets everything up, then runs the tests from the checkout's root; the arguments go to pytest."""
    if not (CHECKOUT / "tests").is_dir() or not find_spec("pytest"):
        raise StartError("the tests need a checkout with its development packages: run ./duel test there")
    ui_build.ensure(_say)
    if not any(map(shutil.which, BROWSERS)):
        _say("no Chromium here: the duel between two browsers is skipped; install your system's chromium package")
    os.chdir(CHECKOUT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *(arguments or [])])


def _say(line: str) -> None:
    print(f"python-duel: {line}", file=sys.stderr, flush=True)
