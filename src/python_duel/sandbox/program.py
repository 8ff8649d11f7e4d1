"""What a slot runs beside Python source: a binary, or a runtime of its room."""

import fcntl
import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Runtime:
    """Command `command` of the slot's room, given `job` in a form of its own."""

    job: bytes
    command: int = 0


class Binary:
    """A static executable, held in memory and sealed: nobody can change it any more. Closed when it is forgotten."""

    def __init__(self, content: bytes) -> None:
        self.size = len(content)
        self.descriptor = os.memfd_create("program", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with open(self.descriptor, "wb", closefd=False) as file:
            file.write(content)
        fcntl.fcntl(
            self.descriptor,
            fcntl.F_ADD_SEALS,
            fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL,
        )

    def __del__(self) -> None:
        os.close(self.descriptor)


Program = str | Binary | Runtime
"""A `str` is Python source."""
