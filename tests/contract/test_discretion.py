"""What an answer must not tell, and what must not be taken any more."""

import httpx
import pytest

from tests.support.arena import Arena
from tests.support.player import Player, invited, pair


@pytest.mark.parametrize("path", ["/players/%00", "/duels/%00", "/duels?player=%00", "/duels?player=%20"])
async def test_what_is_no_id_is_invalid(arena: Arena, path: str) -> None:
    async with httpx.AsyncClient(base_url=f"{arena.webs[0].url}/api/v1") as http:
        answer = await http.get(path)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"


async def test_nobody_hears_which_duel_somebody_else_is_in(arena: Arena) -> None:
    ada, bob, eve = [await Player.join(arena.webs[0].url, name) for name in ("Ada", "Bob", "Eve")]
    invite = (await ada.do("duel:create", {}))["invite"]
    duel_id = await pair(ada, eve)
    refused = await bob.refused("duel:accept", {"invite": invite})
    assert refused["code"] == "already_in_duel"
    assert "duel_id" not in refused
    own = await ada.refused("queue:join", {"mode": "casual"})
    assert (own["code"], own["duel_id"]) == ("already_in_duel", duel_id)
    for player in (ada, bob, eve):
        await player.leave()


async def test_a_replay_of_an_invitation_is_for_its_players(arena: Arena) -> None:
    ada, bob, eve = [await Player.join(arena.webs[0].url, name) for name in ("Ada", "Bob", "Eve")]
    duel_id = await invited(ada, bob)
    path = f"/duels/{duel_id}/replay"
    async with httpx.AsyncClient(base_url=f"{arena.webs[0].url}/api/v1") as http:
        statuses = [(await http.get(path, headers=bearer(ada))).status_code]
        await bob.do("duel:resign", {"duel_id": duel_id})
        statuses += [(await http.get(path, headers=headers)).status_code for headers in ({}, bearer(eve))]
        told = await http.get(path, headers=bearer(bob))
    assert [*statuses, told.status_code] == [404, 404, 404, 200]
    # No proxy gives it to somebody else.
    assert (told.headers["cache-control"], "etag" in told.headers) == ("no-store", False)
    for player in (ada, bob, eve):
        await player.leave()


def bearer(player: Player) -> dict[str, str]:
    return {"Authorization": f"Bearer {player.token}"}


async def test_nothing_is_run_after_the_end(arena: Arena) -> None:
    ada, bob = [await Player.join(arena.webs[0].url, name) for name in ("Ada", "Bob")]
    duel_id = await pair(ada, bob)
    await bob.do("duel:resign", {"duel_id": duel_id})
    run = {"duel_id": duel_id, "run_id": "r", "language": "python"}
    assert (await ada.refused("duel:run", run))["code"] == "not_live"
    for player in (ada, bob):
        await player.leave()


async def test_a_stale_cookie_does_not_keep_the_host_out(arena: Arena) -> None:
    """Cookies outlive an ephemeral server; the link must be judged, not the cookie."""
    async with httpx.AsyncClient(base_url=f"{arena.webs[0].url}/api/v1", cookies={"duel_session": "old"}) as http:
        answer = await http.post("/session/admin", json={"token": "no such link"})
    assert answer.status_code == 403
