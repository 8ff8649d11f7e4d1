"""What players do, as rules for Hypothesis: a driver does it, the model says what may follow."""

from collections.abc import Callable
from typing import Any, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.model.model import Act, Answer, Duel, Kind, unknown
from tests.support.player import units

WHO = st.sampled_from([0, 1])
TEXTS = st.sampled_from(["", "# duck\n", "# 🦆\n", "x = 'ä'\n", "# a\n# b"])
KINDS = st.sampled_from(["right", "partly", "partly", "wrong", "wrong"])
SOLUTIONS: dict[Kind, str] = {
    "right": """\
def settle(paid):
    if not paid:
        return {}
    share, left = divmod(sum(paid.values()), len(paid))
    return {name: paid[name] - share - (i < left) for i, name in enumerate(sorted(paid))}
""",
    "partly": "def settle(paid):\n    return {}\n",
    "wrong": "def settle(paid):\n    return None\n",
}


class Driver(Protocol):
    """Two players of one duel, 0 and 1, and what carries it."""

    faulty: bool
    """Whether things break: then any answer may be missing, and what was open may have been closed."""

    def begin(self, short: bool) -> tuple[Duel, list[str]]:
        """A new duel that is live; its model and its players. A `short` one can be waited for."""

    def open(self, who: int) -> dict[str, Any]:
        """Open it, on whatever connection; the snapshot, which the model has seen."""

    def ask(self, who: int, event: str, **payload: Any) -> Answer:
        """Emit it on the connection as it is."""

    def disconnect(self, who: int) -> None:
        """Close the socket: with the next `open` another one comes, on another process."""

    def second_tab(self, who: int) -> None:
        """Another socket of the player opens the duel, and stays open."""

    def end(self, act: Callable[[], None] | None) -> dict[str, Any]:
        """Nothing breaks any more. `act` is done, or the deadline waited for, until it is over and nothing moves."""


