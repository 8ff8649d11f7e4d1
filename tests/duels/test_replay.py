"""The event log: what was played follows from it, and nothing in it or beside it can be changed unseen."""

import asyncio
import json
import tracemalloc
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from python_duel.challenges.service import Challenges
from python_duel.duels import rematch, replay, rules
from python_duel.duels.archive import Replays
from python_duel.duels.document import Document
from python_duel.duels.journal import Kept, Outcome
from python_duel.duels.replay import Edit, Log, Rows, Sent, Side
from python_duel.errors import NotFound
from python_duel.platform.postgres import PATIENCE_S
from python_duel.protocol.jobs import Job
from python_duel.protocol.verdict import Verdict
from tests.support.parts import TERMS, Parts, a_submission, an_answer

ADA, BOB = "ada", "bob"
STARTER = "def f():\n    pass\n"
STARTS, DEADLINE = 1_000, 61_000


class Game:
    """A duel as the service plays it: the rules asked, what changed something noted."""

    def __init__(self) -> None:
        seats = (rules.Seat(ADA), rules.Seat(BOB))
        self.state = rules.Duel("countdown", STARTS, DEADLINE, 10_000, seats)
        self.entries: list[tuple[int, replay.Line]] = []
        self.documents = {ADA: Document.of(STARTER), BOB: Document.of(STARTER)}
        self.edits: dict[str, list[Edit]] = {ADA: [], BOB: []}
        self.sent: list[Sent] = []
        self.judged_at: dict[str, int] = {}
        self.finished_at = 0

    def do(self, at: int, command: rules.Command) -> None:
        if isinstance(command, rules.Judge) and command.id in self.judged_at:
            return
        try:
            events = rules.decide(self.state, command, at)
        except rules.Refused:
            return
        self.state = rules.fold(self.state, events)
        if line := replay.entry(command, events):
            self.entries.append((at, line))
        for event in events:
            if isinstance(event, rules.Received):
                self._receive(event.submission, at)
            if isinstance(event, rules.Judged):
                self.judged_at[event.id] = at
            if isinstance(event, rules.Finished):
                self.finished_at = event.at

    def _receive(self, received: rules.Submission, at: int) -> None:
        document = self.documents[received.player_id]
        self.sent.append(
            Sent(
                id=received.id,
                player_id=received.player_id,
                submission_id=received.id,
                receipt=received.receipt,
                seq=document.seq,
                language="python",
                code=document.text,
                received_at=at,
                judged_at=None,
                verdict=None,
                passed=None,
                total=9,
                time_ms=3,
                memory_kb=9_000,
            )
        )

    def write(self, at: int, player_id: str, line: str) -> None:
        document = self.documents[player_id]
        changes: list[int | list[int | str]] = [[0, line, ""], len(document.units)]
        self.documents[player_id] = document.edited(changes, 1 << 20)
        self.edits[player_id].append(Edit(at, json.dumps(changes, ensure_ascii=False)))

    def end(self, at: int) -> tuple[Log, Rows]:
        self.do(at, rules.Resign(ADA))
        for row in self.sent:
            self.do(at, rules.Judge(row.id, Verdict.WA, 1))
        self.do(at, rules.Tick())  # who resigned when time was up was refused
        assert self.state.result
        judged = {s.id: s for s in self.state.submissions}
        documents = [self.documents[seat.player_id] for seat in self.state.seats]
        sides = [
            Side(s.player_id, "python", STARTER, d.seq, d.text, "python", s.away_since, s.offers_draw)
            for s, d in zip(self.state.seats, documents, strict=True)
        ]
        rows = Rows(
            duel_id="duel",
            challenge="digest",
            mode="casual",
            starts_at=STARTS,
            deadline=DEADLINE,
            grace=10_000,
            finished_at=self.finished_at,
            result=self.state.result,
            sides=(sides[0], sides[1]),
            submissions=tuple(
                replace(s, verdict=judged[s.id].verdict, passed=judged[s.id].passed, judged_at=self.judged_at[s.id])
                for s in self.sent
            ),
        )
        return replay.write(rows, self.edits, self.entries), rows


