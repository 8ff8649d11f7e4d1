"""Many submissions at once, honest and hostile, through a real judge: one verdict each, the right one, nothing left."""

import random
import signal
from collections import Counter
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import pytest

from python_duel.challenges.package import Checker, Limits, Package, TestCase
from python_duel.languages import available
from python_duel.protocol.jobs import JOBS, QUEUED, TURNS, WORKERS, Job
from python_duel.protocol.server import Parameter, Signature
from python_duel.protocol.verdict import Verdict
from tests.judge.conftest import Judge, Web, alive, descendants, job, until

FIELDS = {"title": "t", "difficulty": 1, "statement": "s", "starter": {}, "limits": Limits(cpu_ms=400)}
TWICE = Package.model_validate(
    {
        **FIELDS,
        "slug": "twice",
        "kind": "function",
        "signature": Signature(name="twice", parameters=[Parameter(name="n", type="int")], returns="int"),
        "checker": Checker(kind="exact"),
        "samples": [TestCase(name="one", args=[1], expected=2)],
        "hidden": [TestCase(name=f"h{n}", args=[n], expected=2 * n) for n in range(2, 11)],
    }
)
ECHO = Package.model_validate(
    {
        **FIELDS,
        "slug": "twice-io",
        "kind": "stdio",
        "checker": Checker(kind="tokens"),
        "samples": [TestCase(name="one", stdin="1\n", expected="2")],
        "hidden": [TestCase(name=f"h{n}", stdin=f"{n}\n", expected=str(2 * n)) for n in (2, 3)],
    }
)
HONEST = [
    ("python", TWICE, "def twice(n): return 2 * n", Verdict.AC),
    ("python", TWICE, "def twice(n):\n    return sum(n for _ in range(2))", Verdict.AC),
    ("python", ECHO, "print(2 * int(input()))", Verdict.AC),
    ("python", TWICE, "def twice(n): return n * n", Verdict.WA),
    ("python", TWICE, "def twice(n): return [][n]", Verdict.RE),
    ("python", TWICE, "def twice(n) return 2", Verdict.CE),
    ("python", ECHO, "print(3)", Verdict.WA),
    ("cpp", TWICE, "long long twice(long long n) { return 2 * n; }", Verdict.AC),
    ("cpp", TWICE, "long long twice(long long n) { return n; }", Verdict.WA),
    ("java", TWICE, "class Solution { static long twice(long n) { return 2 * n; } }", Verdict.AC),
    ("javascript", TWICE, "function twice(n) { return 2 * n; }", Verdict.AC),
    ("javascript", TWICE, "function twice(n) { return n + 2; }", Verdict.WA),
]
HOSTILE = [
    ("python", TWICE, "import os\nos.system('id')", Verdict.REJ),
    ("python", TWICE, "def twice(n):\n    while True: pass", Verdict.TLE),
    ("python", TWICE, "def twice(n): return len('x' * 10**9)", Verdict.MLE),
    ("python", TWICE, "def twice(n):\n    while True: print('x' * 9999)", Verdict.OLE),
    ("python", TWICE, "def twice(n): return twice(n)", Verdict.RE),
    ("python", TWICE, "def twice(n): raise SystemExit", Verdict.RE),
    ("python", ECHO, "while True: print('x' * 99999)", Verdict.OLE),
    ("cpp", TWICE, 'long long twice(long long n) { for (;;) asm volatile(""); }', Verdict.TLE),
]
PLAYERS = 12


def mix(count: int, languages: set[str]) -> list[tuple[Job, Package, Verdict]]:
    """So many submissions of several players, a quarter of them hostile, in an order that is the same each time."""
    honest, hostile = ([one for one in some if one[0] in languages] for some in (HONEST, HOSTILE))
    chosen = [*islice(cycle(honest), count - count // 4), *islice(cycle(hostile), count // 4)]
    random.Random(count).shuffle(chosen)
    return [
        (job(package, code, job_id=f"j{n}", player_id=f"p{n % PLAYERS}", language=language), package, verdict)
        for n, (language, package, code, verdict) in enumerate(chosen)
    ]


def resident_kb(pid: int) -> int:
    """The memory a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def flood(web: Web, judge: Judge, jobs: list[tuple[Job, Package, Verdict]], seconds: float) -> None:
    """Hands all over at once; every one gets its verdict, and only one."""
    before = await web.redis.xlen("{judge}:results")
    for one, package, _ in jobs:
        await web.put(one, package)
    results = (await web.results(before + len(jobs), seconds))[before:]
    wanted = {one.job_id: verdict for one, _, verdict in jobs}
    assert Counter(result.job.job_id for result in results) == Counter(wanted.keys())
    wrong = [(result.job.language, result.job.code, result.verdict, result.message)
             for result in results if result.verdict != wanted[result.job.job_id]]  # fmt: skip
    assert wrong == []
    assert await web.redis.xlen(JOBS) == await web.redis.exists(QUEUED, TURNS) == 0
    assert judge.poll() is None


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(1500)])])
async def test_each_of_many_submissions_gets_its_one_verdict(
    web: Web, start_judge: Callable[..., Judge], count: int
) -> None:
    languages = {language.name for language in available("full")} if count > 60 else {"python"}
    judge = start_judge(slots=2)

    async def announced() -> bool:
        return bool(await web.redis.zcard(WORKERS))

    await until(announced, 30)
    await flood(web, judge, mix(48, languages), 400)  # every language has been opened, every cache made
    memory, open_files, family = resident_kb(judge.pid), descriptors(judge.pid), len(descendants(judge.pid))
    await flood(web, judge, mix(count, languages), 20 + count)
    assert resident_kb(judge.pid) - memory < 16_000

    async def settled() -> bool:
        return descriptors(judge.pid) <= open_files + 4 and len(descendants(judge.pid)) <= family + 2

    await until(settled, 20)
    everybody = descendants(judge.pid)
    judge.send_signal(signal.SIGTERM)
    assert judge.wait(30) == 0
    assert not any(map(alive, everybody))
