"""The event log of a duel that is over, and the proof that its result follows from it. Pure.

A log is text, a JSON object a line. The first says what was played: `{kind: "duel", version, duel_id, ...}`. Then, in
order, what happened: `edit`s, the commands of `rules` that changed something, runs and changes of language. The last,
`end`, has the result and the digests of both last texts. Times `at` are milliseconds since the epoch.

Every line but an edit ends with `hash`: SHA-256 over the hash before it and all bytes since, line breaks too, as they
would be without this `hash`. The hash of the last line is kept beside the log.
"""

import hashlib
import heapq
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import chain
from typing import Any

from python_duel.duels import rules
from python_duel.duels.document import Document, InvalidChanges
from python_duel.protocol.server import Result
from python_duel.protocol.verdict import Verdict

VERSION = 1
UNBOUNDED = 1 << 40
Line = dict[str, Any]
COMMANDS: dict[str, type[rules.Command]] = {
    "tick": rules.Tick,
    "submit": rules.Submit,
    "verdict": rules.Judge,
    "resign": rules.Resign,
    "offer_draw": rules.OfferDraw,
    "leave": rules.Leave,
    "return": rules.Return,
    "excuse": rules.Excuse,
}
"""Those that a log has, by the kind of their line."""
KINDS = {command: kind for kind, command in COMMANDS.items()}
FOREIGN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What may come of lines that are well hashed, and not of this format."""
SEAL = re.compile(r',"hash":"([0-9a-f]{64})"\}')
SEAL_LENGTH = 75


@dataclass(frozen=True, slots=True)
class Edit:
    """One change set as it was stored."""

    at: int
    changes: str
    """JSON."""
    seq: int | None = None
    """Of one that stands for all up to this seq, which were lost with their store."""


@dataclass(frozen=True, slots=True)
class Side:
    """A player, the text they began with, and their last one as it is stored."""

    player_id: str
    language: str
    """The one they began in."""
    starter: str
    seq: int
    text: str
    last_language: str
    away_since: int | None = None
    offers_draw: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission as it is stored."""

    id: str
    player_id: str
    submission_id: str
    receipt: int
    seq: int
    language: str
    code: str
    received_at: int
    judged_at: int | None
    verdict: str | None
    passed: int | None
    total: int | None
    time_ms: int | None
    memory_kb: int | None


@dataclass(frozen=True, slots=True)
class Rows:
    """What is stored of a duel that is over, beside its log."""

    duel_id: str
    challenge: str
    """Digest."""
    mode: str
    starts_at: int
    deadline: int
    grace: int
    finished_at: int
    result: Result
    sides: tuple[Side, Side]
    submissions: tuple[Sent, ...]


@dataclass(frozen=True, slots=True)
class Log:
    """The log's text and the hash of its last line."""

    text: str
    hash: str


@dataclass(slots=True)
class Report:
    """What a check has met. No faults: the result follows from the log, and what is stored agrees."""

    edits: int = 0
    submissions: int = 0
    lost: int = 0
    """Texts whose edits were lost with their store: what they were is known, how they were typed is not."""
    hash: str = ""
    """Of the log's last line: who keeps it elsewhere knows that this is the log that was written."""
    faults: list[str] = field(default_factory=list)


class Broken(ValueError):
    """The log is not what was written; the message says where."""


def entry(command: rules.Command, events: Sequence[rules.Event]) -> Line | None:
    """A command as the log keeps it, for what it did; None when that is nothing.

    A rematch is offered after the end: of one that comes when time is up and nobody has said so, the log has the end.
    """
    if isinstance(command, rules.OfferRematch):
        command, events = rules.Tick(), [event for event in events if isinstance(event, rules.Finished)]
    return {"kind": KINDS[type(command)], **asdict(command)} if events else None


# ---- writing


def write(rows: Rows, edits: dict[str, list[Edit]], entries: Sequence[tuple[int, Line]]) -> Log:
    """The log of a duel: `edits` by player, `entries` as `(at, line)` in the order in which they were committed."""
    sent = {row.id: row for row in rows.submissions}
    happened = ({"at": at, **_told(line, sent)} for at, line in entries)
    typed = [_in_order(_typed(side.player_id, edits[side.player_id])) for side in rows.sides]
    timed = heapq.merge(_in_order(happened), *typed, key=lambda found: found[0])
    lost = (line for side in rows.sides for line in _lost(side, edits[side.player_id], rows))
    return _sealed(chain([_header(rows)], (line for _, line in timed), lost, [_end(rows)]))


def _header(rows: Rows) -> Line:
    return {
        "kind": "duel",
        "version": VERSION,
        "duel_id": rows.duel_id,
        "challenge": rows.challenge,
        "mode": rows.mode,
        "starts_at": rows.starts_at,
        "deadline": rows.deadline,
        "grace": rows.grace,
        "players": [{"id": s.player_id, "language": s.language, "starter": s.starter} for s in rows.sides],
    }


