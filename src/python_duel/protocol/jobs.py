"""What web and judge say to each other over Redis streams: one job in, one result out.

Keys (the judge's Redis user may touch `judge:*` and read `challenge:*`, nothing else):

- `judge:jobs`, a stream; consumer group `judges`; field `job` holds a `Job` as JSON.
- `judge:results`, a stream; consumer group `web`; field `result` holds a `JobResult` as JSON.
- `judge:workers`, a sorted set: worker name by the time of its last heartbeat (ms).
- `judge:level:{name}`: its isolation level.
- `judge:dead`, a stream of jobs that were delivered too often.
- `challenge:{digest}`, a challenge package with its hidden tests, as JSON.
"""

from typing import Literal

from python_duel.protocol.base import Id, Language, ServerMessage
from python_duel.protocol.verdict import CaseResult, Verdict

JOBS = "judge:jobs"
JOBS_GROUP = "judges"
RESULTS = "judge:results"
RESULTS_GROUP = "web"
WORKERS = "judge:workers"
DEAD = "judge:dead"


def challenge_key(digest: str) -> str:
    """The key of a challenge blob."""
    return f"challenge:{digest}"


def level_key(worker: str) -> str:
    """The key that holds a worker's isolation level."""
    return f"judge:level:{worker}"


class Job(ServerMessage):
    """One program to judge. A `submission` meets every case, a `run` the samples or the player's own input."""

    kind: Literal["submission", "run"]
    job_id: str
    """The submission's row id, or `<unique>:<run_id>`."""
    duel_id: Id
    player_id: Id
    language: Language
    code: str
    challenge: str
    """Digest of the challenge package."""
    input: str | None = None
    attempt: int = 1


class JobResult(ServerMessage):
    """The judge's answer. `cases` holds only what the author may see: samples or the own input."""

    job: Job
    verdict: Verdict
    passed: int
    total: int
    time_ms: int
    """CPU time of the slowest case."""
    memory_kb: int
    """Peak of the largest case."""
    judged_ms: int
    """Wall time from taking the job to the verdict."""
    message: str | None = None
    line: int | None = None
    column: int | None = None
    cases: list[CaseResult] = []
