"""What the two players of a duel may rely on, whatever breaks. Pure: it is told what was asked, what came back, and
what was seen, and says when that cannot be.

An answer is an acknowledgement as it is on the wire, or None: nobody knows whether it was done. Then both possibilities
stay until something that is seen decides between them.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Answer = dict[str, Any] | None
Act = Literal["resign", "draw"]
Kind = Literal["right", "partly", "wrong"]
"""What a submitted text is worth: all cases, some, none."""
STATUSES = ["countdown", "live", "finished"]
CLOCK = ("starts_at", "deadline")
VERDICT = ("verdict", "passed", "total")


def unknown(answer: Answer) -> bool:
    """Whether the answer leaves open if it was done. A store that is away may have done it before it went."""
    return answer is None or (not answer["ok"] and answer["error"]["code"] in ("unavailable", "internal"))


class Document:
    """One player's text: what it may be, as `(seq, text)`; more than one while an edit is in doubt."""

    def __init__(self, starter: str) -> None:
        self.starter = starter
        self.may_be = [(0, starter)]
        self._shaken = False
        """The store of edits was emptied, and its author has not looked since."""

    def edited(self, seq: int, text: str, answer: Answer) -> None:
        """`text` was sent as edit `seq`."""
        if not (unknown(answer) or (answer and answer["ok"])):
            return
        these = [it for it in self.may_be if it[0] == seq]
        if any(known == seq - 1 for known, _ in self.may_be) and (seq, text) not in these:
            these.append((seq, text))
        before, after = ([it for it in self.may_be if sign * (it[0] - seq) > 0] for sign in (-1, 1))
        if answer and answer["ok"] and not self._shaken:
            assert answer["seq"] == seq
            assert these or after, f"edit {seq} was taken over a gap: {self.may_be}"
            before = [] if these else before
        self.may_be = [*before, *these, *after]

    def opened(self, seq: int, text: str, *, sure: bool = True) -> None:
        """Its author has the pen now and was told this: no edit that was in doubt comes any more. Not `sure`: the store
        may have been emptied since.
        """
        assert (seq, text) in self.may_be, f"({seq}, {text!r}) is none of {self.may_be}"
        if sure:
            self.may_be, self._shaken = [(seq, text)], False

    def lost(self) -> None:
        """The store of edits was emptied. A text that is final may be kept elsewhere."""
        self._shaken = True
        if (0, self.starter) not in self.may_be:
            self.may_be.insert(0, (0, self.starter))


@dataclass
class Sent:
    """A submission; without a receipt it is in doubt."""

    kind: Kind | None
    after: int
    """Receipts that were known when it was sent first."""
    receipt: int | None = None
    verdict: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Asked:
    """What was certain when somebody asked to see the duel."""

    status: str
    result: dict[str, Any] | None
    received: frozenset[tuple[str, str]]
    losses: int


NOTHING = Asked("countdown", None, frozenset(), -1)
"""Was certain."""


