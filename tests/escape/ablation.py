"""Takes the layers of the sandbox away one at a time, and writes down which attacks each one alone holds.

`make ablation`, as root where that is possible: then all of it happens in a pid namespace of its own, so that a
signal to everybody meets nobody else. Without, the attacks marked `destructive` are left out.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from unittest import mock

from python_duel.languages import LANGUAGES, fits
from python_duel.sandbox import LAYERS, Layer, Level, Slot, SlotLost
from python_duel.sandbox.jail import layers_of
from tests.escape.payloads import Payload, payloads
from tests.escape.scene import CANARY, Stage, files, judged

REPORT = Path(__file__).parents[2] / "docs" / "sandbox-ablation.md"
INSIDE = "ABLATION_INSIDE"
LEVELS_SHOWN: tuple[Level, ...] = ("full", "no-userns")
MODULES_WITH_SLOTS = ("python", "cpp", "java", "javascript")
GROUPS = {"kernel", "resources", "between", "cpp", "java", "javascript"}
"""What faces the kernel. The static gate has a section of its own, and compilers run the same jail."""
PARENTS = {"TLE", "OLE"}
"""Verdicts of a limit that the parent holds, with a clock and a count: no layer plays a part in them."""

REASONS: dict[tuple[Level, str], str] = {
    ("full", "namespaces"): "What they hide is refused by seccomp, or by Landlock, as well.",
    ("full", "landlock"): (
        "At this level the root is empty, or a room of read-only files, before Landlock is asked. It is there for the "
        "day on which a mount leaks or the kernel's namespaces have a hole; at no-userns it stands alone."
    ),
    ("full", "capabilities"): (
        "They are those of a user namespace that owns nothing, and seccomp refuses every call that asks for one. "
        "Dropping them costs nothing and takes away the namespace's own powers, should the filter have a hole."
    ),
    ("no-userns", "capabilities"): (
        "Root becomes an ordinary user before anything else, so there are none left to drop but on a machine that "
        "hands them to ordinary users."
    ),
    ("full", "cgroup"): (
        "Memory of one process is held by rlimits and by the runtime itself. The group counts what those cannot: the "
        "sum over processes and threads of a compiler or runtime, and files in memory."
    ),
    ("no-userns", "cgroup"): "As at full.",
}
"""Why a layer is there although it alone holds nothing."""


INTRODUCTION = """# What each layer of the sandbox holds alone

Written by `make ablation` on {today}, Linux {kernel}, {machine}; not by hand. One layer is taken away at a time, and
every attack of `tests/escape/cases` that faces the kernel is run against the rest. An attack is held when it gets the
verdict that it must get and prints no `BREACH`. Most are held by two layers or more, and so stand in no row.
"""
GATE = """## The static gate