PLAYERS = st.sampled_from([ADA, BOB])
SIMPLE: dict[str, Callable[[str], rules.Command]] = {
    "leave": rules.Leave,
    "return": rules.Return,
    "was back": lambda who: rules.Return(who, STARTS + 12_000),
    "draw": rules.OfferDraw,
    "rematch": rules.OfferRematch,
    "there": rules.Excuse,
    "could not come": lambda who: rules.Excuse(who, STARTS + 15_000),
    "tick": lambda _: rules.Tick(),
}
STEPS = st.one_of(
    st.tuples(
        st.just("write"), PLAYERS, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"))
    ),
    st.tuples(st.just("submit"), PLAYERS, st.none()),
    st.tuples(st.just("judge"), st.integers(0, 5), st.sampled_from(Verdict)),
    st.tuples(st.sampled_from([*SIMPLE]), PLAYERS, st.none()),
)


@st.composite
def games(draw: st.DrawFn) -> tuple[Log, Rows]:
    """Duels that somebody or something has ended."""
    game, at = Game(), STARTS
    for kind, who, what in draw(st.lists(STEPS, max_size=30)):
        at += draw(st.integers(0, 3_000))
        if kind == "write":
            game.write(at, who, what)
        elif kind == "judge":
            for row in game.sent[who : who + 1]:
                game.do(at, rules.Judge(row.id, what, int(what is Verdict.AC)))
        elif kind == "submit":
            game.do(at, rules.Submit(who, f"s{len(game.sent) + 1}"))
        else:
            game.do(at, SIMPLE[kind](who))
    return game.end(at)


@given(games())
def test_every_duel_is_proved_by_its_log(game: tuple[Log, Rows]) -> None:
    log, rows = game
    report = replay.verify(log, rows)
    assert (report.faults, report.lost) == ([], 0)
    assert report.submissions == len(rows.submissions)
    assert report.edits == sum(side.seq for side in rows.sides)


