"""Rooms: programs that need files of the host, compilers and sessions among them. Perl stands for all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from python_duel.sandbox import Command, Ending, Level, Limits, Overrun, Room, Runtime, SandboxError, Slot, SlotLost
from python_duel.sandbox.levels import problem
from python_duel.sandbox.limits import MIB

PERL = "/usr/bin/perl"
FILES = (PERL, "/usr/lib", "/lib", "/lib64")
MEMORY = Limits(cpu_ms=300, memory_bytes=256 * MIB)
TALK = """
open(my $channel, '+<&=', 3); $| = 1; STDOUT->autoflush(1);
sub take { my ($head, $data) = ('', ''); sysread($channel, $head, 4) == 4 or exit 0;
  my $size = unpack('N', $head);
  while ((my $left = $size - length $data) > 0) { sysread($channel, $data, $left, length $data) or exit 0 }
  return $data }
sub give { my $data = shift; syswrite($channel, pack('N', length $data) . $data) }
"""
RUN = TALK + "my $job = take(); give('{\"ready\": true}'); take(); eval $job; print STDERR $@ if $@;"
SERVE = TALK + "give('{\"ready\": true}'); while (1) { my $request = take(); give(eval $request) }"
BUILD = "my $program = join('', <>); eval $program; print STDERR $@ if $@;"

pytestmark = pytest.mark.skipif(not Path(PERL).exists(), reason="there is no perl here to stand for a toolchain")


def room(program: str, profile: str) -> Room:
    arguments = ("source.pl",) if profile == "build" else ()
    return Room(FILES, (Command((PERL, "-e", program, *arguments), profile),))  # type: ignore[arg-type]


@pytest.fixture(params=["full", "no-userns"])
def level(request: pytest.FixtureRequest) -> Level:
    level: Level = request.param
    if why := problem(level):
        pytest.skip(f"level {level} is not possible here: {why}")
    return level


@pytest.fixture
def runtime(level: Level) -> Iterator[Slot]:
    with Slot(level, room=room(RUN, "runtime")) as slot:
        yield slot


@pytest.fixture
def builder(level: Level) -> Iterator[Slot]:
    with Slot(level, room=room(BUILD, "build")) as slot:
        yield slot


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the host that everybody may read."""
    path = tmp_path
    while path != path.parent and path.is_relative_to("/tmp/pytest-of-root"):
        path.chmod(0o755)
        path = path.parent
    file = tmp_path / "secret"
    file.write_text("canary")
    return file


def run(slot: Slot, program: str, stdin: bytes = b"") -> bytes:
    outcome = slot.script(Runtime(program.encode()), stdin, MEMORY)
    assert outcome.ending is Ending.EXITED, outcome
    return outcome.stdout + outcome.stderr


def test_a_runtime_gets_its_job_and_its_input(runtime: Slot) -> None:
    assert run(runtime, "print scalar <STDIN>", b"hello\n") == b"hello\n"
    assert run(runtime, "print scalar <STDIN>", b"again\n") == b"again\n"


def test_a_runtime_reads_its_files_and_no_other(runtime: Slot, secret: Path) -> None:
    opens = "print open(my $file, '<', '{}') ? 'open' : 'refused'"
    assert run(runtime, opens.format(PERL)) == b"open"
    for path in (secret, "/etc/passwd", "/proc/self/environ", "/proc/1/maps", "/sys/kernel/notes", "/etc"):
        assert run(runtime, opens.format(path)) == b"refused"


@pytest.mark.parametrize("path", ["/usr/bin/perl", "/usr/lib/x", "/tmp/x", "/x", "/dev/random"])
def test_a_runtime_writes_nowhere(runtime: Slot, path: str) -> None:
    assert run(runtime, f"print open(my $file, '>', '{path}') ? 'open' : 'refused'") == b"refused"


@pytest.mark.parametrize("attempt", ["fork()", "system('/usr/bin/perl', '-e', '1') == 0", "kill(0, getppid() || 2)"])
def test_a_runtime_is_alone(runtime: Slot, attempt: str) -> None:
    assert run(runtime, f"print(({attempt}) ? 'done' : 'refused')") == b"refused"