It alone holds what is no attack on the machine but on the reader: {names}. All that it refuses beyond that the kernel
holds as well; it is there to teach, at once and with a line.
"""


@dataclass
class Findings:
    """Of one level: names of attacks that went through, by the layer that was missing."""

    level: Level
    tried: int = 0
    unheld: list[str] = field(default_factory=list)
    alone: dict[Layer, list[str]] = field(default_factory=dict)


def main() -> int:
    """Writes the report. 1 when an attack went through every layer, or a layer holds nothing and has no reason."""
    if os.geteuid() == 0 and INSIDE not in os.environ:
        command = [
            "unshare",
            "--fork",
            "--pid",
            "--mount-proc",
            "--kill-child",
            sys.executable,
            "-m",
            "tests.escape.ablation",
        ]
        return subprocess.run(command, env={**os.environ, INSIDE: "1"}, check=False).returncode
    os.environ["CANARY"] = CANARY
    found = [_ablated(level) for level in LEVELS_SHOWN]
    gate = _held_by_the_gate()
    REPORT.write_text(_report(found, gate))
    print(f"wrote {REPORT}")
    silent = [(f.level, layer) for f in found for layer, names in f.alone.items() if not names]
    missing = [
        f"{level}: {layer} holds nothing and has no reason" for level, layer in silent if (level, layer) not in REASONS
    ]
    missing += [f"{f.level}: {name} goes through all layers" for f in found for name in f.unheld]
    print("\n".join(missing))
    return 1 if missing else 0


def _ablated(level: Level) -> Findings:
    layers = [layer for layer in LAYERS if layer in layers_of(level)]
    findings = Findings(level, alone={layer: [] for layer in layers})
    with ExitStack() as stack:
        stages: dict[Layer | None, Stage] = {layer: Stage(stack) for layer in (None, *layers)}
        for payload in _attacks(level):
            findings.tried += 1
            if not _holds(stages[None], payload, level, None):
                findings.unheld.append(payload.id)
                continue
            for layer in layers:
                # Twice, so that a host that was busy for a moment is no finding.
                if not _holds(stages[layer], payload, level, layer) and not _holds(
                    stages[layer], payload, level, layer
                ):
                    findings.alone[layer].append(payload.id)
                    print(f"{level} without {layer}: {payload.id}", flush=True)
    return findings


def _attacks(level: Level) -> Iterator[Payload]:
    for payload in payloads():
        language = LANGUAGES[payload.language]
        here = level in payload.levels and fits(language, level) and language.toolchain().ok
        tame = INSIDE in os.environ or not payload.destructive
        if payload.group in GROUPS and here and tame and not PARENTS.issuperset(payload.bare) and payload.id[0] != "V":
            yield payload


def _holds(stage: Stage, payload: Payload, level: Level, without: Layer | None) -> bool:
    """Whether the attack ends as it must. What the sandbox itself does not survive, it does not hold."""
    before = set(files())
    with _slots_without(without):
        try:
            runner = stage.runner(payload.language, level)
            result = judged(runner, payload.language, payload.source, payload.challenge, gate=False, cases=1)
        except (SlotLost, AssertionError) as error:
            print(f"{level} without {without}: {payload.id}: {type(error).__name__} {error}", flush=True)
            stage.opened.pop((payload.language, level, ""), None)
            return False
    _remove(set(files()) - before)
    breach = any("BREACH" in f"{one.output}{one.stdout}" for one in result.judged)
    return str(result.verdict) in payload.bare and not breach and CANARY not in repr(result)


def _remove(found: set[str]) -> None:
    """What an attack left on this machine when the layer in its way was missing."""
    for path in map(Path, found):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def _slots_without(layer: Layer | None) -> Iterator[None]:
    """Within, languages make slots that lack a layer."""
    thin = partial(Slot, without=frozenset({layer} if layer else ()))
    with ExitStack() as stack:
        for name in MODULES_WITH_SLOTS:
            stack.enter_context(mock.patch(f"python_duel.languages.{name}.Slot", thin))
        yield


def _held_by_the_gate() -> list[str]:
    """Attacks that nothing else would have kept from the verdict AC."""
    with ExitStack() as stack:
        runner = Stage(stack).runner("python", "full")
        return [
            p.id
            for p in payloads()
            if p.language == "python" and p.gate == ("REJ",) and "AC" in p.bare
            if judged(runner, "python", p.source, p.challenge, gate=False).passed
            and judged(runner, "python", p.source, p.challenge, gate=True).refusal is not None
        ]


def _report(found: list[Findings], gate: list[str]) -> str:
    kernel, today = platform.release(), datetime.now(UTC).date()
    parts = [INTRODUCTION.format(today=today, kernel=kernel, machine=platform.machine())]
    for one in found:
        parts.append(f"## Level {one.level}: {one.tried} attacks, {len(one.unheld)} of them not held\n")
        parts.append("| without | goes through |\n|---|---|")
        parts += [f"| {layer} | {_cell(one.level, layer, names)} |" for layer, names in one.alone.items()]
        parts.append("")
    parts.append(GATE.format(names=_names(gate)))
    return "\n".join(parts)


def _cell(level: Level, layer: Layer, names: list[str]) -> str:
    return f"{len(names)}: {_names(names)}" if names else f"nothing. {REASONS.get((level, layer), 'NO REASON')}"


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    sys.exit(main())
