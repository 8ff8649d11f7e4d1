"""A duel that is over as HTTP tells it: its event log as `protocol.http.DuelReplay`, no edit parsed. Pure."""

import json
from collections.abc import Sequence

from python_duel.duels.replay import Broken, Log, bodies
from python_duel.protocol.http import DuelSide, ReplayEvent

EDIT = ',"kind":"edit","player_id":"'


def retold(sides: Sequence[DuelSide], log: Log) -> bytes:
    """`DuelReplay` in JSON. Its edits, of which there may be a million, are their lines' text. Raises `Broken`."""
    lines = bodies(log)
    players = json.loads(next(lines)[0])["players"]
    edits: dict[str, list[str]] = {player["id"]: [] for player in players}
    events = []
    for body, sealed in lines:
        if sealed:
            events.append(ReplayEvent.model_validate_json(body).model_dump_json())
        else:
            at, _, rest = body.partition(EDIT)
            player_id, _, change = rest.partition('",')
            if player_id not in edits:
                raise Broken("an edit is of nobody who played")
            # In a string each quote is escaped: this is the key, or it is not there.
            edits[player_id].append(at + ("," if ',"lost":' in change else ',"lost":null,') + change)
    documents = [_document(player["id"], player["starter"], edits.pop(player["id"])) for player in players]
    told = [side.model_dump_json() for side in sides]
    return f'{{"players":{_list(told)},"documents":{_list(documents)},"events":{_list(events)}}}'.encode()


def _document(player_id: str, starter: str, edits: Sequence[str]) -> str:
    return f'{{"player_id":{_json(player_id)},"starter":{_json(starter)},"edits":{_list(edits)}}}'


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _list(members: Sequence[str]) -> str:
    return f"[{','.join(members)}]"
