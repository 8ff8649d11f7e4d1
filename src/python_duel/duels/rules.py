"""The rules of a duel, pure: a state and a command give events, and events give the next state.

No clock, no I/O, no chance: `now` is given with each command, in milliseconds since the epoch. Whatever is due by then
(the start, the deadline, an abandonment) happens first, in the order in which it fell due.
"""

from dataclasses import dataclass, replace

from python_duel.protocol.server import Result, Status
from python_duel.protocol.verdict import Verdict


class Refused(Exception):
    """The command is not possible now; the message says why."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One side."""

    player_id: str
    away_since: int | None = None
    offers_draw: bool = False
    offers_rematch: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """What was received: `receipt` is its place in the order of receipt, from 1. No verdict: pending."""

    id: str
    player_id: str
    receipt: int
    verdict: Verdict | None = None
    passed: int = 0

    @property
    def pending(self) -> bool:
        """Whether its verdict is still to come."""
        return self.verdict is None


@dataclass(frozen=True, slots=True)
class Duel:
    """The whole state the rules need. Times in milliseconds since the epoch, `grace` a span in milliseconds."""

    status: Status
    starts_at: int
    deadline: int
    grace: int
    seats: tuple[Seat, Seat]
    submissions: tuple[Submission, ...] = ()
    result: Result | None = None

    def seat(self, player_id: str) -> Seat:
        """The player's seat; raises `Refused` for anybody else."""
        for seat in self.seats:
            if seat.player_id == player_id:
                return seat
        raise Refused("Only the two players may do that.")

    def opponent(self, player_id: str) -> Seat:
        """The other seat."""
        return self.seats[1] if self.seats[0].player_id == player_id else self.seats[0]


# ---- commands


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Submit:
    player_id: str
    id: str


@dataclass(frozen=True, slots=True)
class Judge:
    """The verdict on one submission. IE here is final: the platform gave up on it."""

    id: str
    verdict: Verdict
    passed: int


@dataclass(frozen=True, slots=True)
class Resign:
    player_id: str


@dataclass(frozen=True, slots=True)
class OfferDraw:
    player_id: str


@dataclass(frozen=True, slots=True)
class OfferRematch:
    player_id: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The player's last connection is gone."""

    player_id: str


@dataclass(frozen=True, slots=True)
class Return:
    """The player is back, since `came_at` if it took a while to write it: what fell due later comes after it."""

    player_id: str
    came_at: int | None = None


@dataclass(frozen=True, slots=True)
class Excuse:
    """An absence that was the platform's: it counts from `away_since`, when the player could come back again, or (None)
    they are there, and nobody has noticed. Nothing falls due by it: the other player may have to be excused, too.
    """

    player_id: str
    away_since: int | None = None


Timely = Tick | Submit | Judge | Resign | OfferDraw | OfferRematch | Leave | Return
"""Before these happens what is due."""
Command = Timely | Excuse


# ---- events


@dataclass(frozen=True, slots=True)
class Started:
    pass


@dataclass(frozen=True, slots=True)
class Received:
    submission: Submission


@dataclass(frozen=True, slots=True)
class Judged:
    id: str
    verdict: Verdict
    passed: int


@dataclass(frozen=True, slots=True)
class SeatChanged:
    """A seat as it is now: presence or an offer."""

    seat: Seat


@dataclass(frozen=True, slots=True)
class Finished:
    result: Result
    at: int


Event = Started | Received | Judged | SeatChanged | Finished


def decide(duel: Duel, command: Command, now: int) -> list[Event]:
    """What happens when `command` arrives at `now`; raises `Refused`."""
    if isinstance(command, Excuse):
        return _excuse(duel, command)
    came_at = command.came_at if isinstance(command, Return) else None
    events = _due(duel, now if came_at is None else min(now, came_at))
    events += _handle(fold(duel, events), command, now)
    after = fold(duel, events)
    return events + _settle(after, now)


def fold(duel: Duel, events: list[Event]) -> Duel:
    """The state after `events`."""
    for event in events:
        duel = _evolve(duel, event)
    return duel


def held(duel: Duel, submission: Submission) -> bool:
    """Whether it is a pass that waits for an earlier-received submission."""
    return submission.verdict is Verdict.AC and any(
        s.pending and s.receipt < submission.receipt for s in duel.submissions
    )


def overdue(duel: Duel, now: int) -> list[Seat]:
    """Those who have been away for longer than they may in a duel that goes on."""
    late = [s for s in duel.seats if s.away_since is not None and s.away_since + duel.grace <= now]
    return late if duel.status != "finished" else []


def abandoned(duel: Duel, now: int) -> bool:
    """Whether time alone ends it now, by absence."""
    at = _abandoned_at(duel)
    open_ = duel.status != "finished" and not any(s.pending for s in duel.submissions)
    return open_ and at is not None and at <= min(now, duel.deadline)


def next_due(duel: Duel) -> int | None:
    """When time alone will change this duel next, if ever: while a verdict is out, time decides nothing."""
    if duel.status == "finished" or any(s.pending for s in duel.submissions):
        return None
    turn = duel.starts_at if duel.status == "countdown" else duel.deadline
    abandoned_at = _abandoned_at(duel)
    return turn if abandoned_at is None else min(turn, abandoned_at)


