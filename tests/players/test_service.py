"""Sessions and the one-time admin link on a real database."""

import asyncio

import pytest

from python_duel.errors import Forbidden, NotFound, Unauthenticated
from python_duel.players.service import issue_admin_link
from tests.support.parts import Parts


async def test_a_token_names_its_player_until_the_session_ends(core: Parts) -> None:
    player, token = await core.players.open_guest("Ada")
    _, other = await core.players.open_guest("Ada")
    assert (await core.players.authenticate(token)).id == player.id
    await core.players.close(token)
    with pytest.raises(Unauthenticated):
        await core.players.authenticate(token)
    assert (await core.players.authenticate(other)).id != player.id


async def test_a_session_expires(core: Parts) -> None:
    _, token = await core.players.open_guest("Ada")
    await core.sql(f"UPDATE sessions SET expires_at = {core.clock.now() - 1}")
    with pytest.raises(Unauthenticated):
        await core.players.authenticate(token)


@pytest.mark.parametrize("token", [None, "", "wrong", "a\x00b", "\ud83e", "x" * 100_000])
async def test_what_is_no_token_names_nobody(core: Parts, token: str | None) -> None:
    with pytest.raises(Unauthenticated):
        await core.players.authenticate(token)


async def test_the_store_holds_no_token(core: Parts) -> None:
    _, token = await core.players.open_guest("Ada")
    link = await issue_admin_link(core.database)
    rows = [*await core.sql("SELECT * FROM sessions"), *await core.sql("SELECT * FROM admin_links")]
    assert rows
    assert not any(secret in str(row) for row in rows for secret in (token, link))


async def test_the_admin_link_works_once(core: Parts) -> None:
    players = [(await core.players.open_guest(f"P{n}"))[0] for n in range(10)]
    link = await issue_admin_link(core.database)
    answers = await asyncio.gather(*(core.players.claim_admin(link, p) for p in players), return_exceptions=True)
    assert sum(isinstance(answer, Forbidden) for answer in answers) == 9
    roles = [(await core.players.get(player.id)).role for player in players]
    assert sorted(roles) == ["admin", *["player"] * 9]


async def test_a_newer_admin_link_ends_the_older(core: Parts) -> None:
    player, _ = await core.players.open_guest("Ada")
    older, newer = await issue_admin_link(core.database), await issue_admin_link(core.database)
    with pytest.raises(Forbidden, match="newer"):
        await core.players.claim_admin(older, player)
    assert (await core.players.claim_admin(newer, player)).role == "admin"


async def test_an_unknown_player(core: Parts) -> None:
    with pytest.raises(NotFound):
        await core.players.get("nobody")
