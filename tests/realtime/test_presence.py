"""Nobody is away because the store has forgotten who is there: P71."""

import pytest

from python_duel.platform import keys
from python_duel.realtime import handlers, presence
from python_duel.realtime.handlers import Handlers
from python_duel.realtime.services import Services
from tests.realtime.conftest import a_socket
from tests.support.parts import Parts


async def known_for_long(core: Parts) -> None:
    await core.redis.set(keys.PRESENCE_SINCE, core.clock.now() - 60_000)


async def away(core: Parts, duel_id: str) -> list[bool]:
    return [player.away_since is not None for player in (await core.duel(duel_id)).players]


async def test_a_store_that_is_emptied_while_a_sweep_goes_on_makes_nobody_away(core: Parts, web: Services) -> None:
    duel_id, ada, bob = await core.live()
    await web.presence.add(ada, "socket")
    await known_for_long(core)
    await core.recovery.sweep(web.presence.known)
    assert await away(core, duel_id) == [False, True]
    await web.presence.add(bob, "socket")
    await core.recovery.sweep(web.presence.known)

    async def emptied(player_id: str) -> bool | None:
        await core.redis.flushall()
        return await web.presence.known(player_id)

    await core.recovery.sweep(emptied)
    assert await away(core, duel_id) == [False, False]


@pytest.mark.parametrize(("store", "told"), [("known for long", True), ("emptied", False), ("new", True)])
async def test_who_closes_a_page_when_the_store_was_emptied_may_have_another(
    core: Parts, web: Services, monkeypatch: pytest.MonkeyPatch, store: str, told: bool
) -> None:
    """It is left to the sweep. A store that was empty when its first process began has forgotten nobody."""
    monkeypatch.setattr(handlers, "PAUSE_S", 0)
    duel_id, ada, _ = await core.live()
    if store != "new":
        await known_for_long(core)
    await web.presence.whole()
    if store == "emptied":
        monkeypatch.setattr(presence, "ROUNDING_MS", -1)  # as if the process had begun long before
        await core.redis.flushall()
    await Handlers(web).departed(a_socket(ada))
    assert await away(core, duel_id) == [told, False]
