"""Which isolation this machine can give, found out by doing it."""

from dataclasses import dataclass
from functools import cache

from python_duel.sandbox import cgroup, landlock, seccomp
from python_duel.sandbox.errors import SandboxError, SlotLost
from python_duel.sandbox.jail import LEVELS, Level
from python_duel.sandbox.outcome import Ending
from python_duel.sandbox.slot import Slot
from python_duel.sandbox.syscalls import machine

TRIES = 3
"""A weaker level is for a machine that cannot do better, not for one that is too busy to answer in time."""
_PROGRAM = """
import os
for attempt in (lambda: os.listdir("/"), os.fork, lambda: os.kill(1, 0)):
    try:
        attempt()
    except OSError:
        continue
    raise SystemExit("not shut in")
print(6 * 7)
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that is needed or wanted: whether it is here, how that was found out, how to mend it."""

    name: str
    ok: bool
    probed: str
    detail: str
    mend: str = ""


def problem(level: Level) -> str | None:
    """Why `level` is not possible here; None when a program ran at it and was shut in."""
    for _ in range(TRIES - 1):
        found, sure = _tried(level)
        if sure:
            return found
    return _tried(level)[0]


def _tried(level: Level) -> tuple[str | None, bool]:
    """As `problem`; and whether it is so, not only late."""
    try:
        with Slot(level) as slot:
            outcome = slot.script(_PROGRAM, check=False)
    except (SandboxError, OSError) as error:
        return str(error), not isinstance(error, SlotLost)
    if outcome.ending is Ending.EXITED and outcome.stdout == b"42\n":
        return None, True
    why = f"a test program ended {outcome.ending}, exit code {outcome.exit_code}: {outcome.stderr.decode()[:200]}"
    return why, outcome.ending is Ending.EXITED


@cache
def best_level() -> Level | None:
    """The strongest level possible here; None when there is none and nothing may run."""
    return next((level for level in LEVELS if problem(level) is None), None)


def probe() -> list[Probe]:
    """Every layer, probed by doing, from the strongest level's to the machine itself."""
    return [_level_layer(level) for level in LEVELS] + [
        _landlock_layer(),
        _seccomp_layer(),
        _cgroup_layer(),
        _machine_layer(),
    ]


_MEND: dict[Level, str] = {
    "full": "allow user namespaces: sysctl user.max_user_namespaces=10000; on Ubuntu also "
    "kernel.apparmor_restrict_unprivileged_userns=0; Docker's default profile forbids them: no-userns is what it gives",
    "no-userns": "use a kernel of 5.13 or newer with Landlock in its list: boot with lsm=landlock,...",
    "seccomp": "use a kernel with CONFIG_SECCOMP_FILTER, and a container profile that allows seccomp(2)",
}
_NAMES: dict[Level, str] = {
    "full": "namespaces, Landlock and seccomp together",
    "no-userns": "Landlock and seccomp together",
    "seccomp": "seccomp and resource limits",
}


def _level_layer(level: Level) -> Probe:
    found = problem(level)
    probed = "ran a program in a jail of this level that tried to read files, fork and signal"
    return Probe(f"level {level}", found is None, probed, found or _NAMES[level], _MEND[level] if found else "")


def _landlock_layer() -> Probe:
    version = landlock.abi()
    detail = f"version {version}" if version else "this kernel has none"
    return Probe(
        "Landlock", version > 0, "asked the kernel for its version", detail, "" if version else _MEND["no-userns"]
    )


def _seccomp_layer() -> Probe:
    ok = seccomp.available()
    detail = "filters are supported" if ok else "this kernel has no filters"
    return Probe("seccomp", ok, "asked the kernel for an action", detail, "" if ok else _MEND["seccomp"])


def _cgroup_layer() -> Probe:
    found = cgroup.problem()
    mend = (
        "run the judge as root, or in a systemd unit of its own with Delegate=yes; without, each process has its limits"
    )
    return Probe("cgroup", found is None, "made one", found or "memory and processes of a slot", mend if found else "")


def _machine_layer() -> Probe:
    try:
        return Probe("architecture", True, "read the machine's name", machine())
    except SandboxError as error:
        return Probe("architecture", False, "read the machine's name", str(error), "run the judge on x86_64 or aarch64")