class Duelists(RuleBasedStateMachine):
    """Two players who do whatever players can do."""

    driver: Driver

    @initialize(short=st.booleans())
    def pair(self, short: bool) -> None:
        self.short = short
        self.duel, self.players = self.driver.begin(short)
        self.mine: list[tuple[int, str]] = [(0, ""), (0, "")]
        self.has_pen = [False, False]
        self.ids: list[list[str]] = [[], []]

    def look(self, who: int) -> None:
        """See what holds, and take the pen."""
        snapshot = self.driver.open(who)
        side = next(side for side in snapshot["players"] if side["id"] == self.players[who])
        self.mine[who] = side["seq"], side["text"]
        self.has_pen[who] = snapshot["status"] == "live"

    def write(self, who: int, seq: int, text: str) -> Answer:
        """Send the whole text as one edit; in doubt or refused, look at the next occasion."""
        changes = [[units(self.mine[who][1]), *text.split("\n")]]
        answer = self.driver.ask(who, "duel:edit", seq=seq, changes=changes)
        self.duel.documents[self.players[who]].edited(seq, text, answer)
        if unknown(answer) or (answer and not answer["ok"]):
            self.has_pen[who] = False
        return answer

    def edited(self, who: int, text: str) -> bool:
        """Whether the text is certainly there now."""
        if not self.has_pen[who]:
            self.look(who)
        seq = self.mine[who][0] + 1
        answer = self.write(who, seq, text)
        if not (answer and answer["ok"]):
            self.may_refuse(answer, "not_live", "pen_taken", "forbidden", "resync", "unauthenticated")
            return False
        self.mine[who] = seq, text
        return True

    def may_refuse(self, answer: Answer, *codes: str) -> None:
        """The answer is a refusal for one of these reasons, or unknown where things break."""
        if unknown(answer):
            assert self.driver.faulty, answer
        elif answer:
            assert not answer["ok"], answer
            assert answer["error"]["code"] in codes, answer

    @rule(who=WHO)
    def opens(self, who: int) -> None:
        self.look(who)

    @rule(who=WHO, text=TEXTS)
    def edit(self, who: int, text: str) -> None:
        self.edited(who, text)

    @precondition(lambda self: any(seq for seq, _ in self.mine))
    @rule(who=WHO, text=TEXTS, back=st.integers(0, 3))
    def edit_again(self, who: int, text: str, back: int) -> None:
        """An old seq is acknowledged, and changes nothing: the next one who looks would see it."""
        seq = self.mine[who][0] - back
        if seq > 0:
            self.write(who, seq, text)

    @rule(who=WHO, gap=st.integers(2, 4))
    def edit_over_a_gap(self, who: int, gap: int) -> None:
        if not self.has_pen[who]:
            self.look(who)
        answer = self.write(who, self.mine[who][0] + gap, "# gap\n")
        self.may_refuse(answer, "resync", "not_live", "pen_taken", "forbidden", "unauthenticated")

    @rule(who=WHO, kind=KINDS)
    def submit(self, who: int, kind: Kind) -> None:
        if self.edited(who, SOLUTIONS[kind]):
            self.ids[who].append(f"s{len(self.ids[who])}")
            self.send(who, self.ids[who][-1], kind)

    @precondition(lambda self: any(self.ids))
    @rule(who=WHO, data=st.data())
    def submit_again(self, who: int, data: st.DataObject) -> None:
        """The same id: the first submission, whatever the text is now."""
        if self.ids[who] and self.has_pen[who]:
            self.send(who, data.draw(st.sampled_from(self.ids[who])), None)

    def send(self, who: int, id: str, kind: Kind | None) -> None:
        player, (seq, text) = self.players[who], self.mine[who]
        if kind is None and not self.duel.sent[player, id].receipt:
            kind = next((it for it, code in SOLUTIONS.items() if code == text), None)
            if kind != self.duel.sent[player, id].kind:
                return  # in doubt, and another text now: what is received would be one or the other
        self.duel.submitting(player, id, kind)
        answer = self.driver.ask(who, "duel:submit", submission_id=id, language="python", seq=seq)
        self.duel.submitted(player, id, answer)
        if not (answer and answer["ok"]):
            self.has_pen[who] = False
            self.may_refuse(answer, "not_live", "pen_taken", "forbidden", "resync", "unauthenticated", "busy")

    @precondition(lambda self: self.long_enough())
    @rule(who=WHO)
    def offer_draw(self, who: int) -> None:
        self.act(who, "draw", "duel:offer_draw")

    @precondition(lambda self: self.long_enough())
    @rule(who=WHO)
    def resign(self, who: int) -> None:
        self.act(who, "resign", "duel:resign")

    def long_enough(self) -> bool:
        """An end too early would leave little to see."""
        return sum(map(len, self.ids)) > 3

    def act(self, who: int, act: Act, event: str) -> None:
        self.duel.acting(act, self.players[who])
        answer = self.driver.ask(who, event)
        self.duel.acted(act, self.players[who], answer)
        if not (answer and answer["ok"]):
            self.may_refuse(answer, "not_live", "unauthenticated")

    @rule(who=WHO)
    def disconnect(self, who: int) -> None:
        self.driver.disconnect(who)
        self.has_pen[who] = False
        self.look(who)

    @rule(who=WHO, text=TEXTS)
    def second_tab(self, who: int, text: str) -> None:
        """It takes the pen: the first one cannot write any more."""
        self.driver.second_tab(who)
        if self.has_pen[who]:
            self.may_refuse(self.write(who, self.mine[who][0] + 1, text), "pen_taken", "not_live")
        self.has_pen[who] = False

    def teardown(self) -> None:
        """By now everything is decided."""
        if hasattr(self, "duel"):
            self.duel.ended(self.driver.end(None if self.short else self.agree))

    def agree(self) -> None:
        """End it."""
        for who in (0, 1):
            self.act(who, "draw", "duel:offer_draw")