def _end(rows: Rows) -> Line:
    texts = {side.player_id: {"seq": side.seq, "sha256": _digest(side.text)} for side in rows.sides}
    return {"at": rows.finished_at, "kind": "end", "result": rows.result.model_dump(mode="json"), "texts": texts}


def _told(line: Line, sent: dict[str, Sent]) -> Line:
    """A line as it was noted; of a submission and its verdict, with what is known of it."""
    row = sent.get(line["id"]) if line["kind"] in ("submit", "verdict") else None
    if row is None:
        return line
    if line["kind"] == "verdict":
        return {**line, "total": row.total, "time_ms": row.time_ms, "memory_kb": row.memory_kb}
    known = {"submission_id": row.submission_id, "receipt": row.receipt, "seq": row.seq, "language": row.language}
    return {**line, **known, "sha256": _digest(row.code)}


def _typed(player_id: str, edits: list[Edit]) -> Iterator[Line]:
    seq = 0
    for edit in edits:
        before, seq = seq, edit.seq or seq + 1
        line = {"at": edit.at, "kind": "edit", "player_id": player_id, "seq": seq, "changes": json.loads(edit.changes)}
        yield {**line, "lost": seq - before} if edit.seq else line


def _in_order(lines: Iterable[Line]) -> Iterator[tuple[int, Line]]:
    """Each with a time that never goes back, as a clock may: the order is that in which they came."""
    latest = 0
    for line in lines:
        latest = max(latest, line["at"])
        yield latest, line


def _lost(side: Side, edits: list[Edit], rows: Rows) -> Iterator[Line]:
    """What the edits do not give, since a store has lost some: as it was sent."""
    for row in _missing(side, _typed(side.player_id, edits), rows):
        line = {"at": rows.finished_at, "kind": "lost", "player_id": side.player_id}
        yield {**line, "submission_id": row.id} if row else line


def _sealed(lines: Iterable[Line]) -> Log:
    seal, span, parts = "", "", []
    for line in lines:
        body = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
        span += body + "\n"
        if line["kind"] != "edit":
            seal, span = _digest(seal + span), ""
            body = f'{body[:-1]},"hash":"{seal}"}}'
        parts.append(body + "\n")
    return Log("".join(parts), seal)


# ---- reading


def bodies(log: Log) -> Iterator[tuple[str, bool]]:
    """The lines of a log without their hashes, and whether each has one; raises `Broken`."""
    seal, sealed, span = "", None, hashlib.sha256()
    rows = log.text.split("\n")
    if rows.pop() != "":
        raise Broken("the log does not end with a whole line")
    for number, row in enumerate(rows, 1):
        sealed = SEAL.fullmatch(row, max(0, len(row) - SEAL_LENGTH))
        body = row[: sealed.start()] + "}" if sealed else row
        span.update(f"{body}\n".encode("utf-8", "surrogatepass"))
        if sealed:
            seal = span.hexdigest()
            span = hashlib.sha256(seal.encode())
            if seal != sealed[1]:
                raise Broken(f"line {number}, or an edit before it, is not what was written")
        yield body, sealed is not None
    if sealed is None or seal != log.hash:
        raise Broken("the log does not end with the hash that is stored beside it")


def read(log: Log) -> list[Line]:
    """The lines of a log, without their hashes; raises `Broken`."""
    lines = []
    for number, (body, sealed) in enumerate(bodies(log), 1):
        line = _parsed(body, number)
        if sealed == (line["kind"] == "edit"):
            raise Broken(f"line {number} has no hash, or one that it should not have")
        lines.append(line)
    return lines


def _parsed(body: str, number: int) -> Line:
    try:
        line = json.loads(body)
        if isinstance(line, dict) and isinstance(line["kind"], str):
            return line
    except (ValueError, KeyError, RecursionError):
        pass
    raise Broken(f"line {number} is not what was written")


def verify(log: Log, rows: Rows) -> Report:
    """Check a log, recompute from it both texts, the order of receipt and the winner, and compare what is stored."""
    report = Report(hash=log.hash)
    try:
        lines = read(log)
        if lines[0].get("version") != VERSION:
            raise Broken(f"the log is of format {lines[0].get('version')!r}, this version knows {VERSION}")
        report.faults += _compared(lines, rows, report)
    except Broken as broken:
        report.faults.append(str(broken))
    except FOREIGN as error:
        report.faults.append(f"the log is not of this format: {error!r}")
    return report


