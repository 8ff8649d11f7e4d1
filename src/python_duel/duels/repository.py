"""Duels in PostgreSQL: rows to the rules' state, and the rules' events to rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import JSON, case, cast, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from python_duel.duels import rules
from python_duel.duels.models import Duel, DuelEvent, DuelPlayer, Invite, Replay, Submission, Uptime
from python_duel.duels.replay import Line, Log
from python_duel.protocol.server import Result
from python_duel.protocol.verdict import Verdict

NOTE_MS, LAPSE_MS, CUT_OFF_MS = 4_000, 20_000, 15_000
"""How often it is noted that players can come and go, and for how long it may not be until they could not: longer than
a note may wait for its turn behind a crowd.
"""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a player sits."""

    duel_id: str
    away_since: int | None
    starts_at: int


async def snapshot(session: AsyncSession) -> None:
    """What this transaction reads from here on, its first statement, is of one moment."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


async def get(session: AsyncSession, duel_id: str) -> Duel | None:
    """A duel with its players and submissions."""
    return await session.get(Duel, duel_id)


async def get_all(session: AsyncSession, duel_ids: list[str]) -> dict[str, Duel]:
    """Those that there are, by id."""
    query = select(Duel).where(Duel.id.in_(duel_ids))
    return {duel.id: duel for duel in (await session.execute(query)).scalars()}


async def lock(session: AsyncSession, duel_id: str) -> Duel | None:
    """The same, held until the transaction ends: commands on one duel happen one after the other."""
    query = select(Duel).where(Duel.id == duel_id).with_for_update(of=Duel)
    return (await session.execute(query)).scalar_one_or_none()


def state(duel: Duel) -> rules.Duel:
    """What the rules know of a duel."""
    first, second = (rules.Seat(p.player_id, p.away_since, p.offers_draw, p.offers_rematch) for p in duel.players)
    return rules.Duel(
        status=duel.status,  # type: ignore[arg-type]
        starts_at=duel.starts_at,
        deadline=duel.deadline,
        grace=duel.grace,
        seats=(first, second),
        submissions=tuple(
            rules.Submission(s.id, s.player_id, s.receipt, Verdict(s.verdict) if s.verdict else None, s.passed or 0)
            for s in duel.submissions
        ),
        result=result(duel),
    )


def result(duel: Duel) -> Result | None:
    """The result of a finished duel."""
    if duel.outcome is None:
        return None
    return Result(outcome=duel.outcome, winner_id=duel.winner_id, reason=duel.reason)


def record(duel: Duel, events: Sequence[rules.Event]) -> None:
    """Write the rules' events into the rows. `Received` is for the caller, who knows the code."""
    for event in events:
        match event:
            case rules.Started():
                duel.status = "live"
            case rules.SeatChanged(seat):
                player = side(duel, seat.player_id)
                player.away_since = seat.away_since
                player.offers_draw, player.offers_rematch = seat.offers_draw, seat.offers_rematch
            case rules.Finished(result, at):
                duel.status, duel.finished_at = "finished", at
                duel.outcome, duel.winner_id, duel.reason = result.outcome, result.winner_id, result.reason
                for player in duel.players:
                    player.live = False


def side(duel: Duel, player_id: str) -> DuelPlayer:
    """The player's row; the rules have checked that there is one."""
    return next(p for p in duel.players if p.player_id == player_id)


async def seats(session: AsyncSession, player_ids: list[str]) -> dict[str, Seat]:
    """Where those players sit who are in a duel, by player."""
    query = select(DuelPlayer.player_id, DuelPlayer.duel_id, DuelPlayer.away_since, Duel.starts_at).join(Duel)
    query = query.where(DuelPlayer.player_id.in_(player_ids), DuelPlayer.live)
    return {row.player_id: Seat(row.duel_id, row.away_since, row.starts_at) for row in await session.execute(query)}


async def submission(session: AsyncSession, duel_id: str, player_id: str, submission_id: str) -> Submission | None:
    """A player's submission by the client's id, with its code."""
    query = select(Submission).where(
        Submission.duel_id == duel_id, Submission.player_id == player_id, Submission.submission_id == submission_id
    )
    query = query.options(undefer(Submission.code))
    return (await session.execute(query)).scalar_one_or_none()


async def open_duels(session: AsyncSession, after: str, limit: int) -> list[Duel]:
    """Duels that are not finished, by id, from the one after `after`."""
    query = select(Duel).where(Duel.status != "finished", Duel.id > after).order_by(Duel.id).limit(limit)
    return list((await session.execute(query)).scalars())


async def unarchived(session: AsyncSession, before: int) -> list[str]:
    """Duels finished before `before` whose last texts are not stored yet."""
    query = (
        select(Duel.id)
        .join(DuelPlayer)
        .where(Duel.status == "finished", Duel.finished_at < before, DuelPlayer.final_seq.is_(None))
    )
    return list((await session.execute(query.distinct().limit(100))).scalars())


async def write_in(session: AsyncSession, duel_id: str, player_id: str, language: str) -> bool:
    """From now on the player writes in `language`; False, and nothing changes, once the duel is over."""
    duel = await lock(session, duel_id)
    if duel is None or duel.status == "finished":
        return False
    side(duel, player_id).language = language
    return True


async def archive(session: AsyncSession, duel_id: str, player_id: str, seq: int, text: str) -> None:
    """Store a player's last text, once."""
    await session.execute(
        update(DuelPlayer)
        .where(DuelPlayer.duel_id == duel_id, DuelPlayer.player_id == player_id, DuelPlayer.final_seq.is_(None))
        .values(final_seq=seq, final_text=text)
    )


