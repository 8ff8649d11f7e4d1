"""Where the attacks take place: challenges, runners by language and level, and what the host looks like around them."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import which
from typing import Any

from python_duel.challenges.package import Checker, Limits, Package, TestCase
from python_duel.judge.grading import Grade, Solution, grade
from python_duel.languages import LANGUAGES, Runner
from python_duel.languages.python import GATE, PythonRunner
from python_duel.protocol.server import Parameter, Signature
from python_duel.sandbox import Level, Slot
from python_duel.sandbox.cgroup import PREFIX
from python_duel.sandbox.jail import NOBODY
from python_duel.sandbox.levels import problem

CANARY = "CANARY-5f1c9e"
WORLD_WRITABLE = [Path(name) for name in ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue")]
GROWTH_BYTES = 32 << 20
"""How much the judge may grow over all attacks: what Python and pytest keep for themselves."""
STORES = "python-duel-"
"""Folders of stores that other tests run under the same user. A build's own, `python-duel-build-*`, is within its
slot's life and so in no comparison."""
PATIENCE_S = 5.0
SAMPLES, SAMPLE_S = 10, 0.02
PYTHON_HONEST = "print('ok')"
HONEST_SOURCES = {
    "python": PYTHON_HONEST,
    "cpp": '#include <cstdio>\nint main() { puts("ok"); }\n',
    "java": 'public class Main { public static void main(String[] a) { System.out.println("ok"); } }\n',
    "javascript": 'console.log("ok");\n',
}
CPU_MS = {"python": 250, "cpp": 150, "java": 600, "javascript": 400}
"""Short, so that a loop is soon over; enough for what starts more slowly."""
_ADD = Signature(name="add", parameters=[Parameter(name=n, type="int") for n in "ab"], returns="int")


def package(kind: str, cases: list[TestCase], cpu_ms: int) -> Package:
    """A challenge with these cases: a `function` add(a, b), or `stdio`."""
    function = kind == "function"
    return Package(
        slug=kind,
        title="t",
        difficulty=1,
        statement="s",
        starter={},
        kind="function" if function else "stdio",
        signature=_ADD if function else None,
        checker=Checker(kind="exact" if function else "tokens"),
        samples=cases,
        hidden=[],
        limits=Limits(cpu_ms=cpu_ms),
    )


SUMS = [TestCase(name=str(case), args=[*case], expected=sum(case)) for case in ([2, 3], [0, 0])]
LINES = [TestCase(name=name, stdin=f"{name}\n", expected="ok") for name in ("one", "two")]
CASES = {"function": SUMS, "stdio": LINES}


def other_pythons() -> dict[str, str]:
    """Interpreters of versions that we support, one of each, by version; but for our own."""
    found: dict[str, str] = {}
    for version in ("3.11", "3.12", "3.13", "3.14"):
        places = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}"))
        path = next(map(str, places), None) or which(f"python{version}")
        if path and version != "{}.{}".format(*sys.version_info):
            found[version] = path
    return found


@dataclass(frozen=True)
class Host:
    """What an attack could leave behind."""

    descriptors: int
    processes: frozenset[str]
    cgroups: frozenset[str]
    mounts: str
    files: frozenset[str]
    ipc: frozenset[str]

    @classmethod
    def now(cls) -> "Host":
        return cls(
            sum(not _is_program(fd) for fd in os.listdir("/proc/self/fd")),
            frozenset(_descendants(os.getpid())),
            frozenset(_cgroups()),
            Path("/proc/self/mountinfo").read_text(),
            frozenset(files()),
            frozenset(_ipc()),
        )

    def most(self, now: "Host") -> "Host":
        """As now, with as many descriptors, processes and cgroups as ever."""
        return replace(
            now,
            descriptors=max(self.descriptors, now.descriptors),
            processes=max(self.processes, now.processes, key=len),
            cgroups=max(self.cgroups, now.cgroups, key=len),
        )

    def left_over(self, before: "Host") -> dict[str, Any]:
        """What is there now and was not before."""
        more: dict[str, Any] = {
            "descriptors": max(0, self.descriptors - before.descriptors),
            "processes": len(self.processes) > len(before.processes) and self.processes - before.processes,
            "cgroups": len(self.cgroups) > len(before.cgroups) and self.cgroups - before.cgroups,
            "mounts": self.mounts != before.mounts,
            "files": self.files - before.files,
            "ipc": self.ipc - before.ipc,
        }
        return {name: value for name, value in more.items() if value}