@dataclass
class Duel:
    """One duel of two players. Both may act at once: what is asked and its answer are told apart."""

    documents: dict[str, Document]
    sent: dict[tuple[str, str], Sent] = field(default_factory=dict)
    """By player and submission id."""
    clock: dict[str, int] = field(default_factory=dict)
    status: str = "countdown"
    result: dict[str, Any] | None = None
    done: dict[str, set[str]] = field(default_factory=lambda: {"resign": set(), "draw": set()})
    """Who has certainly done it."""
    doubtful: dict[str, set[str]] = field(default_factory=lambda: {"resign": set(), "draw": set()})
    """Who has perhaps."""
    gone: set[str] = field(default_factory=set)
    """Who was away for so long that they may have lost by it."""
    losses: int = 0
    """How often the store of edits was emptied."""

    def other(self, player: str) -> str:
        """Who is not that player."""
        return next(it for it in self.documents if it != player)

    # ---- what was done

    def submitting(self, player: str, id: str, kind: Kind | None = None) -> None:
        """A submission is being sent; the same id again is the same submission."""
        known = max((it.receipt or 0 for it in self.sent.values()), default=0)
        self.sent.setdefault((player, id), Sent(kind, known))

    def submitted(self, player: str, id: str, answer: Answer) -> None:
        """What came back for it."""
        sent = self.sent[player, id]
        if answer and answer["ok"]:
            self._received(sent, answer["receipt"])
        elif not unknown(answer):
            assert sent.receipt is None, f"an acknowledged submission is refused: {answer}"

    def _received(self, sent: Sent, receipt: int) -> None:
        assert sent.receipt in (None, receipt), f"receipt {sent.receipt} became {receipt}"
        assert receipt > sent.after, "it was received before what was acknowledged before it was sent"
        sent.receipt = receipt

    def acting(self, act: Act, player: str) -> None:
        """A player resigns, or offers a draw."""
        self.doubtful[act].add(player)

    def acted(self, act: Act, player: str, answer: Answer) -> None:
        """What came back for it. Of one that is refused an earlier try may have been done."""
        if answer and answer["ok"]:
            self.done[act].add(player)

    def lost(self) -> None:
        """The store of edits was emptied. Say so before and after."""
        self.losses += 1
        for document in self.documents.values():
            document.lost()

    # ---- what was seen

    def heard(self, snapshot: dict[str, Any]) -> None:
        """A snapshot, perhaps made a moment ago."""
        for name in CLOCK:
            assert self.clock.setdefault(name, snapshot[name]) == snapshot[name], f"{name} has moved"
        if STATUSES.index(snapshot["status"]) > STATUSES.index(self.status):
            self.status = snapshot["status"]
        if result := snapshot.get("result"):
            assert self.result in (None, result), f"{self.result} became {result}"
            self.result = result
        for side in snapshot["players"]:
            for it in side["submissions"]:
                self._judged(side["id"], it)

    def _judged(self, player: str, seen: dict[str, Any]) -> None:
        assert (player, seen["submission_id"]) in self.sent, f"nobody has submitted {seen}"
        sent = self.sent[player, seen["submission_id"]]
        self._received(sent, seen["receipt"])
        if seen.get("verdict"):
            verdict = tuple(seen[name] for name in VERDICT)
            assert sent.verdict in (None, verdict), f"{sent.verdict} became {verdict}"
            sent.verdict = verdict

    def asking(self) -> Asked:
        """For `opened`: what it must show at least."""
        received = frozenset(key for key, sent in self.sent.items() if sent.receipt)
        return Asked(self.status, self.result, received, self.losses)

    def opened(self, player: str, snapshot: dict[str, Any], asked: Asked) -> None:
        """`duel:open` by a player: what holds now."""
        self.heard(snapshot)
        assert STATUSES.index(snapshot["status"]) >= STATUSES.index(asked.status), f"{asked.status} again {snapshot}"
        assert asked.result in (None, snapshot.get("result"))
        seen = {(side["id"], it["submission_id"]) for side in snapshot["players"] for it in side["submissions"]}
        assert asked.received <= seen, f"acknowledged submissions are missing: {asked.received - seen}"
        for side in snapshot["players"]:
            if side["id"] == player and "text" in side:
                self.documents[player].opened(side["seq"], side["text"], sure=asked.losses == self.losses)

    def ended(self, snapshot: dict[str, Any]) -> None:
        """Nothing moves any more: whatever was in doubt is decided, and the result is one that follows from it."""
        self.heard(snapshot)
        assert snapshot["status"] == "finished"
        for side in snapshot["players"]:
            self.documents[side["id"]].opened(side["seq"], side["text"])
        received = [(player, it) for (player, _), it in self.sent.items() if it.receipt]
        received.sort(key=lambda it: it[1].receipt or 0)
        assert [it.receipt for _, it in received] == list(range(1, len(received) + 1)), "receipts have a gap"
        for _, it in received:
            assert it.verdict, "a received submission has no verdict"
            assert it.kind in (None, worth(it.verdict)), f"{it.verdict} for a text that is {it.kind}"
        allowed = self._results([(player, it.verdict or ()) for player, it in received])
        assert self.result in allowed, f"{self.result} is none of {allowed}"

    def _results(self, judged: list[tuple[str, tuple[Any, ...]]]) -> list[dict[str, Any]]:
        """Every result that may be; `judged` in the order of receipt."""
        certain = [win(self.other(player), "resigned") for player in self.done["resign"]]
        if len(self.done["draw"]) == 2:
            certain.append({"outcome": "draw", "reason": "agreed"})
        if certain:
            assert len(certain) == 1, "two acts have ended it"
            return certain
        may_be = [win(self.other(player), "resigned") for player in self.doubtful["resign"]]
        if len(self.done["draw"] | self.doubtful["draw"]) == 2:
            may_be.append({"outcome": "draw", "reason": "agreed"})
        may_be += [win(self.other(player), "abandoned") for player in self.gone]
        if len(self.gone) == 2:
            may_be.append({"outcome": "aborted", "reason": "abandoned"})
        return [*may_be, by_verdicts(judged)]


def by_verdicts(judged: list[tuple[str, tuple[Any, ...]]]) -> dict[str, Any]:
    """What the verdicts alone give: the first received pass, else most cases and who had them first, else a draw."""
    for player, (verdict, *_) in judged:
        if verdict == "AC":
            return win(player, "solved")
    best, most = "", 0
    for player, (_, passed, *_) in judged:
        if passed > most:
            best, most = player, passed
    return win(best, "most_cases") if best else {"outcome": "draw", "reason": "timeout"}


def win(player: str, reason: str) -> dict[str, Any]:
    """A result as it is on the wire."""
    return {"outcome": "win", "winner_id": player, "reason": reason}


def worth(verdict: tuple[Any, ...]) -> Kind:
    """What a verdict says of the text."""
    name, passed, total = verdict
    if name == "AC":
        assert passed == total
        return "right"
    return "partly" if passed else "wrong"