@given(games(), st.data())
def test_one_flipped_bit_fails(game: tuple[Log, Rows], data: st.DataObject) -> None:
    log, rows = game
    raw = bytearray(log.text.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert replay.verify(Log(raw.decode("utf-8", "surrogateescape"), log.hash), rows).faults


@given(games(), st.data())
def test_a_line_left_out_or_moved_fails(game: tuple[Log, Rows], data: st.DataObject) -> None:
    log, rows = game
    lines = log.text.splitlines(keepends=True)
    line = lines.pop(data.draw(st.integers(0, len(lines) - 1)))
    assert replay.verify(Log("".join(lines), log.hash), rows).faults
    moved = [*lines, line]
    if "".join(moved) != log.text:
        assert replay.verify(Log("".join(moved), log.hash), rows).faults


def a_game() -> tuple[Log, Rows]:
    """Both write and submit, Bob wins."""
    game = Game()
    game.write(2_000, ADA, "# ada 🦆")
    game.do(3_000, rules.Submit(ADA, "first"))
    game.write(3_500, BOB, "# bob")
    game.do(4_000, rules.Submit(BOB, "second"))
    game.do(5_000, rules.Judge("second", Verdict.AC, 3))
    game.do(6_000, rules.Judge("first", Verdict.WA, 1))
    return game.end(7_000)


def test_the_winner_is_recomputed_by_the_order_of_receipt() -> None:
    log, rows = a_game()
    assert rows.result.winner_id == BOB
    won = rows.result.model_copy(update={"winner_id": ADA})
    assert replay.verify(log, replace(rows, result=won)).faults


@pytest.mark.parametrize(
    "changed",
    [
        {"verdict": "AC"},
        {"passed": 2},
        {"receipt": 3},
        {"player_id": BOB},
        {"code": "x"},
        {"seq": 0},
        {"language": "cpp"},
        {"submission_id": "other"},
        {"received_at": 2_999},
        {"judged_at": 6_001},
        {"total": 3},
        {"time_ms": 2},
        {"memory_kb": 1},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_changed_submission_fails(changed: dict[str, object]) -> None:
    log, rows = a_game()
    first = replace(rows.submissions[0], **changed)  # type: ignore[arg-type]
    assert replay.verify(log, replace(rows, submissions=(first, rows.submissions[1]))).faults
    assert replay.verify(log, replace(rows, submissions=rows.submissions[1:])).faults


@pytest.mark.parametrize(
    "changed",
    [
        {"text": "x"},
        {"seq": 2},
        {"starter": "x"},
        {"player_id": "eve"},
        {"last_language": "cpp"},
        {"away_since": 5_000},
        {"offers_draw": True},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_changed_side_fails(changed: dict[str, object]) -> None:
    log, rows = a_game()
    ada = replace(rows.sides[0], **changed)  # type: ignore[arg-type]
    assert replay.verify(log, replace(rows, sides=(ada, rows.sides[1]))).faults


def test_verdicts_of_before_have_no_total() -> None:
    log, rows = a_game()
    lines = [{k: v for k, v in line.items() if k not in ("total", "time_ms", "memory_kb")} for line in replay.read(log)]
    older = replay._sealed(lines)
    assert not replay.verify(older, rows).faults
    late = replace(rows.submissions[0], judged_at=6_001)
    assert replay.verify(older, replace(rows, submissions=(late, rows.submissions[1]))).faults


@pytest.mark.parametrize("kind", ["edit", "submit", "verdict", "duel", "end"])
def test_a_sealed_log_of_something_else_fails(kind: str) -> None:
    """Whoever writes one may know how to hash."""
    log, rows = a_game()
    lines = [{"kind": kind} if line["kind"] == kind else line for line in replay.read(log)]
    assert replay.verify(replay._sealed(lines), rows).faults


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.sampled_from([ADA, BOB]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in it, with every key."""
    keys: list[Any] = list(value if isinstance(value, dict) else range(len(value)))
    inner = [value[key] for key in keys if isinstance(value[key], dict | list)]
    return [(value, key) for key in keys] + [place for one in inner for place in _places(one)]


@given(st.data())
@example(None)
def test_whatever_a_sealed_log_holds_verify_says_ok_or_names_a_fault(data: st.DataObject | None) -> None:
    log, rows = a_game()
    lines = replay.read(log)
    if data is None:
        next(line for line in lines if line["kind"] == "edit")["changes"] = [[]]
    for _ in range(data.draw(st.integers(1, 4)) if data else 0):
        assert data
        container, key = data.draw(st.sampled_from(_places(lines)))
        what = data.draw(st.sampled_from(["put", "drop", "double"]))
        if what == "put":
            container[key] = deepcopy(data.draw(JSON | st.sampled_from([place[key] for place, key in _places(lines)])))
        elif what == "drop":
            del container[key]
        elif isinstance(container, list):
            container.insert(key, deepcopy(container[key]))
        if not _places(lines):
            break
    report = replay.verify(sealed([json.dumps(line, ensure_ascii=False) for line in lines]), rows)
    assert "".join(report.faults).isprintable()


@pytest.mark.parametrize("depth", [100, 900, 100_000])
@pytest.mark.parametrize("kind", ["edit", "run", "submit"])
def test_json_that_is_deep_is_a_fault(depth: int, kind: str) -> None:
    log, rows = a_game()
    bodies = [json.dumps(line) for line in replay.read(log)]
    deep = "[" * depth + "]" * depth
    bodies.insert(1, f'{{"at":2000,"kind":"{kind}","player_id":{deep},"id":{deep},"seq":1,"changes":{deep}}}')
    report = replay.verify(sealed(bodies), rows)
    assert report.faults or kind == "run"


def sealed(bodies: list[str]) -> Log:
    """A log of these lines, by somebody who knows how to hash."""
    seal, span, text = "", "", ""
    for body in bodies:
        span += body + "\n"
        if '"edit"' not in body:
            seal, span = replay._digest(seal + span), ""
            text += f'{body[:-1]},"hash":"{seal}"}}\n'
        else:
            text += body + "\n"
    return Log(text, seal)


def test_edits_that_a_store_has_lost_are_told_not_proved() -> None:
    game = Game()
    game.write(2_000, ADA, "# lost")
    game.do(3_000, rules.Submit(ADA, "first"))
    game.edits[ADA] = []
    log, rows = game.end(7_000)
    report = replay.verify(log, rows)
    assert (report.faults, report.lost) == ([], 2)


def put_back() -> tuple[Log, Rows]:
    """A duel in whose midst the store was emptied: Ada's first two edits, of which she has submitted one, are lost."""
    game = Game()
    game.write(2_000, ADA, "# lost")
    game.do(3_000, rules.Submit(ADA, "first"))
    game.write(4_000, ADA, "# too")
    changes = json.dumps([[len(STARTER), *game.documents[ADA].text.split("\n")]])
    game.edits[ADA] = [Edit(5_000, changes, 2)]
    game.write(6_000, ADA, "# after")
    return game.end(7_000)


def test_a_text_that_was_put_back_counts_as_lost_and_what_follows_is_proved() -> None:
    log, rows = put_back()
    report = replay.verify(log, rows)
    assert (report.faults, report.edits, report.lost) == ([], 2, 2)
    assert [line["seq"] for line in replay.read(log) if line["kind"] == "edit"] == [2, 3]
    ada = replace(rows.sides[0], text=rows.sides[0].text + " ")
    assert replay.verify(log, replace(rows, sides=(ada, rows.sides[1]))).faults


def test_a_gap_must_be_named() -> None:
    log, rows = put_back()
    lines = [{k: v for k, v in line.items() if k != "lost"} for line in replay.read(log)]
    assert any("is missing" in fault for fault in replay.verify(replay._sealed(lines), rows).faults)


def test_a_long_text_that_is_edited_often_is_not_held_in_memory_as_often() -> None:
    game = Game()
    game.write(2_000, ADA, 60_000 * "x")
    for n in range(1_000):
        game.write(3_000 + n, ADA, "")
    tracemalloc.start()
    try:
        log, rows = game.end(7_000)
        report = replay.verify(log, rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (report.faults, report.edits) == ([], 1_001)
    assert peak < 10_000_000  # a thousand texts have sixty


# ---- over real stores


async def written(core: Parts, duel_id: str, player_id: str, line: str) -> Document:
    """One edit, kept."""
    pen = (await core.duels.journal.take_pen(duel_id, player_id)).log
    starter = (await core.duels.package(await core.duel(duel_id))).starter["python"]
    before = await core.duels.journal.read(duel_id, player_id, starter)
    changes: list[int | list[int | str]] = [[0, line, ""], len(before.units)]
    after, kept = before.edited(changes, 1 << 20), asyncio.get_running_loop().create_future()
    assert pen
    outcome: Outcome
    core.duels.journal.append(
        pen, after, json.dumps(changes).encode(), core.clock.now(), lambda _, outcome: kept.set_result(outcome)
    )
    outcome = await kept
    assert isinstance(outcome, Kept)
    return after


async def solved(core: Parts) -> str:
    """A duel that Ada has won, with edits of both."""
    duel_id, ada, bob = await core.live()
    await written(core, duel_id, bob, "# bob")
    document = await written(core, duel_id, ada, "# ada 🦆")
    await core.duels.presence(duel_id, bob, there=False)
    await core.duels.presence(duel_id, bob, there=True)
    row = a_submission(duel_id, ada, "mine", document.text)
    row.seq = document.seq
    submission = await core.duels.submit(duel_id, ada, row)
    await core.judge(submission, Verdict.AC, passed=3)
    return duel_id


async def test_the_log_is_written_at_the_end_and_proves_what_is_stored(core: Parts) -> None:
    duel_id = await solved(core)
    report = await core.duels.archive.replays.verify(duel_id)
    assert (report.faults, report.edits, report.submissions, report.lost) == ([], 2, 1, 0)
    kinds = [line["kind"] for line in replay.read(await core.duels.archive.replays.get(duel_id))]
    assert [kind for kind in kinds if kind != "edit"] == ["duel", "tick", "leave", "return", "submit", "verdict", "end"]
    assert await core.sql("SELECT count(*) FROM duel_events") == [(0,)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE duels SET winner_id = (SELECT id FROM players WHERE id <> winner_id)",
        "UPDATE duels SET deadline = deadline + 1",
        "UPDATE submissions SET receipt = 2",
        "UPDATE submissions SET code = 'x = 2'",
        "UPDATE submissions SET received_at = received_at - 60000",
        "UPDATE submissions SET total = total + 1",
        "UPDATE duel_players SET final_text = final_text || ' ' WHERE seat = 1",
        "UPDATE duel_players SET language = 'cpp' WHERE seat = 0",
        # What cannot even be read is damage too.
        "UPDATE duels SET reason = 'rolved'",
        "UPDATE duel_players SET starting_language = 'qython'",
        "UPDATE challenges SET package = replace(package, '{', '[')",
        "UPDATE challenges SET package = jsonb_set(package::jsonb, '{hidden,0,name}', '\"other\"')::text",
        "UPDATE duels SET status = 'live', outcome = NULL, winner_id = NULL",
        "DELETE FROM duel_players WHERE seat = 1",
        "DELETE FROM submissions",
        "DELETE FROM replays",
        "UPDATE replays SET log = replace(log, '🦆', '🐢')",
        "UPDATE replays SET hash = 'f' || substr(hash, 2) || 'f'",
    ],
)
async def test_a_change_of_what_is_stored_shows(core: Parts, change: str) -> None:
    duel_id = await solved(core)
    for table in ("duels", "duel_players", "submissions", "replays"):
        await core.sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await core.sql(change)
    replays = Replays(core.database, Challenges(core.database, core.settings.code_bytes))
    assert (await replays.verify(duel_id)).faults


async def test_a_log_waits_for_the_last_verdict(core: Parts) -> None:
    duel_id, ada, bob = await core.live()
    submission = await core.submit(duel_id, ada, "late")
    await core.duels.command(duel_id, rules.Resign(bob))
    with pytest.raises(NotFound):
        await core.duels.archive.replays.get(duel_id)
    await core.judge(submission, Verdict.WA, passed=1)
    assert not (await core.duels.archive.replays.verify(duel_id)).faults


async def test_a_log_that_could_not_be_written_is_written_by_the_sweep(
    core: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    duel_id, ada, _ = await core.live()

    async def fails(duel_id: str) -> None:
        raise ConnectionError("the store is away")

    with monkeypatch.context() as broken:
        broken.setattr(core.duels.archive, "record", fails)
        await core.duels.command(duel_id, rules.Resign(ada))
    await core.sql("ALTER TABLE duels DISABLE TRIGGER keep_result")
    await core.sql("UPDATE duels SET finished_at = finished_at - 60000")

    async def everybody(player_id: str) -> bool:
        return True

    await core.recovery.sweep(everybody)
    assert await core.sql("SELECT count(*) FROM replays") == [(1,)]
    assert await core.sql("SELECT count(*) FROM duel_events") == [(0,)]


async def test_a_log_that_takes_long_to_store_is_stored_and_nobody_waits_for_it(core: Parts) -> None:
    """Three hours of two who type make seventy megabytes."""
    duel_id, ada, _ = await core.live()
    slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep({}); RETURN NEW; END'"
    await core.sql(slow.format(PATIENCE_S + 0.5))
    await core.sql("CREATE TRIGGER slow BEFORE INSERT ON replays FOR EACH ROW EXECUTE FUNCTION slow()")
    over = asyncio.create_task(core.duels.command(duel_id, rules.Resign(ada)))
    async with asyncio.timeout(30):
        while not await core.sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
            await asyncio.sleep(0.02)
        assert await core.sql("SELECT id FROM duels FOR UPDATE NOWAIT") == [(duel_id,)]
        assert not over.done()
        await over
    assert not (await core.duels.archive.replays.verify(duel_id)).faults
    assert await core.sql("SELECT count(*) FROM duel_events") == [(0,)]


async def test_a_run_whose_result_comes_twice_is_noted_once(core: Parts) -> None:
    """And another one of the same name is another."""
    duel_id, ada, bob = await core.live()
    for job_id, verdict in (("a:mine", Verdict.WA), ("a:mine", Verdict.TLE), ("b:mine", Verdict.AC)):
        job = Job(
            kind="run", job_id=job_id, duel_id=duel_id, player_id=ada, language="python", code="", challenge="digest"
        )
        await core.results.apply(an_answer(job, verdict))
    assert core.bus.count("duel:ran") == 3
    await core.duels.command(duel_id, rules.Resign(bob))
    lines = replay.read(await core.duels.archive.replays.get(duel_id))
    assert [line["verdict"] for line in lines if line["kind"] == "run"] == ["WA", "AC"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE replays SET hash = ''",
        "DELETE FROM replays",
        "UPDATE duel_players SET final_text = ''",
        "UPDATE duel_players SET language = 'cpp'",
    ],
)
async def test_not_even_sql_changes_what_is_kept(core: Parts, change: str) -> None:
    await solved(core)
    with pytest.raises(DBAPIError, match="does not change"):
        await core.sql(change)


async def test_a_replay_goes_with_its_duel(core: Parts) -> None:
    await solved(core)
    await core.sql("DELETE FROM duels")
    assert await core.sql("SELECT count(*) FROM replays") == [(0,)]


async def test_a_rematch_that_is_asked_for_when_time_is_up_ends_a_duel_that_can_be_proved(core: Parts) -> None:
    """It comes before anybody has said that time is up."""
    duel_id, ada, _ = await core.live()
    await core.sql("UPDATE duels SET deadline = starts_at + 1")
    await rematch.offer(core.duels, duel_id, ada, lambda _: TERMS)
    assert (await core.duel(duel_id)).reason == "timeout"
    assert not (await core.duels.archive.replays.verify(duel_id)).faults


async def test_an_end_waits_for_a_text_that_the_store_has_lost(core: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds the pen hears of it and puts the text back."""
    duel_id, ada, bob = await core.live()
    journal, starter = core.duels.journal, (await core.duels.package(await core.duel(duel_id))).starter["python"]
    pens = [(await journal.take_pen(duel_id, player_id)).log for player_id in (ada, bob)]
    await core.redis.flushall()
    publish = core.bus.publish

    async def heard(topic: str, event: str, data: dict[str, Any]) -> None:
        await publish(topic, event, data)
        if data.get("unknown"):
            for pen in pens:
                assert pen
                assert await journal.put_back(pen, Document.of("# mine\n", 7), starter, core.clock.now())

    monkeypatch.setattr(core.bus, "publish", heard)
    await core.duels.command(duel_id, rules.Resign(ada))
    assert [(p.final_seq, p.final_text) for p in (await core.duel(duel_id)).players] == 2 * [(7, "# mine\n")]
    report = await core.duels.archive.replays.verify(duel_id)
    assert (report.faults, report.lost) == ([], 2)


async def test_a_duel_whose_edits_were_lost_is_proved_as_far_as_it_goes(core: Parts) -> None:
    duel_id, ada, bob = await core.live()
    document = await written(core, duel_id, ada, "# ada")
    row = a_submission(duel_id, ada, "mine", document.text)
    row.seq = document.seq
    await core.duels.submit(duel_id, ada, row)
    await core.redis.flushall()
    await core.recovery.sweep(lambda _: asyncio.sleep(0, True))
    await core.duels.jobs.load()
    await core.duels.judge(row, (await core.duel(duel_id)).challenge_digest)
    await core.judge(row, Verdict.WA, passed=0)
    await core.duels.command(duel_id, rules.Resign(bob))
    report = await core.duels.archive.replays.verify(duel_id)
    assert (report.faults, report.lost) == ([], 1)
