"""The rules of a duel: an example for each, and properties over random commands and clocks."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from python_duel.duels import rules
from python_duel.protocol.server import Result
from python_duel.protocol.verdict import Verdict

STARTS, DEADLINE, GRACE = 1_000, 61_000, 10_000
ADA, BOB = "ada", "bob"
PLAYERS = st.sampled_from([ADA, BOB])
VERDICTS = st.sampled_from(Verdict)


def a_duel(starts_at: int = STARTS, deadline: int = DEADLINE, grace: int = GRACE) -> rules.Duel:
    """A duel in its countdown."""
    return rules.Duel("countdown", starts_at, deadline, grace, (rules.Seat(ADA), rules.Seat(BOB)))


def play(*steps: tuple[int, rules.Command], duel: rules.Duel | None = None) -> rules.Duel:
    """The duel after `(now, command)` each."""
    duel = duel or a_duel()
    for now, command in steps:
        duel = rules.fold(duel, rules.decide(duel, command, now))
    return duel


def win(winner_id: str, reason: str) -> Result:
    return Result.model_validate({"outcome": "win", "winner_id": winner_id, "reason": reason})


def judge(id: str, verdict: Verdict, passed: int = 0) -> rules.Judge:
    return rules.Judge(id, verdict, passed)


# ---- the countdown and the clock


def test_it_starts_when_the_countdown_is_over() -> None:
    assert play((STARTS - 1, rules.Tick())).status == "countdown"
    assert play((STARTS, rules.Tick())).status == "live"


@pytest.mark.parametrize("command", [rules.Submit(ADA, "s"), rules.OfferDraw(ADA)])
def test_nothing_is_played_before_the_start(command: rules.Command) -> None:
    with pytest.raises(rules.Refused, match="countdown"):
        play((STARTS - 1, command))


def test_nothing_is_received_at_the_deadline_or_later() -> None:
    play((DEADLINE - 1, rules.Submit(ADA, "s")))
    for now in (DEADLINE, DEADLINE + 1):
        with pytest.raises(rules.Refused):
            play((STARTS, rules.Tick()), (now, rules.Submit(ADA, "s")))


def test_the_deadline_without_submissions_is_a_draw() -> None:
    assert play((DEADLINE - 1, rules.Tick())).result is None
    assert play((DEADLINE, rules.Tick())).result == Result(outcome="draw", reason="timeout")


def test_the_deadline_waits_for_what_was_received_before_it() -> None:
    waiting = play((DEADLINE - 1, rules.Submit(ADA, "s")), (DEADLINE + 5_000, rules.Tick()))
    assert waiting.result is None
    with pytest.raises(rules.Refused, match="Time is up"):
        play((DEADLINE + 5_000, rules.Submit(BOB, "late")), duel=waiting)
    assert play((DEADLINE + 6_000, judge("s", Verdict.AC, 9)), duel=waiting).result == win(ADA, "solved")
    assert play((DEADLINE + 6_000, judge("s", Verdict.WA, 3)), duel=waiting).result == win(ADA, "most_cases")


# ---- who wins


def test_the_first_received_pass_wins() -> None:
    steps = [(2_000, rules.Submit(ADA, "a")), (2_001, rules.Submit(BOB, "b"))]
    held = play(*steps, (3_000, judge("b", Verdict.AC, 9)))
    assert held.result is None
    assert rules.held(held, held.submissions[1])
    assert play((3_001, judge("a", Verdict.AC, 9)), duel=held).result == win(ADA, "solved")
    assert play((3_001, judge("a", Verdict.WA, 8)), duel=held).result == win(BOB, "solved")
    assert play((3_001, judge("a", Verdict.IE)), duel=held).result == win(BOB, "solved")


def test_a_pass_does_not_wait_for_what_was_received_later() -> None:
    duel = play((2_000, rules.Submit(ADA, "a")), (2_001, rules.Submit(BOB, "b")), (3_000, judge("a", Verdict.AC, 9)))
    assert duel.result == win(ADA, "solved")


def test_a_pass_waits_for_the_own_earlier_submission_too() -> None:
    duel = play((2_000, rules.Submit(ADA, "a")), (2_001, rules.Submit(ADA, "b")), (3_000, judge("b", Verdict.AC, 9)))
    assert duel.result is None


def test_a_second_verdict_on_the_same_submission_says_nothing() -> None:
    duel = play((2_000, rules.Submit(ADA, "a")), (3_000, judge("a", Verdict.WA, 2)))
    assert rules.decide(duel, judge("a", Verdict.AC, 9), 3_001) == []
    assert rules.decide(duel, judge("unknown", Verdict.AC, 9), 3_001) == []


def test_most_cases_win_at_the_deadline() -> None:
    duel = play(
        (2_000, rules.Submit(ADA, "a")),
        (2_001, rules.Submit(BOB, "b")),
        (3_000, judge("a", Verdict.WA, 3)),
        (3_000, judge("b", Verdict.TLE, 4)),
        (DEADLINE, rules.Tick()),
    )
    assert duel.result == win(BOB, "most_cases")


def test_equally_many_cases_who_had_them_first() -> None:
    duel = play(
        (2_000, rules.Submit(BOB, "b1")),
        (2_001, rules.Submit(ADA, "a")),
        (2_002, rules.Submit(BOB, "b2")),
        (3_000, judge("b2", Verdict.WA, 4)),
        (3_000, judge("a", Verdict.WA, 4)),
        (3_000, judge("b1", Verdict.WA, 1)),
        (DEADLINE, rules.Tick()),
    )
    assert duel.result == win(ADA, "most_cases")


@pytest.mark.parametrize(("verdict", "passed"), [(Verdict.WA, 0), (Verdict.CE, 0), (Verdict.IE, 8)])
def test_no_case_and_no_fault_of_the_platform_wins(verdict: Verdict, passed: int) -> None:
    duel = play((2_000, rules.Submit(ADA, "a")), (3_000, judge("a", verdict, passed)), (DEADLINE, rules.Tick()))
    assert duel.result == Result(outcome="draw", reason="timeout")


def test_who_resigns_loses() -> None:
    assert play((2_000, rules.Resign(ADA))).result == win(BOB, "resigned")
    assert play((0, rules.Resign(BOB))).result == win(ADA, "resigned")


def test_a_draw_needs_both() -> None:
    offered = play((2_000, rules.OfferDraw(ADA)), (2_000, rules.OfferDraw(ADA)))
    assert offered.result is None
    assert play((2_001, rules.OfferDraw(BOB)), duel=offered).result == Result(outcome="draw", reason="agreed")


def test_a_rematch_is_for_after_the_duel() -> None:
    with pytest.raises(rules.Refused, match="after"):
        play((2_000, rules.OfferRematch(ADA)))
    over = play((2_000, rules.Resign(ADA)), (2_001, rules.OfferRematch(ADA)))
    assert [seat.offers_rematch for seat in over.seats] == [True, False]


@pytest.mark.parametrize(
    "command",
    [rules.Submit("eve", "s"), *(do("eve") for do in (rules.Resign, rules.OfferDraw, rules.Leave, rules.Excuse))],
)
def test_a_stranger_may_do_nothing(command: rules.Command) -> None:
    with pytest.raises(rules.Refused, match="two players"):
        play((2_000, command))


# ---- absence


def test_who_is_gone_for_the_grace_loses() -> None:
    gone = play((2_000, rules.Leave(ADA)))
    assert play((2_000 + GRACE - 1, rules.Tick()), duel=gone).result is None
    assert play((2_000 + GRACE, rules.Tick()), duel=gone).result == win(BOB, "abandoned")


def test_who_comes_back_in_time_has_lost_nothing() -> None:
    back = play((2_000, rules.Leave(ADA)), (2_000 + GRACE - 1, rules.Return(ADA)), (2_000 + GRACE, rules.Tick()))
    assert back.result is None
    assert play((2_000 + GRACE, rules.Return(ADA)), duel=play((2_000, rules.Leave(ADA)))).result == win(
        BOB, "abandoned"
    )


def test_an_absence_that_was_the_platforms_counts_from_its_end() -> None:
    gone = play((2_000, rules.Leave(ADA)))
    excused = play((2_000 + GRACE, rules.Excuse(ADA, 1_500 + GRACE)), duel=gone)
    assert (excused.result, excused.seat(ADA).away_since) == (None, 1_500 + GRACE)
    assert rules.next_due(excused) == 1_500 + 2 * GRACE
    assert play((1_500 + 2 * GRACE, rules.Tick()), duel=excused).result == win(BOB, "abandoned")


def test_who_was_there_all_the_time_was_not_away() -> None:
    gone = play((2_000, rules.Leave(ADA)))
    back = play((2_000 + GRACE, rules.Excuse(ADA)), (2_001 + GRACE, rules.Tick()), duel=gone)
    assert (back.result, back.seat(ADA).away_since) == (None, None)


def test_nobody_loses_because_another_one_is_excused_first() -> None:
    both = play((1_999, rules.Leave(BOB)), (2_000, rules.Leave(ADA)))
    one = play((2_000 + GRACE, rules.Excuse(ADA)), duel=both)
    assert one.result is None
    assert play((2_001 + GRACE, rules.Tick()), duel=one).result == win(ADA, "abandoned")
    assert play((2_001 + GRACE, rules.Excuse(BOB)), (2_002 + GRACE, rules.Tick()), duel=one).result is None


def test_who_came_back_in_time_has_lost_nothing_because_it_was_written_late() -> None:
    gone = play((2_000, rules.Leave(ADA)))
    back = play((2_100 + GRACE, rules.Return(ADA, 1_999 + GRACE)), (2_200 + GRACE, rules.Tick()), duel=gone)
    assert (back.result, back.seat(ADA).away_since) == (None, None)
    late = play((2_100 + GRACE, rules.Return(ADA, 2_000 + GRACE)), duel=gone)
    assert late.result == win(BOB, "abandoned")
    # The deadline is nobody's to move.
    over = play((DEADLINE + 5, rules.Return(ADA, 1_999 + GRACE)), duel=gone)
    assert over.result == Result(outcome="draw", reason="timeout")


def test_an_excuse_takes_nobody_away_and_changes_no_result() -> None:
    assert play((2_000, rules.Excuse(ADA, 1_500))).seat(ADA).away_since is None
    over = play((2_000, rules.Leave(ADA)), (2_100, rules.Resign(ADA)))
    assert play((2_200, rules.Excuse(ADA)), duel=over) == over


def test_both_gone_for_the_grace_abort_it() -> None:
    gone = play((2_000, rules.Leave(ADA)), (5_000, rules.Leave(BOB)))
    assert play((5_000 + GRACE - 1, rules.Tick()), duel=gone).result is None
    assert play((5_000 + GRACE, rules.Tick()), duel=gone).result == Result(outcome="aborted", reason="abandoned")


def test_the_first_who_comes_back_wins_from_one_gone_too_long() -> None:
    gone = play((2_000, rules.Leave(ADA)), (5_000, rules.Leave(BOB)))
    assert play((2_000 + GRACE, rules.Return(BOB)), duel=gone).result == win(BOB, "abandoned")


def test_leaving_twice_does_not_move_the_grace() -> None:
    gone = play((2_000, rules.Leave(ADA)), (5_000, rules.Leave(ADA)))
    assert gone.seats[0].away_since == 2_000


def test_nobody_loses_by_absence_while_a_verdict_is_out() -> None:
    gone = play((2_000, rules.Submit(ADA, "a")), (2_001, rules.Leave(ADA)), (2_001 + GRACE, rules.Tick()))
    assert gone.result is None
    assert play((30_000, judge("a", Verdict.AC, 9)), duel=gone).result == win(ADA, "solved")
    assert play((30_000, judge("a", Verdict.WA, 9)), duel=gone).result == win(BOB, "abandoned")


def test_an_absence_that_ends_after_the_deadline_is_decided_by_the_deadline() -> None:
    gone = play((DEADLINE - GRACE + 1, rules.Leave(ADA)), (DEADLINE + GRACE, rules.Tick()))
    assert gone.result == Result(outcome="draw", reason="timeout")


# ---- properties


@st.composite
def judged(draw: st.DrawFn) -> list[tuple[str, Verdict, int]]:
    """Submissions in the order of receipt: player, verdict, cases passed of nine."""
    one = st.tuples(PLAYERS, VERDICTS, st.integers(0, 8))
    return [(p, v, 9 if v is Verdict.AC else n) for p, v, n in draw(st.lists(one, min_size=1, max_size=7))]


def expected(submissions: list[tuple[str, Verdict, int]]) -> Result:
    """What the protocol says of submissions in their order of receipt, written once more."""
    for player, verdict, _ in submissions:
        if verdict is Verdict.AC:
            return win(player, "solved")
    counting = [
        (passed, -place, player) for place, (player, v, passed) in enumerate(submissions) if v is not Verdict.IE
    ]
    passed, _, player = max(counting, default=(0, 0, ""))
    return win(player, "most_cases") if passed else Result(outcome="draw", reason="timeout")


@given(judged(), st.data())
def test_the_result_does_not_depend_on_the_order_of_the_verdicts(
    submissions: list[tuple[str, Verdict, int]], data: st.DataObject
) -> None:
    received = [(2_000 + n, rules.Submit(player, str(n))) for n, (player, _, _) in enumerate(submissions)]
    duel = play(*received)
    order = data.draw(st.permutations(range(len(submissions))))
    times = sorted(data.draw(st.lists(st.integers(3_000, DEADLINE * 2), min_size=len(order), max_size=len(order))))
    for now, place in zip(times, order, strict=True):
        _, verdict, passed = submissions[place]
        duel = play((now, judge(str(place), verdict, passed)), duel=duel)
    assert play((DEADLINE * 3, rules.Tick()), duel=duel).result == expected(submissions)


@dataclass(frozen=True)
class Step:
    now: int
    command: rules.Command


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Commands at times that never go back, over a duel of 30 ms with a grace of 7 ms."""
    steps, now, sent = [], 0, 0
    for gap in draw(st.lists(st.integers(0, 9), max_size=14)):
        now += gap
        player = draw(PLAYERS)
        kind = draw(st.sampled_from(["submit", "judge", "leave", "return", "resign", "draw", "tick"]))
        command: rules.Command = rules.Tick()
        if kind == "submit":
            sent, command = sent + 1, rules.Submit(player, str(sent))
        elif kind == "judge" and sent:
            command = judge(str(draw(st.integers(1, sent))), draw(VERDICTS), draw(st.integers(0, 9)))
        elif kind in ("leave", "return", "resign", "draw"):
            kinds: dict[str, type[rules.Leave | rules.Return | rules.Resign | rules.OfferDraw]] = {
                "leave": rules.Leave,
                "return": rules.Return,
                "resign": rules.Resign,
                "draw": rules.OfferDraw,
            }
            command = kinds[kind](player)
        steps.append(Step(now, command))
    return steps


