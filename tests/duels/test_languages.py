"""What a player may write in, and what the document of one who goes over to another language began as."""

import pytest

from python_duel.challenges.package import Package
from python_duel.duels import rules
from python_duel.duels.judges import Judges
from python_duel.duels.opening import Entrant
from python_duel.errors import Unavailable
from python_duel.platform.ids import new_id
from python_duel.platform.redis import reply
from python_duel.protocol.base import Language
from python_duel.protocol.jobs import WORKERS, WorkerReport, worker_key
from tests.support.parts import TERMS, Parts


async def a_judge(core: Parts, name: str, *languages: str) -> None:
    """The heartbeat of a judge that can run these."""
    report = WorkerReport(level="full", languages=list(languages))
    await core.redis.set(worker_key(name), report.model_dump_json())
    await core.redis.zadd(WORKERS, {name: core.clock.now()})


async def duel_over(core: Parts, slug: str, language: str) -> tuple[str, str, Package]:
    """A live duel whose first player would start in `language`: its id, that player, the challenge."""
    package = await core.challenges.by_slug(slug)
    duel_id, (ada, bob) = new_id(), await core.entrants()
    await core.duels.create(duel_id, (Entrant(ada.player_id, language), bob), TERMS, package)
    await core.tick(duel_id)
    return duel_id, ada.player_id, package


async def side(core: Parts, duel_id: str, player_id: str) -> tuple[str, str]:
    """The player's language, and the text."""
    duel = await core.duel(duel_id)
    [player] = [player for player in duel.players if player.player_id == player_id]
    return player.language, (await core.duels.archive.document(duel, player, await core.duels.package(duel))).text


async def test_a_document_starts_in_the_language_of_its_player(core: Parts) -> None:
    await a_judge(core, "one", "python", "cpp")
    duel_id, ada, package = await duel_over(core, "paper-lanterns", "cpp")
    assert await side(core, duel_id, ada) == ("cpp", package.starter["cpp"])


@pytest.mark.parametrize(("slug", "language"), [("paper-lanterns", "java"), ("carousel-lamps", "javascript")])
async def test_what_is_not_judged_or_not_solvable_starts_in_python(core: Parts, slug: str, language: Language) -> None:
    await a_judge(core, "one", "python", "cpp", "javascript")
    duel_id, ada, package = await duel_over(core, slug, language)
    assert await side(core, duel_id, ada) == ("python", package.starter["python"])


async def test_another_language_leaves_the_beginning_as_it_was(core: Parts) -> None:
    duel_id, ada, package = await duel_over(core, "paper-lanterns", "python")
    before = core.bus.count("duel:state")
    await core.duels.write_in(duel_id, ada, "java")
    assert core.bus.count("duel:state") == before + 1
    assert await side(core, duel_id, ada) == ("java", package.starter["python"])


async def test_after_the_end_the_language_stays(core: Parts) -> None:
    duel_id, ada, _ = await duel_over(core, "paper-lanterns", "python")
    await core.duels.write_in(duel_id, ada, "java")
    await core.duels.command(duel_id, rules.Resign(ada))
    await core.duels.write_in(duel_id, ada, "cpp")
    assert (await side(core, duel_id, ada))[0] == "java"


async def test_every_judge_must_know_a_language(core: Parts) -> None:
    judges = Judges(core.redis)
    assert await judges.languages() == {"python"}
    await a_judge(core, "one", "python", "cpp", "java")
    await a_judge(core, "two", "python", "java", "javascript")
    assert await Judges(core.redis).languages() == {"python", "java"}


async def test_a_judge_that_starts_again_takes_nothing_away(core: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("python_duel.duels.judges.FRESH_S", 0.0)
    judges = Judges(core.redis)
    await a_judge(core, "one", "python", "cpp")
    assert await judges.languages() == {"python", "cpp"}
    await core.redis.delete(worker_key("one"))
    assert await judges.languages() == {"python", "cpp"}
    await a_judge(core, "two", "python")
    assert await judges.languages() == {"python"}


async def test_the_queue_takes_the_first_language_that_is_judged(core: Parts) -> None:
    await a_judge(core, "one", "python", "java")
    ada, bob = await core.entrants()
    await core.matchmaking.join(ada.player_id, "casual", ["cpp", "java", "python"])
    with pytest.raises(Unavailable, match="use java or python"):
        await core.matchmaking.join(bob.player_id, "casual", ["cpp", "javascript"])
    await core.matchmaking.join(bob.player_id, "casual", ["python"])
    duel = await core.duel(str(await core.duels.active(ada.player_id)))
    expected = {ada.player_id: "java", bob.player_id: "python"}
    assert {player.player_id: player.language for player in duel.players} == expected


async def test_a_judge_whose_report_has_run_out_is_forgotten(core: Parts) -> None:
    """By the store's clock: that of a judge may be wrong."""
    await a_judge(core, "gone", "python", "java")
    await a_judge(core, "here", "python")
    await core.redis.delete(worker_key("gone"))
    assert list(await Judges(core.redis).read()) == ["here"]
    assert await reply(core.redis.zrange(WORKERS, 0, -1)) == ["here"]
