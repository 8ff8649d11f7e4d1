"""`python -m tests.faults.times FILE...`: the medians of what runs with FAULT_TIMES=FILE have measured."""

import sys
from pathlib import Path

from tests.support.lasted import Times, read, table


def main(files: list[str]) -> None:
    """Prints the table."""
    times: Times = {}
    for what, seconds in (noted for file in files for noted in read(Path(file))):
        times.setdefault(what, []).append(seconds)
    print("\n".join(table(times)))


if __name__ == "__main__":
    main(sys.argv[1:] or sys.exit(__doc__))
