"""One JSON Schema document of the whole wire, from which the front end's types are made.

`python -m python_duel.protocol.schema` prints `{client_events: {event: {payload, ack}}, server_events: {event: ref},
http: {name: ref}, error: ref, $defs}`; every `ref` points into `$defs`.
"""

import json
import sys
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from python_duel.protocol import client, http, server
from python_duel.protocol.base import ClientMessage

ACKS: dict[str, type[client.Ack]] = {
    "queue:join": client.QueueJoinAck,
    "queue:leave": client.Ack,
    "duel:create": client.DuelCreateAck,
    "duel:accept": client.DuelAck,
    "duel:practice": client.DuelAck,
    "duel:open": client.DuelOpenAck,
    "duel:edit": client.DuelEditAck,
    "duel:cursor": client.Ack,
    "duel:run": client.DuelRunAck,
    "duel:submit": client.DuelSubmitAck,
    "duel:resign": client.Ack,
    "duel:offer_draw": client.Ack,
    "duel:rematch": client.Ack,
    "duel:say": client.Ack,
}
"""What a successful acknowledgement of each client event carries."""

HTTP: tuple[type[BaseModel], ...] = (
    http.GuestRequest,
    http.AdminRequest,
    http.SessionOpened,
    http.Me,
    http.ChallengeSummary,
    http.LiveDuel,
    http.Problem,
    http.Ready,
)

Mode = Literal["validation", "serialization"]


def document() -> dict[str, Any]:
    """The schema document, with events and definitions in a stable order."""
    _, definitions = models_json_schema(_models(), ref_template="#/$defs/{model}")
    return {
        "client_events": {
            event: {"payload": _ref(payload), "ack": _ref(ACKS[event])} for event, payload in client.EVENTS.items()
        },
        "server_events": {event: _ref(payload) for event, payload in server.EVENTS.items()},
        "http": {model.__name__: _ref(model) for model in HTTP},
        "error": _ref(client.ErrorAck),
        "$defs": dict(sorted(definitions["$defs"].items())),
    }


def _models() -> list[tuple[type[BaseModel], Mode]]:
    """Every root model once. What is received is described as it may be sent, what is sent as it arrives."""
    roots: list[type[BaseModel]] = [*client.EVENTS.values(), *server.EVENTS.values(), *ACKS.values(), *HTTP]
    once: dict[type[BaseModel], None] = dict.fromkeys([*roots, client.ErrorAck])
    return [(model, _mode(model)) for model in once]


def _mode(model: type[BaseModel]) -> Mode:
    return "validation" if issubclass(model, ClientMessage) else "serialization"


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/$defs/{model.__name__}"}


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2)
    sys.stdout.write("\n")
