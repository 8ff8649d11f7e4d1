"""Once more: the second offer and the next duel are one transaction, so that neither stands without the other."""

from collections.abc import Callable

from python_duel.duels import repository, rules
from python_duel.duels.models import Duel
from python_duel.duels.opening import Entrant, Terms, insert
from python_duel.duels.service import Change, Duels
from python_duel.platform.ids import new_id
from python_duel.platform.postgres import Conflict, Transaction


async def offer(duels: Duels, duel_id: str, player_id: str, terms: Callable[[Duel], Terms]) -> list[str]:
    """Offer a rematch; when both have, the next duel is made, once, and the players of one just made are given.

    Raises as `Duels.command` and `Duels.create`: the offer does not stand then, and may be made again.
    """
    player_ids = [player.player_id for player in (await duels.get(duel_id)).players]
    package = await duels.pick(player_ids)
    offered = package.offered(await duels.languages())

    async def write(session: Transaction) -> tuple[Change, Duel | None, bool]:
        change = await duels.decide(session, duel_id, rules.OfferRematch(player_id))
        if not all(player.offers_rematch for player in change.duel.players):
            return change, None, False
        # Under the lock of the duel before it.
        if made := await repository.rematch(session, duel_id):
            return change, await repository.get(session, made), False
        # The other side starts first this time: seats swap.
        second, first = (Entrant(player.player_id, player.language) for player in change.duel.players)
        sides, same = (first, second), terms(change.duel)
        following = await insert(session, change.now, new_id(), sides, same, package.digest, offered, duel_id)
        return change, following, True

    try:
        change, following, new = await duels.database.unit(write)
    except Conflict as error:
        await duels.refuse(error, player_ids)
    if following:
        await duels.opened(following, player_ids, new=new)
    await duels.afterwards(duels.announce(change))
    return player_ids if new else []
