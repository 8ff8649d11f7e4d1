"""The kernel's limits on one process, by what it is for. CPU time of a case is the parent's to watch."""

import resource

from python_duel.sandbox import limits
from python_duel.sandbox.room import Profile

NONE: dict[int, int] = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_MEMLOCK: 0,
    resource.RLIMIT_MSGQUEUE: 0,
    resource.RLIMIT_SIGPENDING: limits.PENDING_SIGNALS,
}


def alone(memory_bytes: int) -> dict[int, int]:
    """For a source or a binary: one process with memory and nothing else."""
    return NONE | {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: limits.PROCESS_CPU_S,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: limits.OPEN_FILES,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_STACK: limits.STACK_BYTES,
    }


def in_room(profile: Profile, memory_bytes: int, namespaces: bool) -> dict[int, int]:
    """For a command of a room. Threads and processes are counted by user: without a user namespace that would count
    those of the host too, so there only memory bounds them.
    """
    count = {resource.RLIMIT_NPROC: limits.ROOM_PROCESSES} if namespaces else {}
    both = NONE | count | {resource.RLIMIT_NOFILE: limits.ROOM_OPEN_FILES}
    if profile == "build":
        return both | {
            resource.RLIMIT_AS: memory_bytes,
            resource.RLIMIT_CPU: limits.BUILD_CPU_S,
            resource.RLIMIT_FSIZE: limits.BUILD_FILE_BYTES,
            resource.RLIMIT_STACK: limits.STACK_BYTES,
        }
    return both | {
        # Runtimes reserve far more address space than they use: what counts is what they may write to.
        resource.RLIMIT_DATA: memory_bytes,
        resource.RLIMIT_CPU: limits.SESSION_CPU_S if profile == "session" else limits.PROCESS_CPU_S,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_STACK: limits.ROOM_STACK_BYTES,
    }
