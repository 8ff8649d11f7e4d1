"""Programs in a slot: what they may do, what stops them, what is left of them."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from python_duel.sandbox import Ending, Limits, SandboxError, Slot, SlotLost, limits
from python_duel.sandbox.launch import interpreter
from python_duel.sandbox.limits import MIB
from python_duel.sandbox.wire import frame

QUICK = Limits(cpu_ms=200)


def test_a_program_reads_and_writes(slot: Slot) -> None:
    outcome = slot.script("import sys\nprint(input(), sys.stdin.read())\nprint('e', file=sys.stderr)", b"a\nb")
    assert (outcome.ending, outcome.exit_code, outcome.stdout, outcome.stderr) == (Ending.EXITED, 0, b"a b\n", b"e\n")


@pytest.mark.parametrize(
    "read",
    [
        "input()",
        "open(0).readline()",
        "open(0, 'rb').readline().decode()",
        "sys.stdin.readline()",
        "sys.stdin.buffer.readline().decode()",
    ],
)
def test_every_way_to_read_works(slot: Slot, read: str) -> None:
    assert slot.script(f"import sys\nprint({read}.strip())", "äöü\n".encode()).stdout == "äöü\n".encode()


def test_input_longer_than_a_pipe_arrives_whole(slot: Slot) -> None:
    assert slot.script("import sys; print(len(sys.stdin.read()))", b"x" * 3_000_000).stdout == b"3000000\n"


def test_a_program_may_leave_its_input_unread(slot: Slot) -> None:
    assert slot.script("print(1)", b"x" * 1_000_000).stdout == b"1\n"


@pytest.mark.parametrize(
    ("source", "code", "err"),
    [("exit(3)", 3, b""), ("raise SystemExit", 0, b""), ("raise SystemExit('why')", 1, b"why\n"), ("1/0", 1, b"")],
)
def test_exit_codes_are_pythons(slot: Slot, source: str, code: int, err: bytes) -> None:
    outcome = slot.script(source)
    assert (outcome.ending, outcome.exit_code, outcome.stderr) == (Ending.EXITED, code, err)


@pytest.mark.parametrize("last", ["sys.stdout.close()", "sys.stdout = None", "sys.stdout = io.StringIO()", "exit()"])
def test_what_was_printed_is_output_whatever_became_of_the_stream(slot: Slot, last: str) -> None:
    outcome = slot.script(f"import io, sys\nprint(1)\n{last}")
    assert (outcome.exit_code, outcome.stdout) == (0, b"1\n")


def test_what_atexit_prints_is_output(slot: Slot) -> None:
    assert slot.script("import atexit\natexit.register(print, 1)\nprint(0)").stdout == b"0\n1\n"


def test_a_traceback_has_the_own_lines_and_no_path_of_the_host(slot: Slot) -> None:
    outcome = slot.script("import heapq\ndef f(x):\n    heapq.heappop(x)\nf([])")
    assert outcome.failure is not None
    assert (outcome.failure.type, outcome.failure.line) == ("IndexError", 3)
    assert 'File "solution.py", line 3, in f\n    heapq.heappop(x)' in outcome.failure.text
    assert "/lib/" not in outcome.failure.text


def test_calls_are_answered_in_order(slot: Slot) -> None:
    outcome = slot.call("def f(a, b):\n    print(a)\n    return [a, b]", "f", ["[1, 2]", '["x", null]'])
    assert outcome.ending is Ending.ANSWERED
    assert [(a.value, a.stdout) for a in outcome.answers] == [([1, 2], "1\n"), (["x", None], "x\n")]


def test_a_failing_call_does_not_keep_the_next_from_its_answer(slot: Slot) -> None:
    outcome = slot.call("def f(a):\n    return 1 / a", "f", ["[0]", "[2]"])
    assert [(a.error and a.error.type, a.value) for a in outcome.answers] == [("ZeroDivisionError", None), (None, 0.5)]


@pytest.mark.parametrize(
    "value", ["(1, 2)", "{1}", "{1: 2}", "float('nan')", "iter([])", "range(3)", "b'x'", "'\\ud800'", "'\\0'", "print"]
)
def test_only_json_values_are_answers(slot: Slot, value: str) -> None:
    [answer] = slot.call(f"def f():\n    return {value}", "f", ["[]"]).answers
    assert answer.unfit
    assert answer.text is None


def test_a_slow_call_in_the_middle_of_a_window_is_the_one_that_is_charged(slot: Slot) -> None:
    source = "def f(n):\n    while n == 13: pass\n    print(n)\n    return n"
    outcome = slot.call(source, "f", [f"[{n}]" for n in range(30)], QUICK)
    assert (outcome.ending, [a.value for a in outcome.answers]) == (Ending.CPU, list(range(13)))
    assert outcome.cpu_ms - sum(a.cpu_ms for a in outcome.answers) >= 150


def test_a_crash_in_the_middle_of_a_window_leaves_the_answers_before_it(slot: Slot) -> None:
    source = "import posix\ndef f(n):\n    if n == 13: posix._exit(7)\n    return n"
    outcome = slot.call(source, "f", [f"[{n}]" for n in range(30)])
    assert (outcome.ending, outcome.exit_code, len(outcome.answers)) == (Ending.EXITED, 7, 13)


def test_what_is_printed_belongs_to_its_case_throughout_a_window(slot: Slot) -> None:
    source = "import sys\ndef f(n):\n    print(n)\n    print(-n, file=sys.stderr)\n    return n"
    outcome = slot.call(source, "f", [f"[{n}]" for n in range(100)])
    assert [(a.value, a.stdout, a.stderr) for a in outcome.answers] == [(n, f"{n}\n", f"{-n}\n") for n in range(100)]


def test_a_program_that_cannot_ring_is_heard_all_the_same(slot: Slot) -> None:
    outcome = slot.call("import posix\nposix.close(2)\ndef f(n): return n", "f", [f"[{n}]" for n in range(30)])
    assert [a.value for a in outcome.answers] == list(range(30))
    assert outcome.stderr == b""


def test_the_bell_is_no_output(slot: Slot) -> None:
    source = "import posix\ndef f(n):\n    if n == 29: posix.write(2, b'end') and posix._exit(1)"
    outcome = slot.call(source, "f", [f"[{n}]" for n in range(30)])
    assert (outcome.stderr, len(outcome.answers)) == (b"end", 29)


def test_long_arguments_are_handed_over_whole(slot: Slot) -> None:
    text = "x" * 500_000
    outcome = slot.call("def f(s): return len(s)", "f", [json.dumps([text])] * 12)
    assert [a.value for a in outcome.answers] == [500_000] * 12


def test_programs_that_nobody_waits_for_leave_nothing(own_slot: Slot) -> None:
    own_slot.script("pass")
    own_slot.settle()
    before, family = _descriptors(), len(_family(own_slot.pid))
    for _ in range(300):
        assert own_slot.call("def f(): return 1", "f", ["[]"]).ending is Ending.ANSWERED
    own_slot.settle()
    assert _descriptors() == before
    assert len(_family(own_slot.pid)) == family


def test_the_peak_memory_of_a_killed_program_is_told(slot: Slot) -> None:
    small = slot.call("def f(): return 1", "f", ["[]"])
    large = slot.call("def f(): return len(bytearray(40 << 20))", "f", ["[]"])
    assert large.memory_kb - small.memory_kb > 35 << 10


def test_an_exit_is_the_programs_own_word(slot: Slot) -> None:
    source = "import posix\nposix.write(1, b'ok')\nposix.write(3, b'\\0\\0\\0\\x0b{\"exit\": 4}')\nwhile True: pass"
    outcome = slot.script(source)
    assert (outcome.ending, outcome.exit_code, outcome.stdout) == (Ending.EXITED, 4, b"ok")


def test_a_missing_function_is_explained(slot: Slot) -> None:
    outcome = slot.call("def g(): pass", "f", ["[]"])
    assert outcome.failure is not None
    assert "'f' is not defined" in outcome.failure.text


def test_an_endless_loop_is_stopped_soon_after_its_cpu_time(slot: Slot) -> None:
    outcome = slot.script("while True: pass", limits=QUICK)
    assert outcome.ending is Ending.CPU
    assert 200 <= outcome.cpu_ms <= 300


def test_one_slow_call_is_stopped_and_the_others_keep_their_answers(slot: Slot) -> None:
    source = "def f(n):\n    while n == 2: pass\n    return n"
    outcome = slot.call(source, "f", ["[1]", "[2]", "[3]"], QUICK)
    assert (outcome.ending, [a.value for a in outcome.answers]) == (Ending.CPU, [1])


def test_each_call_has_the_whole_cpu_time(slot: Slot) -> None:
    source = "import time\ndef f(n):\n    end = time.process_time() + 0.15\n    while time.process_time() < end: pass"
    outcome = slot.call(source, "f", ["[1]", "[2]", "[3]"], QUICK)
    assert outcome.ending is Ending.ANSWERED
    assert sum(a.cpu_ms for a in outcome.answers) >= 440


def test_the_time_of_a_call_is_its_own(slot: Slot) -> None:
    source = (
        "import time\ndef f(n):\n"
        "    end = time.process_time() + 0.1 * (n == 2)\n    while time.process_time() < end: pass"
    )
    first, second, third = slot.call(source, "f", ["[1]", "[2]", "[3]"], QUICK).answers
    assert second.cpu_ms >= 100
    assert max(first.cpu_ms, third.cpu_ms) < 50


def test_a_busy_host_stops_nobody() -> None:
    source = "import time\nend = time.process_time() + 0.18\nwhile time.process_time() < end: pass\nprint(1)"
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everywhere)})  # what is started from here on shares one CPU
    try:
        neighbours = [
            subprocess.Popen([interpreter(), "-c", "while True: pass"], start_new_session=True) for _ in range(9)
        ]
        with Slot() as slot:
            outcome = slot.script(source, limits=QUICK)
    finally:
        os.sched_setaffinity(0, everywhere)
        for one in neighbours:
            one.kill()
            one.wait()
    assert (outcome.ending, outcome.stdout) == (Ending.EXITED, b"1\n")
    assert outcome.starved_ms > QUICK.wall_ms


def test_all_calls_together_have_an_end(slot: Slot) -> None:
    source = "import time\ndef f(n): time.sleep(0.2)"
    outcome = slot.call(source, "f", ["[1]"] * 50, Limits(total_ms=500))
    assert (outcome.ending, len(outcome.answers)) == (Ending.WALL, 2)


def test_the_kernels_backstop_is_beyond_the_limits() -> None:
    assert limits.PROCESS_CPU_S * 1000 > limits.TOTAL_MS + limits.CHECK_MS


@pytest.mark.slow
def test_many_calls_near_their_limit_are_all_answered(slot: Slot) -> None:
    source = "import time\ndef f(n):\n    end = time.process_time() + 0.9\n    while time.process_time() < end: pass"
    assert slot.call(source, "f", ["[1]"] * 13, Limits(cpu_ms=1000)).ending is Ending.ANSWERED


def test_large_answers_to_many_calls_fit_into_memory(own_slot: Slot) -> None:
    before = _resident_mb()
    outcome = own_slot.call("def f(n): return [[]] * 250000", "f", ["[1]"] * 20)
    assert [len(answer.value) for answer in outcome.answers] == [250_000] * 20
    assert _resident_mb() - before < 120


def test_output_that_just_fits_hides_no_failure(slot: Slot) -> None:
    for _ in range(10):
        outcome = slot.script("print('x' * 65535, flush=True)\n1 / 0", limits=Limits(output_bytes=65536))
        assert (outcome.ending, len(outcome.stdout)) == (Ending.EXITED, 65536)
        assert outcome.failure is not None
        assert slot.script("print('x' * 65536)", limits=Limits(output_bytes=65536)).ending is Ending.OUTPUT


def test_a_function_may_print_what_is_long_in_json(slot: Slot) -> None:
    [answer] = slot.call("def f():\n    print('\\1' * 1_000_000)\n    return '\"' * 500_000", "f", ["[]"]).answers
    assert answer.value == '"' * 500_000
    assert answer.stdout == "\1" * limits.CAPTURED_BYTES


def test_a_sleeper_is_stopped_by_the_wall(slot: Slot) -> None:
    outcome = slot.script("import time; time.sleep(60)", limits=QUICK)
    assert outcome.ending is Ending.WALL
    assert outcome.cpu_ms < 100


def test_memory_is_limited_and_the_limit_can_be_chosen(slot: Slot) -> None:
    source = "x = bytearray(150 << 20)\nprint(len(x) >> 20)"
    refused = slot.script(source)
    assert refused.failure is not None
    assert refused.failure.type == "MemoryError"
    assert slot.script(source, limits=Limits(memory_bytes=256 * MIB)).stdout == b"150\n"


def test_output_is_cut_at_its_limit(slot: Slot) -> None:
    outcome = slot.script("while True: print('x' * 1000)", limits=Limits(output_bytes=5000))
    assert (outcome.ending, outcome.truncated, len(outcome.stdout)) == (Ending.OUTPUT, True, 5000)


def test_nothing_passes_from_run_to_run(slot: Slot) -> None:
    slot.script("import math, builtins\nmath.pi = 3\nbuiltins.print = None")
    assert slot.script("import math\nprint(math.pi > 3.1)").stdout == b"True\n"


def test_runs_are_repeatable(slot: Slot) -> None:
    source = "import random\nprint(random.random(), {*'abcdef'})"
    assert slot.script(source).stdout == slot.script(source).stdout


def test_a_closed_channel_does_not_hide_a_running_program(slot: Slot) -> None:
    source = "import posix\nfor fd in range(8):\n    try: posix.close(fd)\n    except OSError: pass\nwhile True: pass"
    assert slot.script(source, limits=QUICK).ending is Ending.CPU


def test_a_killed_zygote_is_told_apart_from_a_verdict(own_slot: Slot) -> None:
    own_slot.kill_zygote()
    with pytest.raises(SlotLost):
        own_slot.script("print(1)")
    assert own_slot.script("print(1)").stdout == b"1\n"


def test_a_zygote_killed_in_mid_run_is_no_verdict(own_slot: Slot) -> None:
    killer = threading.Timer(0.2, own_slot.kill_zygote)
    killer.start()
    with pytest.raises(SlotLost):
        own_slot.script("while True: pass")
    killer.join()
    assert own_slot.script("print(1)").stdout == b"1\n"


def test_a_child_that_was_killed_before_its_job_is_replaced(own_slot: Slot) -> None:
    own_slot.script("pass")
    own_slot.settle()
    family = sorted(_family(own_slot.pid))
    deadline = time.monotonic() + 5
    os.kill(family[-1], signal.SIGKILL)
    while _alive(family[-1]):
        assert time.monotonic() < deadline
    assert own_slot.script("print(1)").stdout == b"1\n"


def test_an_aborted_slot_stays_closed(own_slot: Slot) -> None:
    own_slot.abort()
    for _ in range(2):
        with pytest.raises(SlotLost):
            own_slot.script("print(1)")


def test_a_zygote_is_replaced_after_its_runs(own_slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("python_duel.sandbox.limits.RUNS_PER_ZYGOTE", 3)
    pids = []
    for _ in range(6):
        own_slot.script("pass")
        pids.append(own_slot.pid)
    assert len(set(pids)) > 1


def test_closing_leaves_no_process_and_no_descriptor() -> None:
    before = set(Path("/proc/self/fd").iterdir())
    with Slot() as slot:
        slot.script("print(1)")
        slot.script("while True: pass", limits=QUICK)
        deadline = time.monotonic() + 5
        while len(family := _family(slot.pid)) < 2:
            assert time.monotonic() < deadline
    while any(Path(f"/proc/{pid}").exists() for pid in family):
        assert time.monotonic() < deadline
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_a_dead_parent_leaves_no_process() -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        slot = Slot()
        os.write(writer, json.dumps(sorted(_family(slot.pid))).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(writer)
    os.waitpid(pid, 0)
    family = json.loads(os.read(reader, 4096))
    os.close(reader)
    deadline = time.monotonic() + 5
    while any(_alive(one) for one in family):
        assert time.monotonic() < deadline


def test_an_impossible_start_is_explained() -> None:
    with pytest.raises(SandboxError, match="no_such_module"):
        Slot(check="no_such_module:check")


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def _family(pid: int) -> set[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {pid}.union(*(_family(int(child)) for child in children if Path(f"/proc/{child}").exists()))


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB


def _alive(pid: int) -> bool:
    """A zombie that its new parent has not fetched yet is dead enough."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(("after", "failure"), [("os._exit(1)", "MemoryError"), ("print('lives')", None)])
def test_memory_that_ran_out_explains_a_bad_end_and_no_good_one(slot: Slot, after: str, failure: str | None) -> None:
    told = frame(b'{"memory": true}')
    outcome = slot.script(f"import os\nos.write(3, {told!r})\n{after}", check=False)
    assert (outcome.failure and outcome.failure.type) == failure


def test_a_closed_slot_leaves_no_zombie_to_a_process_1_that_does_not_care() -> None:
    """A container's first process inherits what a zygote leaves: here a subreaper of our own."""
    program = (
        "import ctypes, os\n"
        "ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"
        "from python_duel.sandbox import Limits, Slot\n"
        "with Slot() as slot:\n"
        "    slot.script('while True: pass', limits=Limits(cpu_ms=50))\n"
        "    slot.script('pass')\n"
        "print(open(f'/proc/self/task/{os.getpid()}/children').read())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
