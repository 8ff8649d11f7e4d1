"""The C++ compiler of this host: where it is, what of the host it needs in its room."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from python_duel.languages.libraries import libraries_of

LEAST_VERSION = 11
MEND = "apt install g++"
_PROGRAMS = ("cc1plus", "collect2", "as", "ld")
_NEEDED = ("crt1.o", "crtbeginT.o", "libc.a", "libm.a", "libstdc++.a", "libgcc.a", "libgcc_eh.a")
"""For a static program; some distributions have parts of it in packages of their own."""


@dataclass(frozen=True, slots=True)
class Gxx:
    """`path` is absolute, `version` as it says itself."""

    path: Path
    version: str

    def ask(self, *arguments: str) -> str:
        """What it answers to a question about itself; empty when it fails."""
        try:
            argv = [str(self.path), *arguments]
            environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL, env=environ
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.strip() or done.stderr.strip()

    def missing(self) -> list[str]:
        """Files that a static program needs, and that are not here."""
        return [name for name in _NEEDED if not Path(self.ask(f"-print-file-name={name}")).is_absolute()]

    def files(self) -> tuple[str, ...]:
        """For the room: the compiler's own programs and folders, the headers, the libraries to link with; never the
        whole of /usr, which may hold an installation of ours.
        """
        programs = [self.path, *self._programs()]
        folders = {Path(self.ask(f"-print-file-name={name}")).resolve().parent for name in _NEEDED}
        found = [*programs, *self._headers(), *sorted(folders), *self._plugin(), *map(Path, libraries_of(*programs))]
        return tuple(dict.fromkeys(map(str, found)))

    def folders_of_programs(self) -> str:
        """A PATH for the room."""
        return ":".join(dict.fromkeys(str(path.parent) for path in (self.path, *self._programs())))

    def _programs(self) -> list[Path]:
        asked = [Path(self.ask(f"-print-prog-name={name}")) for name in _PROGRAMS]
        return [path if path.is_absolute() else Path(shutil.which(path.name) or path.name) for path in asked]

    def _plugin(self) -> Iterator[Path]:
        """The linker is told to load it, though we ask for nothing that it does."""
        path = Path(self.ask("-print-prog-name=cc1plus")).parent / "liblto_plugin.so"
        if path.exists():
            yield path

    def _headers(self) -> Iterator[Path]:
        said = self.ask("-xc++", "-E", "-v", "/dev/null", "-o", "/dev/null")
        listed = re.search(r"#include <\.\.\.> search starts here:\n(.*?)End of search list", said, re.DOTALL)
        for line in listed[1].splitlines() if listed else ():
            path = Path(line.strip())
            if path.is_dir() and "local" not in path.parts:
                yield path.resolve()


def find() -> Gxx | str:
    """The g++ of the path, or a sentence that says what is missing. Takes some tenths of a second."""
    path = shutil.which("g++")
    if path is None:
        return "there is no g++ on the path"
    compiler = Gxx(Path(path).absolute(), "")
    found = re.match(r"(\d+)", compiler.ask("-dumpfullversion", "-dumpversion"))
    if found is None or "clang" in compiler.ask("--version").lower():
        return f"{path} is not GNU's"
    if int(found[1]) < LEAST_VERSION:
        return f"{path} is version {found[1]}, too old for C++20: {LEAST_VERSION} or newer is needed"
    compiler = Gxx(compiler.path, compiler.ask("-dumpfullversion", "-dumpversion"))
    if missing := compiler.missing():
        return f"{path} cannot make static programs: {', '.join(missing)} is not here"
    return compiler