def _evolve(duel: Duel, event: Event) -> Duel:
    match event:
        case Started():
            return replace(duel, status="live")
        case Received(submission):
            return replace(duel, submissions=(*duel.submissions, submission))
        case Judged(id, verdict, passed):
            return replace(
                duel,
                submissions=tuple(
                    replace(s, verdict=verdict, passed=passed) if s.id == id else s for s in duel.submissions
                ),
            )
        case SeatChanged(seat):
            first, second = duel.seats
            return replace(duel, seats=(seat, second) if first.player_id == seat.player_id else (first, seat))
        case Finished(result):
            return replace(duel, status="finished", result=result)


def _handle(duel: Duel, command: Timely, now: int) -> list[Event]:
    match command:
        case Tick():
            return []
        case Submit(player_id, id):
            return _submit(duel, player_id, id, now)
        case Judge(id, verdict, passed):
            known = next((s for s in duel.submissions if s.id == id), None)
            return [Judged(id, verdict, passed)] if known and known.pending else []
        case Resign(player_id):
            duel.seat(player_id)
            _refuse_if_finished(duel)
            return [_win(duel, duel.opponent(player_id).player_id, "resigned", now)]
        case OfferDraw(player_id):
            return _offer_draw(duel, player_id, now)
        case OfferRematch(player_id):
            return _offer_rematch(duel, player_id)
        case Leave(player_id) | Return(player_id):
            return _presence(duel, player_id, now if isinstance(command, Leave) else None)


def _submit(duel: Duel, player_id: str, id: str, now: int) -> list[Event]:
    duel.seat(player_id)
    _refuse_if_finished(duel)
    if duel.status == "countdown":
        raise Refused("The duel has not started: wait for the countdown.")
    if now >= duel.deadline:
        raise Refused("Time is up: the last submissions are being judged.")
    return [Received(Submission(id, player_id, receipt=len(duel.submissions) + 1))]


def _offer_draw(duel: Duel, player_id: str, now: int) -> list[Event]:
    seat = duel.seat(player_id)
    _refuse_if_finished(duel)
    if duel.status == "countdown":
        raise Refused("The duel has not started: wait for the countdown.")
    offered = SeatChanged(replace(seat, offers_draw=True))
    if duel.opponent(player_id).offers_draw:
        return [offered, Finished(Result(outcome="draw", reason="agreed"), now)]
    return [offered]


def _offer_rematch(duel: Duel, player_id: str) -> list[Event]:
    seat = duel.seat(player_id)
    if duel.status != "finished":
        raise Refused("A rematch is for after the duel.")
    return [SeatChanged(replace(seat, offers_rematch=True))]


def _presence(duel: Duel, player_id: str, away_since: int | None) -> list[Event]:
    seat = duel.seat(player_id)
    if duel.status == "finished" or (seat.away_since is None) == (away_since is None):
        return []
    return [SeatChanged(replace(seat, away_since=away_since))]


def _excuse(duel: Duel, excuse: Excuse) -> list[Event]:
    seat = duel.seat(excuse.player_id)
    if duel.status == "finished" or seat.away_since is None or seat.away_since == excuse.away_since:
        return []
    return [SeatChanged(replace(seat, away_since=excuse.away_since))]


def _refuse_if_finished(duel: Duel) -> None:
    if duel.status == "finished":
        raise Refused("The duel is over.")


# ---- what time brings, and who wins


def _due(duel: Duel, now: int) -> list[Event]:
    events: list[Event] = []
    if duel.status == "countdown" and now >= duel.starts_at:
        events.append(Started())
        duel = fold(duel, events)
    if duel.status == "finished":
        return events
    # While a verdict is out, nobody may lose by the clock: the answer may already be there.
    if any(s.pending for s in duel.submissions):
        return events
    if abandoned(duel, now):
        return [*events, _abandoned(duel, now)]
    if now >= duel.deadline:
        return [*events, Finished(_by_cases(duel), now)]
    return events


def _abandoned_at(duel: Duel) -> int | None:
    """When the duel is lost by absence: one side's grace is over and the other is there, or both are over."""
    return max((seat.away_since + duel.grace for seat in duel.seats if seat.away_since is not None), default=None)


def _abandoned(duel: Duel, now: int) -> Finished:
    present = [seat for seat in duel.seats if seat.away_since is None]
    if present:
        return _win(duel, present[0].player_id, "abandoned", now)
    return Finished(Result(outcome="aborted", reason="abandoned"), now)


def _settle(duel: Duel, now: int) -> list[Event]:
    """The lowest receipt that passed wins, once nothing received before it is pending; then what time alone decides."""
    if duel.status == "finished":
        return []
    first = min((s for s in duel.submissions if s.verdict is Verdict.AC), key=lambda s: s.receipt, default=None)
    if first is not None:
        return [] if held(duel, first) else [_win(duel, first.player_id, "solved", now)]
    return _due(duel, now)


def _by_cases(duel: Duel) -> Result:
    """Without a pass: most cases, then who had them first, else a draw."""
    judged = (s for s in duel.submissions if s.verdict is not Verdict.IE)
    best = max(judged, key=lambda s: (s.passed, -s.receipt), default=None)
    if best is None or best.passed == 0:
        return Result(outcome="draw", reason="timeout")
    return Result(outcome="win", winner_id=best.player_id, reason="most_cases")


def _win(duel: Duel, winner_id: str, reason: str, now: int) -> Finished:
    return Finished(Result(outcome="win", winner_id=winner_id, reason=reason), now)
