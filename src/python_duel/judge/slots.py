"""The slots of one judge process: each has a thread, so that a running program never blocks the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from python_duel.challenges.package import Package
from python_duel.judge.gate import CHECK
from python_duel.judge.jobs import judge
from python_duel.protocol.jobs import Job, JobResult
from python_duel.sandbox import Level, Slot


class Slots:
    """`count` slots, and as many threads. Close it at the end."""

    def __init__(self, count: int, level: Level) -> None:
        """Raises SandboxError when this machine cannot do `level`."""
        self.count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="slot")
        self.all: list[Slot] = []
        self._free: SimpleQueue[Slot] = SimpleQueue()
        try:
            for _ in range(count):
                self.all.append(Slot(level, CHECK))
                self._free.put(self.all[-1])
        except BaseException:
            self.close()
            raise

    async def judge(self, job: Job, package: Package) -> JobResult:
        """Waits for a free slot and judges."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._judge, job, package)

    def _judge(self, job: Job, package: Package) -> JobResult:
        slot = self._free.get()
        try:
            return judge(slot, job, package)
        finally:
            self._free.put(slot)

    def close(self) -> None:
        """Ends every program, those that still run too, and waits for the threads."""
        for slot in self.all:
            slot.abort()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for slot in self.all:
            slot.close()