@dataclass
class Stage:
    """Runners, each opened at its first use and kept: a language at a level, Python in an interpreter of choice."""

    stack: ExitStack
    opened: dict[tuple[str, Level, str], Runner] = field(default_factory=dict)
    problems: dict[Level, str | None] = field(default_factory=dict)
    calmest: Host = field(default_factory=Host.now)

    def why_not(self, language: str, level: Level) -> str | None:
        """Why this machine cannot play it."""
        if level not in self.problems:
            self.problems[level] = problem(level)
        if language not in LANGUAGES:
            return f"there is no {language} yet"
        probe = LANGUAGES[language].toolchain()
        return self.problems[level] or (None if probe.ok else f"{language}: {probe.detail}")

    def runner(self, language: str, level: Level, python: str = "") -> Runner:
        """With one honest program behind it, so that it is as it will be between attacks."""
        key = language, level, python
        if key not in self.opened:
            runner = OtherPython(level, python) if python else LANGUAGES[language].open(level)
            self.opened[key] = self.stack.enter_context(runner)
            for _ in range(2):
                assert judged(runner, language, HONEST_SOURCES[language], "stdio", False, honest=True).passed == 1
            settle(runner)
            self.calmest = Host.now()
            for _ in range(SAMPLES):
                time.sleep(SAMPLE_S)
                self.calm()
        return self.opened[key]

    def calm(self) -> Host:
        """What is there between attacks, at most."""
        self.calmest = self.calmest.most(Host.now())
        return self.calmest


class OtherPython(PythonRunner):
    """Python programs in another interpreter than our own."""

    def __init__(self, level: Level, python: str) -> None:
        self.level, self.slot = level, Slot(level, GATE, python=python)


def settle(runner: Runner) -> None:
    """Waits until its last programs are gone and the next ones are there: these are made while it goes on."""
    for slot in vars(runner).values():
        if isinstance(slot, Slot):
            slot.settle()


def judged(
    runner: Runner, language: str, source: str, kind: str, gate: bool, honest: bool = False, cases: int = 2
) -> Grade:
    """The grade of a program: of a hostile one with short limits, of an honest one in one case that prints ok."""
    challenge = package(kind, LINES[:1] if honest else CASES[kind][:cases], 2000 if honest else CPU_MS[language])
    return grade(runner, challenge, Solution(source, LANGUAGES[language], gate), challenge.cases)


def settled(before: Host) -> dict[str, Any]:
    """What is left of an attack once everything that was killed had time to be gone."""
    found: dict[str, Any] = {}

    def clean() -> bool:
        found.clear()
        found.update(Host.now().left_over(before))
        return not found

    eventually(clean)
    return found


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it holds before our patience is over."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def resident_bytes() -> int:
    """Memory of this process, which plays the judge."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def kept_programs() -> int:
    """Compiled programs that the judge keeps, each behind a descriptor."""
    return sum(map(_is_program, os.listdir("/proc/self/fd")))


def _is_program(descriptor: str) -> bool:
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink()).startswith("/memfd:")
    except FileNotFoundError:
        return False


def _descendants(pid: int) -> Iterator[str]:
    """Processes below `pid`, as number and state. Our own zombies are not counted: a subreaper inherits them."""
    for task in _tasks(pid):
        for child in _read(task / "children").split():
            name, _, rest = _read(Path(f"/proc/{child}/stat")).rpartition(")")
            if rest and not (rest.split()[0] == "Z" and pid == os.getpid()):
                yield f"{name}) {rest.split()[0]} below {pid}"
            yield from _descendants(int(child))


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return []


def _cgroups() -> Iterator[str]:
    mine = f"{PREFIX}{os.getpid()}-"
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        yield from (f"{folder}/{name}" for name in names if name.startswith(mine))


def files() -> Iterator[str]:
    """Of the user that programs run as: in a folder that anybody may write to."""
    for folder in WORLD_WRITABLE:
        if folder.is_dir():
            with os.scandir(folder) as entries:
                yield from (e.path for e in entries if _owner(e) == NOBODY and not e.name.startswith(STORES))


def _ipc() -> Iterator[str]:
    """Of the same user: shared memory, semaphores and queues of System V."""
    for table in Path("/proc/sysvipc").glob("*"):
        head, *rows = (line.split() for line in table.read_text().splitlines())
        yield from (f"{table.name} {row[1]}" for row in rows if row[head.index("uid")] == str(NOBODY))


def _owner(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat(follow_symlinks=False).st_uid
    except FileNotFoundError:
        return -1


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
