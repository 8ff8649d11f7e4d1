"""A Java Development Kit of this host: where it is, what of it a room needs, and our own programs made with it."""

import hashlib
import os
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from python_duel.languages.libraries import libraries_of, reachable
from python_duel.languages.shelf import shelf
from python_duel.sandbox import Command, Room, SandboxError, limits
from python_duel.sandbox.room import Profile

LEAST_VERSION = 17
TEMPLATES = Path(__file__).parent / "templates" / "java"
EXPORTS = ("--add-exports", "java.base/jdk.internal.access=ALL-UNNAMED")
"""What the harness needs to open a descriptor by its number."""
YOUNG_BYTES = 32 * limits.MIB
"""Beside the limit of a program: one that is only a third of the heap would leave no room for a large array."""
_BUILD_S = 120
_FLAGS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+DisableAttachMechanism",
    "-XX:+SuppressFatalErrorMessage",
    "-XX:ReservedCodeCacheSize=48m",
    "-XX:MaxMetaspaceSize=64m",
    "-XX:CompressedClassSpaceSize=16m",
    "-Xshare:auto",
    "-Xrs",
    "-Xlog:disable",  # it would write to the program's own output
    "-Dfile.encoding=UTF-8",
)


@dataclass(frozen=True, slots=True)
class Jdk:
    """`home` is its folder, without symbolic links."""

    home: Path
    version: str

    def command(self, main: str, profile: Profile, heap_bytes: int, *arguments: int) -> Command:
        """Runs a class of `programs` with so many bytes for its objects, and `YOUNG_BYTES` for new ones."""
        sizes = (f"-Xmx{heap_bytes + YOUNG_BYTES >> 20}m", f"-Xmn{YOUNG_BYTES >> 20}m")
        argv = [str(self.home / "bin/java"), *_FLAGS, *sizes, *EXPORTS, "-cp", str(self.programs())]
        # Without /proc the launcher cannot tell where it is: the libraries are found by the environment.
        libraries = f"{self.home}/lib:{self.home}/lib/server"
        return Command((*argv, main, *map(str, arguments)), profile, {"LD_LIBRARY_PATH": libraries})

    def room(self, *commands: Command) -> Room:
        """A room in which `commands` run."""
        libraries = libraries_of(self.home / "bin/java", self.home / "lib/server/libjvm.so")
        return Room((str(self.home), *self._outside(), *libraries, str(self.programs())), commands)

    def _outside(self) -> Iterator[str]:
        """What symbolic links in the kit lead to: Debian keeps its configuration below /etc."""
        for part in ("conf", "lib"):
            for folder, _, names in os.walk(self.home / part):
                for path in (Path(folder, name) for name in names):
                    if path.is_symlink() and not (real := path.resolve()).is_relative_to(self.home) and real.exists():
                        yield str(real)

    def programs(self) -> Path:
        """The jar with `templates/java`, made at the first use. Raises SandboxError when they cannot be compiled."""
        sources = sorted(TEMPLATES.glob("duel/*.java"))
        content = "\0".join([str(self.home), self.version, *(source.read_text() for source in sources)])
        jar = shelf() / f"java-{hashlib.sha256(content.encode()).hexdigest()[:32]}.jar"
        if not jar.exists():
            self._make(jar, sources)
        return jar

    def _make(self, jar: Path, sources: list[Path]) -> None:
        with tempfile.TemporaryDirectory(dir=jar.parent) as folder:
            argv = [str(self.home / "bin/javac"), "-Xlint:none", *EXPORTS, "-d", folder, *map(str, sources)]
            done = subprocess.run(argv, capture_output=True, text=True, timeout=_BUILD_S)
            if done.returncode:
                raise SandboxError(f"{self.home} cannot compile the judge's own programs: {done.stderr[:500]}")
            whole = Path(folder, "whole.jar")
            with zipfile.ZipFile(whole, "w") as archive:
                for path in sorted(Path(folder).glob("duel/*.class")):
                    archive.write(path, path.relative_to(folder))
            whole.chmod(0o644)
            whole.replace(jar)  # in one step: another judge may be at it too


def find() -> Jdk | None:
    """The first kit that is new enough: of JAVA_HOME, of the path, of the usual folders."""
    named = [Path(os.environ[name]) for name in ["JAVA_HOME"] if os.environ.get(name)]
    on_path = [Path(folder, "javac").resolve().parents[1] for folder in os.get_exec_path() if _has_javac(Path(folder))]
    usual = sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)
    return next((kit for home in (*named, *on_path, *usual) if (kit := _kit(home)) is not None), None)


def _has_javac(folder: Path) -> bool:
    return os.access(folder / "javac", os.X_OK)


def _kit(home: Path) -> Jdk | None:
    try:
        text = (home / "release").read_text(errors="replace")
    except OSError:
        return None
    found = re.search(r'^JAVA_VERSION="((\d+)[^"]*)"', text, re.MULTILINE)
    if found is None or int(found[2]) < LEAST_VERSION or not _has_javac(home / "bin") or not reachable(home.resolve()):
        return None
    return Jdk(home.resolve(), found[1])
