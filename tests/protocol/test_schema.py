"""The document that the front end's types are generated from."""

import json
from typing import Any

from python_duel.protocol import client, schema, server


def refs(node: Any) -> set[str]:
    if isinstance(node, dict):
        return {node["$ref"]} if "$ref" in node else set().union(*map(refs, node.values()))
    return set().union(*map(refs, node)) if isinstance(node, list) else set()


def test_every_event_is_described() -> None:
    document = schema.document()
    assert set(document["client_events"]) == set(client.EVENTS) == set(schema.ACKS)
    assert set(document["server_events"]) == set(server.EVENTS)


def test_every_reference_resolves() -> None:
    document = schema.document()
    assert refs(document) <= {f"#/$defs/{name}" for name in document["$defs"]}


def test_it_is_stable_json() -> None:
    assert json.dumps(schema.document()) == json.dumps(schema.document())