async def note(session: AsyncSession, duel_id: str, at: int, line: Line) -> None:
    """Keep what happened for the duel's event log."""
    await session.execute(insert(DuelEvent).values(duel_id=duel_id, at=at, entry=json.dumps(line)))


async def run_noted(session: AsyncSession, duel_id: str, job_id: str) -> bool:
    """Whether what came of that job is kept already."""
    runs = cast(DuelEvent.entry, JSON)["run"].as_string()
    query = select(DuelEvent.id).where(DuelEvent.duel_id == duel_id, runs == job_id)
    return (await session.execute(query)).first() is not None


async def entries(session: AsyncSession, duel_id: str) -> list[DuelEvent]:
    """What happened in the duel, in order."""
    query = select(DuelEvent).where(DuelEvent.duel_id == duel_id).order_by(DuelEvent.id)
    return list((await session.execute(query)).scalars())


async def keep_replay(session: AsyncSession, duel_id: str, log: Log) -> None:
    """Store a duel's event log in place of its entries, unless there is one. The duel is not locked while a long one
    is on its way.
    """
    row = insert(Replay).values(duel_id=duel_id, log=log.text, hash=log.hash).on_conflict_do_nothing()
    if (await session.execute(row.returning(Replay.duel_id))).first():
        await session.execute(delete(DuelEvent).where(DuelEvent.duel_id == duel_id))


async def replay(session: AsyncSession, duel_id: str) -> Log | None:
    """A duel's event log."""
    row = await session.get(Replay, duel_id)
    return Log(row.log, row.hash) if row else None


async def replay_hash(session: AsyncSession, duel_id: str) -> str | None:
    """The hash of its last line."""
    return (await session.execute(select(Replay.hash).where(Replay.duel_id == duel_id))).scalar_one_or_none()


async def unrecorded(session: AsyncSession, before: int) -> list[str]:
    """Duels finished before `before`, all judged, whose event log is not written yet."""
    waiting = select(Submission.id).where(Submission.duel_id == Duel.id, Submission.verdict.is_(None))
    query = select(Duel.id).join(DuelEvent, DuelEvent.duel_id == Duel.id).where(Duel.finished_at < before)
    return list((await session.execute(query.where(~waiting.exists()).distinct().limit(100))).scalars())


async def with_code(session: AsyncSession, duel_id: str) -> list[Submission]:
    """A duel's submissions in the order of receipt, with their code."""
    query = select(Submission).where(Submission.duel_id == duel_id).order_by(Submission.receipt)
    query = query.options(undefer(Submission.code)).execution_options(populate_existing=True)
    return list((await session.execute(query)).scalars())


async def pending(session: AsyncSession, before: int) -> list[Submission]:
    """Submissions received before `before` that have no verdict, oldest first, with their code."""
    query = select(Submission).where(Submission.verdict.is_(None), Submission.received_at < before)
    query = query.options(undefer(Submission.code)).order_by(Submission.received_at).limit(200)
    return list((await session.execute(query)).scalars())


async def note_up(session: AsyncSession, now: int) -> None:
    """Players can come and go."""
    since = case((Uptime.seen_at < now - LAPSE_MS, now), else_=Uptime.up_since)
    await session.execute(update(Uptime).where(Uptime.seen_at < now - NOTE_MS).values(up_since=since, seen_at=now))


async def note_cut_off(session: AsyncSession, now: int, since: int) -> bool:
    """Players of one process cannot come and go; for a while, since it notes that now and then. Whether those of
    another one can: it has said so after `since`, and a moment ago.
    """
    note = update(Uptime).values(up_since=now + CUT_OFF_MS).returning(Uptime.seen_at)
    return bool((await session.execute(note)).scalar_one() > max(since, now - 3 * NOTE_MS))


async def up_since(session: AsyncSession, now: int) -> int:
    """Since when players can come and go without a break; `now` if they could not until this moment."""
    row = (await session.execute(select(Uptime))).scalar_one_or_none()
    return now if row is None or row.seen_at < now - LAPSE_MS else min(row.up_since, now)


async def played_challenges(session: AsyncSession, player_ids: list[str], limit: int = 5) -> set[str]:
    """Digests of the challenges the players met last."""
    query = select(Duel.challenge_digest).join(DuelPlayer).where(DuelPlayer.player_id.in_(player_ids))
    return set((await session.execute(query.order_by(Duel.created_at.desc()).limit(limit))).scalars())


async def history(session: AsyncSession, player_id: str, before: int | None, limit: int) -> list[Duel]:
    """A player's finished duels, newest first."""
    query = select(Duel).join(DuelPlayer).where(DuelPlayer.player_id == player_id, Duel.status == "finished")
    if before is not None:
        query = query.where(Duel.created_at < before)
    return list((await session.execute(query.order_by(Duel.created_at.desc()).limit(limit))).scalars().unique())


async def watchable(session: AsyncSession, limit: int) -> list[Duel]:
    """Duels that may be watched now, newest first."""
    query = select(Duel).where(Duel.status == "live", Duel.public, Duel.visibility == "live")
    return list((await session.execute(query.order_by(Duel.starts_at.desc()).limit(limit))).scalars())


async def rematch(session: AsyncSession, duel_id: str) -> str | None:
    """The duel that followed this one as its rematch."""
    return (await session.execute(select(Duel.id).where(Duel.rematch_of == duel_id))).scalar_one_or_none()


async def invite(session: AsyncSession, code_digest: str) -> Invite | None:
    """An invitation by the digest of its code."""
    return await session.get(Invite, code_digest)