def _compared(lines: list[Line], rows: Rows, report: Report) -> Iterator[str]:
    if lines[0] != _header(rows):
        yield "what was played is stored otherwise than in the log"
    if lines[-1] != _end(rows):
        yield "the result or a last text is stored otherwise than in the log"
    lost = {(line["player_id"], line.get("submission_id")) for line in lines if line["kind"] == "lost"}
    report.lost = len(lost)
    for side in rows.sides:
        edits = [line for line in lines if line["kind"] == "edit" and line["player_id"] == side.player_id]
        report.edits += len(edits)
        report.lost += sum("lost" in edit for edit in edits)
        yield from _unlike(side, edits, rows, lost)
    if report.edits != sum(line["kind"] == "edit" for line in lines):
        yield "somebody has edited who did not play"
    yield from _judged_otherwise(lines, rows, report)


def _unlike(side: Side, edits: list[Line], rows: Rows, lost: set[tuple[str, str | None]]) -> Iterator[str]:
    """Texts that the edits do not give, and that the log does not call lost."""
    for row in _missing(side, edits, rows):
        if (side.player_id, row.id if row else None) not in lost:
            what = f"what submission {row.receipt} holds" if row else "the stored last text"
            yield f"the edits of {side.player_id} do not give {what}"


def _missing(side: Side, edits: Iterable[Line], rows: Rows) -> Iterator[Sent | None]:
    """The player's submissions whose code the edits do not give; None stands for the last text."""
    sent = [row for row in rows.submissions if row.player_id == side.player_id]
    texts = _texts(side, edits, {row.seq for row in sent})
    for row in sent:
        if texts.get(row.seq) != row.code:
            yield row
    last = max(texts)
    if (last, texts[last]) != (side.seq, side.text):
        yield None


def _texts(side: Side, edits: Iterable[Line], wanted: set[int]) -> dict[int, str]:
    """A document's text at the seqs that are `wanted`, and its last one: all would be too many. Raises `Broken`."""
    document = Document.of(side.starter)
    texts = {0: document.text}
    for edit in edits:
        try:
            document = document.edited(edit["changes"], UNBOUNDED)
        except InvalidChanges as error:
            raise Broken(f"edit {edit['seq']!r} of {side.player_id} does not fit: {error}") from None
        document = Document(document.seq - 1 + edit.get("lost", 1), document.units)
        if edit["seq"] != document.seq:
            raise Broken(f"edit {document.seq} of {side.player_id} is missing")
        if document.seq in wanted:
            texts[document.seq] = document.text
    return {**texts, document.seq: document.text}


def _judged_otherwise(lines: list[Line], rows: Rows, report: Report) -> Iterator[str]:
    """What the rules make of the log, against what is stored."""
    try:
        after = _played(lines, rows)
    except (rules.Refused, KeyError, ValueError) as error:
        yield f"the rules do not allow what the log says: {error}"
        return
    if after.result != rows.result:
        yield f"by the log the result is {after.result}, stored is {rows.result}"
    if [(s.player_id, s.away_since, s.offers_draw) for s in after.seats] != [
        (side.player_id, side.away_since, side.offers_draw) for side in rows.sides
    ]:
        yield "who was away, or offered a draw, is stored otherwise than in the log"
    report.submissions = len(rows.submissions)
    stored = [(row.id, row.player_id, row.receipt, row.verdict, row.passed) for row in rows.submissions]
    if [(s.id, s.player_id, s.receipt, s.verdict, s.passed) for s in after.submissions] != stored:
        yield "the submissions, their order or their verdicts are stored otherwise than in the log"
    yield from _told_otherwise(lines, rows)


def _told_otherwise(lines: list[Line], rows: Rows) -> Iterator[str]:
    """What the rules do not ask for: when it was, what it cost, and the languages."""
    sent = {row.id: row for row in rows.submissions}
    languages = {side.player_id: side.language for side in rows.sides}
    for line in lines:
        if line["kind"] == "language":
            languages[line["player_id"]] = line["language"]
        row = sent.get(line["id"]) if line["kind"] in ("submit", "verdict") else None
        if row is None:
            continue
        at = row.received_at if line["kind"] == "submit" else row.judged_at
        told = _told(line, sent)
        if line["kind"] == "verdict" and "total" not in line:  # as in older logs
            told = line
        if line["at"] != at or told != line:
            yield f"the {line['kind']} of submission {row.receipt} is stored otherwise than in the log"
    for side in rows.sides:
        if languages[side.player_id] != side.last_language:
            yield f"the last language of {side.player_id} is stored otherwise than in the log"


def _played(lines: list[Line], rows: Rows) -> rules.Duel:
    first, second = (rules.Seat(side.player_id) for side in rows.sides)
    duel = rules.Duel("countdown", rows.starts_at, rows.deadline, rows.grace, (first, second))
    for line in lines:
        command = _command(line)
        if command is not None:
            duel = rules.fold(duel, rules.decide(duel, command, line["at"]))
    return duel


def _command(line: Line) -> rules.Command | None:
    kind = COMMANDS.get(line["kind"])
    if kind is None:
        return None
    given = {f.name: line[f.name] for f in fields(kind) if f.name in line}
    if "verdict" in given:
        given["verdict"] = Verdict(given["verdict"])
    return kind(**given)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
