"""A room: a jail whose root holds a few files of the host, read-only, for compilers and runtimes."""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from python_duel.sandbox.errors import SandboxError
from python_duel.sandbox.jail import Layer, Level, layers_of

Profile = Literal["runtime", "session", "build"]
"""What a command is for. runtime: runs one program of a player, started ahead. session: serves many requests and runs
no code of a player. build: compiles, in a private directory that is gone afterwards."""

DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")
"""What every room has beside its files."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program of the room. `argv[0]` is an absolute path; the environment holds `env` and nothing else."""

    argv: tuple[str, ...]
    profile: Profile
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Room:
    """`files` are absolute paths of the host, files or folders; symbolic links are followed, missing ones left out."""

    files: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()

    @property
    def builds(self) -> bool:
        """Whether a directory to write to is needed."""
        return any(command.profile == "build" for command in self.commands)


EMPTY = Room()


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a zygote is told: once, at its start, by its parent."""

    level: Level
    layers: frozenset[Layer]
    check: str = ""
    room: Room = EMPTY
    workdir: str = ""
    """Where builds write when there are no namespaces; a private directory of the host."""

    def to_json(self) -> str:
        """As one argument of a command line."""
        return json.dumps({**asdict(self), "layers": sorted(self.layers)})

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """The inverse of `to_json`."""
        data = json.loads(text)
        commands = tuple(Command(tuple(c["argv"]), c["profile"], c["env"]) for c in data["room"]["commands"])
        room = Room(tuple(data["room"]["files"]), commands)
        return cls(data["level"], frozenset(data["layers"]), data["check"], room, data["workdir"])


def planned(level: Level, check: str, room: Room, without: frozenset[Layer], workdir: str) -> Plan:
    """Raises SandboxError for a room at a level that cannot shut a file system."""
    if room.files and level == "seccomp":
        raise SandboxError("programs that need files cannot be shut in by seccomp alone: use level full or no-userns")
    files = (*room.files, *DEVICES) if room.files else ()
    return Plan(level, layers_of(level) - without, check, replace(room, files=files), workdir)