def test_a_runtime_has_limits(runtime: Slot) -> None:
    assert runtime.script(Runtime(b"while (1) {}"), b"", MEMORY).ending is Ending.CPU
    hungry = runtime.script(Runtime(b"my $x = 'x' x (1 << 29); print length $x"), b"", MEMORY)
    assert hungry.stdout == b""
    assert (hungry.exit_code, hungry.signal) != (0, None)


def test_a_runtime_that_does_not_begin_is_no_verdict(level: Level) -> None:
    with Slot(level, room=room("exit 3", "runtime")) as slot, pytest.raises(SlotLost):
        slot.script(Runtime(b""), b"", MEMORY)


def test_an_environment_holds_what_the_command_says(level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "canary")
    command = Command((PERL, "-e", RUN), "runtime", {"GREETING": "hello"})
    with Slot(level, room=Room(FILES, (command,))) as slot:
        assert run(slot, "print join(' ', %ENV)") == b"GREETING hello"


def test_a_build_makes_files_of_files(builder: Slot) -> None:
    starts = f"open(my $in, '-|', '{PERL}', '-e', 'print 6 * 7');"
    source = f"{starts} open(my $out, '>', 'made'); print {{$out}} <$in>; print 'a warning';"
    built = builder.build(0, {"source.pl": source}, ("made",))
    assert (built.status, built.outputs, built.diagnostics) == (0, {"made": b"42"}, "a warning")
    assert built.ok


def test_a_build_that_fails_says_why(builder: Slot) -> None:
    built = builder.build(0, {"source.pl": "print STDERR 'line 3: no'; exit 1"}, ("made",))
    assert (built.status, built.diagnostics, built.ok) == (1, "line 3: no", False)


def test_nothing_passes_from_build_to_build(builder: Slot) -> None:
    leave = "mkdir 'a'; mkdir 'a/b'; open(my $out, '>', 'a/b/left'); symlink('/etc', 'link'); chmod(0, 'a');"
    assert builder.build(0, {"source.pl": leave}, ()).status == 0
    assert builder.build(0, {"source.pl": "print join(' ', sort glob('*'))"}, ()).diagnostics == "source.pl"


def test_a_build_sees_no_other_files(builder: Slot, secret: Path) -> None:
    for path in (secret, "/etc/passwd", "/proc/self/environ"):
        source = f"print open(my $file, '<', '{path}') ? 'open' : 'refused'"
        assert builder.build(0, {"source.pl": source}, ()).diagnostics == "refused"


def test_a_build_that_talks_for_ever_is_stopped(builder: Slot) -> None:
    built = builder.build(0, {"source.pl": "print 'x' x 1000 while 1"}, ())
    assert (built.stopped, len(built.diagnostics)) == ("output", 64 * 1024)


def test_a_build_that_takes_for_ever_is_stopped_with_all_it_started(
    builder: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("python_duel.sandbox.limits.BUILD_WALL_MS", 300)
    built = builder.build(0, {"source.pl": 'for (1..3) { fork() } print "$$\\n"; sleep 100'}, ())
    assert built.stopped == "time"
    assert builder.build(0, {"source.pl": "print 'next'"}, ()).diagnostics == "next"
    children = Path(f"/proc/{builder.pid}/task/{builder.pid}/children").read_text().split()
    assert children == []


def test_a_session_serves_many_requests(level: Level) -> None:
    with Slot(level, room=room(SERVE, "session")) as slot, slot.session(0, 256 * MIB) as session:
        assert [session.ask(f"{n} * 2".encode(), 1000, 5000) for n in (3, 4)] == [b"6", b"8"]


def test_a_session_that_overruns_or_dies_is_over(level: Level) -> None:
    with Slot(level, room=room(SERVE, "session")) as slot:
        with slot.session(0, 256 * MIB) as session, pytest.raises(Overrun):
            session.ask(b"while (1) {}", 200, 5000)
        with slot.session(0, 256 * MIB) as session, pytest.raises(SlotLost):
            session.ask(b"exit 0", 1000, 5000)
        with slot.session(0, 256 * MIB) as session:
            assert session.ask(b"1", 1000, 5000) == b"1"


def test_files_cannot_be_shut_in_by_seccomp_alone() -> None:
    with pytest.raises(SandboxError, match="level full or no-userns"):
        Slot("seccomp", room=room(RUN, "runtime"))
