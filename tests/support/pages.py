"""Pages of one player: several tabs or devices."""

from typing import Any

from tests.support.player import Player


async def another(player: Player, url: str) -> Player:
    """Another page of the same player, connected."""
    page = Player(url, {"id": player.id, "nickname": f"{player.nickname}'s other page"}, player.token)
    await page.connect()
    return page


async def opened(player: Player, duel_id: str, page: str, *, take: bool = True) -> dict[str, Any]:
    """The answer to opening a duel on a page, which shows the own text then."""
    answer = await player.do("duel:open", {"duel_id": duel_id, "page": page, "take": take})
    player.take(answer["snapshot"])
    return answer
