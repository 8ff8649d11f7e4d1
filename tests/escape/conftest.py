"""One stage for all attacks; a canary stands in the environment and on the disk of their host."""

import ctypes
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.escape.scene import CANARY, Stage

PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """What an attack leaves running becomes a child of this process, however it hides, and so is counted."""
    (tmp_path_factory.mktemp("host") / "canary").write_text(CANARY)
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANARY", CANARY)
        yield Stage(stack)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
