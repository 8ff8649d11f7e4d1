"""What the server emits over Socket.IO, and the shapes that HTTP answers share with it."""

from typing import Literal

from python_duel.protocol.base import Id, Language, Milliseconds, Mode, ServerMessage, Visibility
from python_duel.protocol.verdict import CaseResult, Verdict

Status = Literal["countdown", "live", "finished"]
Role = Literal["player", "spectator"]
OutcomeKind = Literal["win", "draw", "aborted"]
Reason = Literal["solved", "most_cases", "resigned", "abandoned", "timeout", "agreed", "aborted"]


REACTIONS = ("luck", "nice", "close", "hmm", "wow", "gg")
"""What players may say to each other during a duel."""


class Player(ServerMessage):
    id: Id
    nickname: str
    rating: int


class Parameter(ServerMessage):
    name: str
    type: str
    """A type of the challenge format, for example `int` or `list[str]`."""


class Signature(ServerMessage):
    """The function a player writes."""

    name: str
    parameters: list[Parameter]
    returns: str


class Sample(ServerMessage):
    name: str
    input: str
    """Standard input, or the call as it would be written."""
    expected: str
    """Standard output, or the value returned, as JSON."""
    note: str | None = None


class ChallengeLimits(ServerMessage):
    cpu_ms: int
    memory_mb: int
    output_bytes: int
    code_bytes: int


class ChallengeView(ServerMessage):
    """A challenge as a player sees it. Never hidden tests."""

    slug: str
    title: str
    difficulty: int
    """1 (warm-up) to 5 (hard)."""
    tags: list[str] = []
    kind: Literal["function", "stdio"]
    statement: str
    """Markdown."""
    samples: list[Sample]
    signature: Signature | None = None
    starter: dict[Language, str]
    """In every language that is offered for this challenge here and now."""
    limits: ChallengeLimits


class SubmissionView(ServerMessage):
    """A submission as everybody in the duel sees it."""

    submission_id: Id
    receipt: int
    received_at: Milliseconds
    verdict: Verdict | None = None
    """Absent while it is judged."""
    passed: int | None = None
    total: int | None = None
    time_ms: int | None = None
    memory_kb: int | None = None
    held: bool = False
    message: str | None = None
    """The judge's words, to the author alone."""


class DuelPlayer(Player):
    """One side of a duel. `text` is there only for those who may see it."""

    connected: bool
    grace_until: Milliseconds | None = None
    """When an absent player loses by abandonment."""
    language: Language
    """What they write in now: named by their last edit, run or submission."""
    seq: int
    text: str | None = None
    submissions: list[SubmissionView]


class Result(ServerMessage):
    outcome: OutcomeKind
    winner_id: Id | None = None
    reason: Reason


class Snapshot(ServerMessage):
    """All that one viewer may know of a duel now."""

    duel_id: Id
    status: Status
    role: Role
    mode: Mode
    ranked: bool
    visibility: Visibility
    server_time: Milliseconds
    starts_at: Milliseconds
    deadline: Milliseconds
    challenge: ChallengeView | None = None
    """Not before `starts_at`."""
    players: list[DuelPlayer]
    result: Result | None = None
    draw_offers: list[Id] = []
    rematch_offers: list[Id] = []
    rematch_id: Id | None = None
    grace_ms: int
    """How long a player may be away before the duel is lost."""
    home: str | None = None
    """A path for sockets, on the process that keeps this duel."""


class RatingChange(ServerMessage):
    before: int
    after: int


class QueueMatched(ServerMessage):
    duel_id: Id
    home: str | None = None


class QueueRejoined(ServerMessage):
    """The queue was lost, and made again: this place is as old as the one before."""

    mode: Mode
    ticket: str
    waiting_ms: int
    estimate_ms: int


class DuelState(ServerMessage):
    snapshot: Snapshot


class DuelEdited(ServerMessage):
    """Absent `changes`: the duel hides the code, only the activity shows."""

    duel_id: Id
    player_id: Id
    seq: int
    changes: list[int | list[int | str]] | None = None


class DuelCursorMoved(ServerMessage):
    duel_id: Id
    player_id: Id
    anchor: int
    head: int


class DuelPresence(ServerMessage):
    duel_id: Id
    player_id: Id
    connected: bool
    grace_until: Milliseconds | None = None
    """When an absent player loses by abandonment."""
    pen: str | None = None
    """The page that has taken the pen from another one: told to this player alone."""


class DuelSaid(ServerMessage):
    duel_id: Id
    player_id: Id
    reaction: str


class DuelRan(ServerMessage):
    """To the one player who ran."""

    duel_id: Id
    run_id: Id
    verdict: Verdict
    cases: list[CaseResult]
    message: str | None = None
    line: int | None = None
    column: int | None = None


class DuelVerdict(ServerMessage):
    duel_id: Id
    player_id: Id
    submission_id: Id
    receipt: int
    verdict: Verdict
    passed: int
    total: int
    time_ms: int
    memory_kb: int
    held: bool = False
    """A pass that waits for an earlier-received submission."""
    message: str | None = None
    """The judge's words, to the author alone."""
    line: int | None = None
    column: int | None = None
    failed_sample: CaseResult | None = None
    """The first failing case when it is a sample; to the author alone."""


class DuelFinished(ServerMessage):
    duel_id: Id
    result: Result
    ratings: dict[Id, RatingChange] = {}


class SessionClosed(ServerMessage):
    reason: str
    reconnect: bool = False
    """The session is still good: only this socket is closed."""


class ServerDrain(ServerMessage):
    reconnect_within_ms: int


EVENTS: dict[str, type[ServerMessage]] = {
    "queue:matched": QueueMatched,
    "queue:rejoined": QueueRejoined,
    "duel:state": DuelState,
    "duel:edit": DuelEdited,
    "duel:cursor": DuelCursorMoved,
    "duel:presence": DuelPresence,
    "duel:said": DuelSaid,
    "duel:ran": DuelRan,
    "duel:verdict": DuelVerdict,
    "duel:finished": DuelFinished,
    "session:closed": SessionClosed,
    "server:drain": ServerDrain,
}
"""Every server event and its payload."""
