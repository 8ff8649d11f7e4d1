"""What is kept of a duel that is over: both last texts at once, and its whole event log when the last verdict is in."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import TypeVar

from python_duel.challenges.package import Package
from python_duel.challenges.service import Challenges
from python_duel.duels import replay, repository
from python_duel.duels.document import Document
from python_duel.duels.journal import Journal
from python_duel.duels.models import Duel, DuelPlayer, Submission
from python_duel.errors import NotFound
from python_duel.platform.postgres import START_S, Database

T = TypeVar("T")


def starter_of(player: DuelPlayer, package: Package) -> str:
    """What the player's document was at seq 0."""
    return package.starter[player.starting_language]  # type: ignore[index]


class Archive:
    """Stores it. All of it is done once, whoever does it and how often."""

    def __init__(self, database: Database, journal: Journal, challenges: Challenges) -> None:
        self._database, self._journal, self._challenges = database, journal, challenges
        self.replays = Replays(database, challenges)

    async def document(self, duel: Duel, player: DuelPlayer, package: Package) -> Document:
        """A player's document as it is stored: the last text of a finished duel, else the log."""
        if player.final_text is not None and player.final_seq is not None:
            return Document.of(player.final_text, player.final_seq)
        return await self._journal.read(duel.id, player.player_id, starter_of(player, package))

    async def close(self, duel: Duel) -> None:
        """Close the documents and store the last texts."""
        package = await self._challenges.by_digest(duel.challenge_digest)
        stored = await self._journal.close(duel.id, [player.player_id for player in duel.players])
        for player, kept in zip(duel.players, stored, strict=True):
            document = kept.document(starter_of(player, package))
            await self._database.unit(
                partial(
                    repository.archive,
                    duel_id=duel.id,
                    player_id=player.player_id,
                    seq=document.seq,
                    text=document.text,
                )
            )

    async def record(self, duel_id: str) -> None:
        """Store the event log of a duel whose documents are closed, unless a verdict is still to come."""
        async with self._database.transaction() as session:
            duel = await repository.get(session, duel_id)
            if duel is None or not _over(duel) or await repository.replay_hash(session, duel_id):
                return
            submissions = await repository.with_code(session, duel_id)
            entries = [(row.at, json.loads(row.entry)) for row in await repository.entries(session, duel_id)]
        # Nothing of it changes any more. A long one takes seconds: nobody's keystrokes or locks wait for it.
        rows = _rows(duel, submissions, await self._challenges.by_digest(duel.challenge_digest))
        edits = {p.player_id: await self._journal.edits(duel_id, p.player_id) for p in duel.players}
        log = await asyncio.to_thread(replay.write, rows, edits, entries)

        # Two may be about to do it.
        await self._database.unit(partial(repository.keep_replay, duel_id=duel_id, log=log), START_S)


class Replays:
    """Reads the event logs, and proves them."""

    def __init__(self, database: Database, challenges: Challenges) -> None:
        self._database, self._challenges = database, challenges

    async def get(self, duel_id: str) -> replay.Log:
        """The event log; raises `NotFound`."""
        async with self._database.transaction(START_S) as session:
            return _there(await repository.replay(session, duel_id))

    async def hash(self, duel_id: str) -> str:
        """That of its last line; raises `NotFound`."""
        async with self._database.transaction() as session:
            return _there(await repository.replay_hash(session, duel_id))

    async def verify(self, duel_id: str) -> replay.Report:
        """Recompute a duel from its event log and compare all that is stored of it.

        Raises `NotFound` when there is no such duel, or it is too early.
        """
        async with self._database.transaction(START_S) as session:
            await repository.snapshot(session)
            duel = await repository.get(session, duel_id)
            submissions = await repository.with_code(session, duel_id)
            log = await repository.replay(session, duel_id)
            waits = await repository.entries(session, duel_id)
        if duel is None:
            raise NotFound("There is no such duel.")
        if log is None:
            if duel.status != "finished" or waits:
                raise NotFound("There is no replay yet: the duel is not over, or a verdict is still to come.")
            return replay.Report(faults=["the event log is gone, or the duel was played before logs were kept"])
        try:
            package = await self._challenges.by_digest(duel.challenge_digest)
            rows = _rows(duel, submissions, package)
        except (LookupError, ValueError) as error:
            return replay.Report(hash=log.hash, faults=[f"what is stored beside the log is damaged: {error!r}"])
        return replay.verify(log, rows)


def _there(found: T | None) -> T:
    if found is None:
        raise NotFound("There is no replay: the duel is not over, or was played before replays were kept.")
    return found


def _over(duel: Duel) -> bool:
    closed = all(player.final_seq is not None for player in duel.players)
    return duel.status == "finished" and closed and all(s.verdict for s in duel.submissions)


def _rows(duel: Duel, submissions: Sequence[Submission], package: Package) -> replay.Rows:
    """What is stored of a finished duel beside its log. Raises ValueError."""
    result = repository.result(duel)
    if result is None or duel.status != "finished":
        raise ValueError("the duel is not over")
    first, second = (
        replay.Side(
            player.player_id,
            player.starting_language,
            starter_of(player, package),
            player.final_seq or 0,
            player.final_text or "",
            player.language,
            player.away_since,
            player.offers_draw,
        )
        for player in duel.players
    )
    return replay.Rows(
        duel_id=duel.id,
        challenge=duel.challenge_digest,
        mode=duel.mode,
        starts_at=duel.starts_at,
        deadline=duel.deadline,
        grace=duel.grace,
        finished_at=duel.finished_at or 0,
        result=result,
        sides=(first, second),
        submissions=tuple(
            replay.Sent(**{field.name: getattr(row, field.name) for field in fields(replay.Sent)})
            for row in submissions
        ),
    )