def try_command(duel: rules.Duel, command: rules.Command, now: int) -> rules.Duel:
    try:
        return rules.fold(duel, rules.decide(duel, command, now))
    except rules.Refused:
        return duel


def short_duel() -> rules.Duel:
    return a_duel(starts_at=3, deadline=33, grace=7)


END = 500


def ticked_every_ms(history: list[Step]) -> rules.Duel:
    duel, at = short_duel(), 0
    for step in [*history, Step(END, rules.Tick())]:
        for now in range(at, step.now + 1):
            duel = try_command(duel, rules.Tick(), now)
        duel, at = try_command(duel, step.command, step.now), step.now
    return duel


def ticked_when_due(history: list[Step]) -> rules.Duel:
    duel = short_duel()
    for step in [*history, Step(END, rules.Tick())]:
        while (due := rules.next_due(duel)) is not None and due <= step.now:
            after = try_command(duel, rules.Tick(), due)
            assert after != duel, "time changes nothing when it is due: a timer would spin"
            duel = after
        duel = try_command(duel, step.command, step.now)
    return duel


def never_ticked(history: list[Step]) -> rules.Duel:
    duel = short_duel()
    for step in [*history, Step(END, rules.Tick())]:
        duel = try_command(duel, step.command, step.now)
    return duel


