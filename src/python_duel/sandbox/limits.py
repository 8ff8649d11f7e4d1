"""Every limit of the sandbox and of judging, in one place."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB

CPU_MS = 2_000
"""CPU time of one test case."""
MEMORY_BYTES = 128 * MIB
"""Address space of one program, the interpreter included."""
LEAST_MEMORY_BYTES = 64 * MIB
"""Less than this and the interpreter itself has no room."""
OUTPUT_BYTES = MIB
"""What one program may write to standard output and standard error together, and one function may answer."""
SOURCE_BYTES = 64 * KIB
"""The longest program; the setting `code_bytes` may be lower or higher for submissions."""

WALL_FACTOR = 2
WALL_EXTRA_MS = 500
"""Wall time is the backstop for a program that waits: CPU limit times the factor, and the extra."""
TOTAL_MS = 30_000
"""All cases of one submission together, by the clock on the wall; cases not reached count as failed."""
PROCESS_CPU_S = 40
"""CPU time of one process: the kernel's own backstop; it must exceed TOTAL_MS."""
CHECK_MS = 2_000
"""CPU time of the check and the compiler, before a program begins and its own time counts."""

OPEN_FILES = 8
STACK_BYTES = 64 * MIB
"""Room for deep recursion through C code, such as a cached function's: some 100,000 levels, and half the memory."""
PENDING_SIGNALS = 8

JOB_BYTES = 64 * MIB
"""The longest job frame a child will read."""
CAPTURED_BYTES = 32 * KIB
"""What a function prints is counted in full; so much of it, of each stream, is kept to be shown."""
FRAME_BYTES = 4 * MIB
"""The longest frame a parent will read: an answer, at worst twice as long in JSON, and what was captured, six times."""
CHANNEL_BYTES = 64 * MIB
"""All frames of one child together."""
WINDOW_CASES = 16
"""So many cases may be in a process at once, so that it need not wait for the next one."""
WINDOW_BYTES = 64 * KIB
"""Beyond so many bytes of them, the next case waits."""
JSON_DEPTH = 100
JSON_DIGITS = 4_300
"""The longest integer in an answer, in decimal digits."""
TRACE_FRAMES = 6
"""The innermost lines of the player's own that a traceback shows."""
TEXT_CHARS = 2_000
"""The longest message, and the longest traceback."""
DISPLAY_CHARS = 8_192
"""The longest piece of input or output shown to a player."""

ROOM_OPEN_FILES = 64
ROOM_PROCESSES = 64
"""Threads of a runtime, its own included; processes of a compiler."""
ROOM_STACK_BYTES = 8 * MIB
"""The default stack of a thread in a runtime."""
SESSION_CPU_S = 600
"""CPU time of a session over all its requests; it is replaced long before."""

BUILD_MEMORY_BYTES = 1024 * MIB
BUILD_CPU_S = 10
"""CPU time of each process of a compiler."""
BUILD_WALL_MS = 20_000
BUILD_FILE_BYTES = 64 * MIB
"""The longest file that a compiler may write."""
BUILD_SPACE_BYTES = 192 * MIB
"""All files of one build together."""
DIAGNOSTICS_BYTES = 64 * KIB
"""What a compiler may say; after that it is stopped."""

SLOT_MEMORY_BYTES = 96 * MIB
"""What a slot's cgroup may hold beside the program: zygote, the next child, pipes."""
SLOT_PROCESSES = 16
"""Processes in the cgroup of a slot without a room."""

START_S = 60.0
"""How long a zygote may take to be ready: that of a judge stands behind all else that runs on the machine."""
REPLY_S = 20.0
"""How long a zygote may take to make or to reap a child; a host may be busy."""
CHILDREN_AT_ONCE = 8
"""So many may be there that the zygote has not reaped yet: the next run does not wait for the end of the last."""
CLOSE_S = 1.0
"""How long a zygote may take to end what it made; then it is killed."""
RUNS_PER_ZYGOTE = 2_000
"""A zygote is replaced after this many children."""

LOOK_MS = 100
"""How often a parent looks at its child at least."""
STILL_S = WALL_EXTRA_MS / 1000
"""When two looks are further apart, the parent stood still. Nothing that a child says keeps it busy for so long, and a
shorter stop is within what wall limits leave.
"""

MAX_RESTARTS = 3
"""How often the rest of a submission goes on in a new process after one was stopped."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use. `cpu_ms` is for each test case, `total_ms` the wall time of all of them.

    `shown`: what a function prints in so many of the first cases will be shown to its author, so no later case is in
    its reach before they are answered.
    """

    cpu_ms: int = CPU_MS
    memory_bytes: int = MEMORY_BYTES
    output_bytes: int = OUTPUT_BYTES
    total_ms: int = TOTAL_MS
    shown: int = 0

    @property
    def wall_ms(self) -> int:
        """How long one case may take by the clock on the wall."""
        return self.cpu_ms * WALL_FACTOR + WALL_EXTRA_MS


DEFAULT = Limits()
CHECK = Limits(cpu_ms=CHECK_MS)
CHECKER = Limits(memory_bytes=256 * MIB)
"""For a challenge's own checker; `cpu_ms` is for each case here too."""
