"""The slots of one judge process: each has a thread, so that a running program never blocks the event loop."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread

from python_duel.challenges.package import Package
from python_duel.judge.jobs import judge
from python_duel.languages import LANGUAGES, Runner
from python_duel.protocol.jobs import Job, JobResult
from python_duel.sandbox import Level, SandboxError, SlotLost


class Bench:
    """The runners of one thread, one a language, each opened at its first use."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.losses = 0
        """How often a runner failed while it judged; it starts again by itself."""
        self._runners: dict[str, Runner] = {}
        self._aborted = False
        self._lock = Lock()

    def runner(self, language: str) -> Runner:
        """The runner of a language. Raises SandboxError when this machine cannot do it, SlotLost after `abort`."""
        found = self._runners.get(language)
        if found is None:
            found = self._keep(language, LANGUAGES[language].open(self.level))
        return found

    def judge(self, job: Job, package: Package) -> JobResult:
        """One job from beginning to end."""
        return judge(self.runner, job, package, self._lost)

    def _lost(self) -> None:
        self.losses += 1

    def _keep(self, language: str, runner: Runner) -> Runner:
        with self._lock:
            if not self._aborted:
                self._runners[language] = runner
                return runner
        runner.close()
        raise SlotLost("the slot was aborted")

    def abort(self) -> None:
        """Ends every program, from any thread; no other one begins."""
        with self._lock:
            self._aborted = True
            for runner in self._runners.values():
                runner.abort()

    def close(self) -> None:
        """Ends every process of it, and waits for that."""
        for runner in self._runners.values():
            runner.close()


class Slots:
    """`count` slots, and as many threads. Close it at the end."""

    def __init__(self, count: int, level: Level) -> None:
        """Python is opened at once, other languages when they are needed. Raises SandboxError when this machine cannot
        do `level`.
        """
        self.count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="slot")
        self.all = [Bench(level) for _ in range(count)]
        self._free: SimpleQueue[Bench] = SimpleQueue()
        self._warming: Thread | None = None
        try:
            for bench in self.all:
                bench.runner("python")
                self._free.put(bench)
        except BaseException:
            self.close()
            raise

    @property
    def losses(self) -> int:
        """How often a slot failed since the start."""
        return sum(bench.losses for bench in self.all)

    def warm_up(self, languages: Sequence[str]) -> None:
        """Makes, beside the slots, what a language compiles once for a machine: no job shall wait for that."""
        self._warming = Thread(target=_open_each, args=(languages, self.all[0].level), name="warm-up")
        self._warming.start()

    async def judge(self, job: Job, package: Package) -> JobResult:
        """Waits for a free slot and judges."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._judge, job, package)

    def _judge(self, job: Job, package: Package) -> JobResult:
        bench = self._free.get()
        try:
            return bench.judge(job, package)
        finally:
            self._free.put(bench)

    def close(self) -> None:
        """Ends every program, those that still run too, and waits for the threads."""
        for bench in self.all:
            bench.abort()
        self._threads.shutdown(wait=True, cancel_futures=True)
        if self._warming is not None:
            self._warming.join()
        for bench in self.all:
            bench.close()


def _open_each(languages: Sequence[str], level: Level) -> None:
    """One that fails will fail the first job that needs it, too, and say why there."""
    for language in languages:
        with suppress(SandboxError, OSError), LANGUAGES[language].open(level):
            pass