@given(histories())
def test_what_is_due_is_never_missed(history: list[Step]) -> None:
    exact = ticked_every_ms(history)
    assert ticked_when_due(history) == exact
    assert never_ticked(history).result == exact.result


@given(histories())
def test_a_result_comes_once_and_stays(history: list[Step]) -> None:
    duel, results = short_duel(), []
    for step in history:
        try:
            events = rules.decide(duel, step.command, step.now)
        except rules.Refused:
            continue
        results += [event.result for event in events if isinstance(event, rules.Finished)]
        duel = rules.fold(duel, events)
        assert duel.result == (results[0] if results else None)
    assert len(results) <= 1


class DuelMachine(RuleBasedStateMachine):
    """A duel, a clock that only moves forward, and whoever does whatever."""

    @initialize()
    def begin(self) -> None:
        self.duel, self.now, self.sent = a_duel(starts_at=10, deadline=200, grace=30), 0, 0
        self.first_result: Result | None = None

    def do(self, command: rules.Command) -> bool:
        try:
            events = rules.decide(self.duel, command, self.now)
        except rules.Refused:
            return False
        self.duel = rules.fold(self.duel, events)
        self.first_result = self.first_result or self.duel.result
        return True

    @rule(ms=st.integers(1, 60))
    def time_passes(self, ms: int) -> None:
        self.now += ms
        self.do(rules.Tick())
        due = rules.next_due(self.duel)
        assert due is None or due > self.now

    @rule(player=PLAYERS)
    def submit(self, player: str) -> None:
        open_now = self.duel.status != "finished" and self.duel.starts_at <= self.now < self.duel.deadline
        if self.do(rules.Submit(player, str(self.sent))):
            assert open_now
            self.sent += 1

    @precondition(lambda self: any(s.pending for s in self.duel.submissions))
    @rule(data=st.data(), verdict=VERDICTS, passed=st.integers(0, 9))
    def judge_one(self, data: st.DataObject, verdict: Verdict, passed: int) -> None:
        pending = [s.id for s in self.duel.submissions if s.pending]
        assert self.do(judge(data.draw(st.sampled_from(pending)), verdict, passed))

    @rule(player=PLAYERS)
    def leave(self, player: str) -> None:
        self.do(rules.Leave(player))

    @rule(player=PLAYERS)
    def come_back(self, player: str) -> None:
        self.do(rules.Return(player))

    @rule(player=PLAYERS)
    def offer_draw(self, player: str) -> None:
        self.do(rules.OfferDraw(player))

    @precondition(lambda self: self.sent > 2)
    @rule(player=PLAYERS)
    def resign(self, player: str) -> None:
        self.do(rules.Resign(player))

    @invariant()
    def receipts_have_no_gap(self) -> None:
        assert [s.receipt for s in self.duel.submissions] == list(range(1, self.sent + 1))

    @invariant()
    def one_result_that_stays(self) -> None:
        assert self.duel.result == self.first_result
        assert (self.duel.status == "finished") == (self.duel.result is not None)

    @invariant()
    def the_first_received_pass_is_the_winner(self) -> None:
        result = self.duel.result
        if result and result.reason == "solved":
            first = next(s for s in self.duel.submissions if s.verdict is Verdict.AC)
            assert first.player_id == result.winner_id
            assert not any(s.pending for s in self.duel.submissions if s.receipt < first.receipt)

    @invariant()
    def a_pass_is_held_while_something_earlier_is_pending(self) -> None:
        for submission in self.duel.submissions:
            earlier = [s for s in self.duel.submissions if s.receipt < submission.receipt]
            waits = submission.verdict is Verdict.AC and any(s.pending for s in earlier)
            assert rules.held(self.duel, submission) == waits

    @invariant()
    def an_open_duel_holds_every_pass_it_has(self) -> None:
        if self.duel.result is None:
            assert all(rules.held(self.duel, s) for s in self.duel.submissions if s.verdict is Verdict.AC)

    @invariant()
    def it_ends_soon_after_the_deadline(self) -> None:
        settled = not any(s.pending for s in self.duel.submissions)
        if self.now > self.duel.deadline and settled and self.do(rules.Tick()):
            assert self.duel.status == "finished"

    @invariant()
    def seats_stay(self) -> None:
        assert [seat.player_id for seat in self.duel.seats] == [ADA, BOB]


TestDuelMachine = DuelMachine.TestCase
