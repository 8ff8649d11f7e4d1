"""The model against the pure rules and documents, with a clock and a judge that do as they like."""

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from python_duel.duels import rules
from python_duel.duels.document import Document as Text
from python_duel.errors import DuelError, NotLive, PenTaken, Resync
from python_duel.protocol.verdict import Verdict
from tests.model import model
from tests.model.model import Answer, Kind
from tests.model.rules import SOLUTIONS, Duelists

PLAYERS = ["ada", "bob"]
STARTER = "def settle(paid): ...\n"
LENGTH, GRACE, CASES = 2_000, 500, 9
PASSED: dict[Kind, tuple[Verdict, int]] = {
    "right": (Verdict.AC, CASES),
    "partly": (Verdict.WA, 4),
    "wrong": (Verdict.RE, 0),
}


class Pure:
    """One duel without a server: its clock is a number, its judge waits to be asked."""

    faulty = False

    def begin(self, short: bool) -> tuple[model.Duel, list[str]]:
        self.now = 0
        first, second = map(rules.Seat, PLAYERS)
        self.state = rules.Duel("live", 0, LENGTH, GRACE, (first, second))
        self.texts = {player: Text.of(STARTER) for player in PLAYERS}
        self.codes: dict[str, str] = {}
        self.pens: set[str] = set()
        self.known = model.Duel({player: model.Document(STARTER) for player in PLAYERS})
        return self.known, PLAYERS

    def command(self, command: rules.Command) -> None:
        self.state = rules.fold(self.state, rules.decide(self.state, command, self.now))

    def open(self, who: int) -> dict[str, Any]:
        asked = self.known.asking()
        self.command(rules.Return(PLAYERS[who]))
        self.pens.add(PLAYERS[who])
        snapshot = self.snapshot()
        self.known.opened(PLAYERS[who], snapshot, asked)
        return snapshot

    def ask(self, who: int, event: str, **payload: Any) -> Answer:
        act: Callable[..., dict[str, Any]] = getattr(self, event.removeprefix("duel:"))
        try:
            return {"ok": True, **act(PLAYERS[who], **payload)}
        except (rules.Refused, DuelError) as refusal:
            code = refusal.code if isinstance(refusal, DuelError) else NotLive.code
            return {"ok": False, "error": {"code": code, "message": str(refusal)}}

    def edit(self, player: str, seq: int, changes: Any) -> dict[str, Any]:
        if self.state.status == "finished" or self.now >= LENGTH:
            raise NotLive("over")
        if player not in self.pens:
            raise PenTaken("pen")
        text = self.texts[player]
        if seq > text.seq + 1:
            raise Resync("gap")
        if seq == text.seq + 1:
            self.texts[player] = text.edited(changes, 10_000)
        return {"seq": seq}

    def submit(self, player: str, submission_id: str, seq: int, language: str) -> dict[str, Any]:
        key = f"{player} {submission_id}"
        if key not in self.codes:
            self.command(rules.Submit(player, key))
            self.codes[key] = self.texts[player].text
        return {"receipt": next(it.receipt for it in self.state.submissions if it.id == key)}

    def resign(self, player: str) -> dict[str, Any]:
        self.command(rules.Resign(player))
        return {}

    def offer_draw(self, player: str) -> dict[str, Any]:
        self.command(rules.OfferDraw(player))
        return {}

    def disconnect(self, who: int) -> None:
        self.command(rules.Leave(PLAYERS[who]))

    def second_tab(self, who: int) -> None:
        self.pens.discard(PLAYERS[who])

    def judge(self, id: str) -> None:
        kind = next(kind for kind, code in SOLUTIONS.items() if code == self.codes[id])
        self.command(rules.Judge(id, *PASSED[kind]))

    def end(self, act: Callable[[], None] | None) -> dict[str, Any]:
        for it in self.state.submissions:
            if it.pending:
                self.judge(it.id)
        if act:
            act()
        else:
            self.now = max(self.now, LENGTH)
            self.command(rules.Tick())
        return self.snapshot()

    def snapshot(self) -> dict[str, Any]:
        state = self.state
        snapshot: dict[str, Any] = {"status": state.status, "starts_at": state.starts_at, "deadline": state.deadline}
        if state.result:
            snapshot["result"] = state.result.model_dump(exclude_none=True)
        snapshot["players"] = [
            {
                "id": player,
                "seq": self.texts[player].seq,
                "text": self.texts[player].text,
                "submissions": [shown(it) for it in state.submissions if it.player_id == player],
            }
            for player in PLAYERS
        ]
        return snapshot


def shown(it: rules.Submission) -> dict[str, Any]:
    verdict = {} if it.pending else {"verdict": it.verdict, "passed": it.passed, "total": CASES}
    return {"submission_id": it.id.partition(" ")[2], "receipt": it.receipt, **verdict}


class PureDuelists(Duelists):
    """Nothing breaks; verdicts come in any order, and time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.driver: Pure = Pure()

    @precondition(lambda self: any(it.pending for it in self.driver.state.submissions))
    @rule(data=st.data())
    def judge(self, data: st.DataObject) -> None:
        pending = [it.id for it in self.driver.state.submissions if it.pending]
        self.driver.judge(data.draw(st.sampled_from(pending)))

    @rule(ms=st.integers(1, 300))
    def time_passes(self, ms: int) -> None:
        self.driver.now += ms
        self.driver.command(rules.Tick())


TestPureDuelists = PureDuelists.TestCase
TestPureDuelists.settings = settings(max_examples=200, deadline=None)
