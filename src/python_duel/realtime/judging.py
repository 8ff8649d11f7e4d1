"""From a player's `run` or `submit` to a job: what is judged is the server's own text, the one everybody saw."""

from contextlib import suppress

from python_duel.challenges.package import Package
from python_duel.duels.archive import starter_of
from python_duel.duels.document import Document
from python_duel.duels.models import DuelPlayer, Submission
from python_duel.duels.repository import side
from python_duel.errors import NotLive, RateLimited, Resync, Unavailable
from python_duel.platform import metrics
from python_duel.platform.ids import new_id
from python_duel.platform.ratelimit import once_per
from python_duel.platform.redis import LOST, RedisError
from python_duel.protocol.base import Language
from python_duel.protocol.client import DuelRun, DuelSubmit
from python_duel.protocol.jobs import Job
from python_duel.realtime.connection import Connection, Pen
from python_duel.realtime.services import Services
from python_duel.realtime.writing import not_offered

SWITCH_COST = 25
"""What going over to another language costs, in events: it is stored, and everybody gets a new snapshot."""


class Judging:
    """Receives runs and submissions."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self, connection: Connection, message: DuelRun) -> int:
        """Queue the player's text against the samples or their own input; gives its queue position.

        The answer is `duel:ran`, to them alone.
        """
        services = self._services
        pen = await services.writing.stored(connection, message.duel_id)
        duel = await services.duels.get(message.duel_id)
        if duel.status == "finished":
            raise NotLive("The duel is over.")
        package = await services.duels.package(duel)
        await self._refuse_language(package, message.language)
        await services.duels.jobs.room(connection.player_id, "run")
        # Not by the client's name of it: under that it would come again and again.
        job_id = f"{new_id()}:{message.run_id}"
        span = services.settings.run_interval
        await once_per(services.redis, f"run:{connection.player_id}", span, "runs", job_id)
        await self.write_in(connection, message.duel_id, message.language)
        job = Job(
            kind="run",
            job_id=job_id,
            duel_id=duel.id,
            player_id=connection.player_id,
            language=message.language,
            code=pen.document.text,
            challenge=duel.challenge_digest,
            input=message.input,
        )
        await services.duels.jobs.put(job, package)
        metrics.RUNS.labels(message.language).inc()
        return await services.duels.jobs.place(job.job_id, connection.player_id)

    async def submit(self, connection: Connection, message: DuelSubmit) -> tuple[Submission, int]:
        """Receive the text at `seq`, once; the submission and its queue position."""
        services = self._services
        known = await services.duels.find_submission(message.duel_id, connection.player_id, message.submission_id)
        if known:
            # Whoever asks again had no answer: what followed the receipt may be lost, too.
            with suppress(*LOST, RedisError):
                await services.duels.judge_if_lost(known)
            return known, await self._place(known)
        pen = await services.writing.stored(connection, message.duel_id, message.seq)
        duel = await services.duels.get(message.duel_id)
        if duel.status == "finished":
            raise NotLive("The duel is over.")
        package = await services.duels.package(duel)
        await self._refuse_language(package, message.language)
        await services.duels.jobs.room(connection.player_id, "submission")
        span = services.settings.submit_interval
        await once_per(services.redis, f"submit:{connection.player_id}", span, "submissions", message.submission_id)
        await self.write_in(connection, message.duel_id, message.language)
        # After the limits: to read an old text back takes a while.
        document = await self._document(pen, side(duel, connection.player_id), package, message.seq)
        submission = Submission(
            id=new_id(),
            duel_id=message.duel_id,
            player_id=connection.player_id,
            submission_id=message.submission_id,
            language=message.language,
            seq=message.seq,
            code=document.text,
        )
        received = await services.duels.submit(message.duel_id, connection.player_id, submission)
        return received, await self._place(received)

    async def _place(self, submission: Submission) -> int:
        """How many jobs come before it; 0 when the store cannot say: it is received all the same."""
        with suppress(*LOST, RedisError):
            return await self._services.duels.jobs.place(submission.id, submission.player_id)
        return 0

    async def write_in(self, connection: Connection, duel_id: str, language: Language) -> None:
        """Let everybody know what the player writes in, if that is new. Raises `RateLimited`."""
        pen = connection.pens.get(duel_id)
        if pen and pen.language != language:
            wait = connection.others.spend(SWITCH_COST)
            if wait:
                raise RateLimited("Too many changes of language: stay with one for a while.", retry_after_ms=wait)
            await self._services.duels.write_in(duel_id, connection.player_id, language)
            pen.language = language

    async def _refuse_language(self, package: Package, language: Language) -> None:
        offered = package.offered(await self._services.duels.languages())
        if language not in offered:
            raise Unavailable(not_offered(language, offered))

    async def _document(self, pen: Pen, player: DuelPlayer, package: Package, seq: int) -> Document:
        now = pen.document
        if seq == now.seq:
            return now
        starter = starter_of(player, package)
        document = await self._services.duels.journal.read_at(player.duel_id, player.player_id, starter, seq)
        if document.seq != seq:
            raise Resync(f"Edit {seq} is lost: submit what you have now.", seq=now.seq, text=now.text)
        return document
