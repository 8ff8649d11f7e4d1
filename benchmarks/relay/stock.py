"""Stock python-socketio on uvicorn, as its documentation shows it."""

import sys
from collections import defaultdict
from typing import Any

import socketio
import uvicorn

server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
pairs: defaultdict[str, list[str]] = defaultdict(list)
peers: dict[str, str] = {}


@server.event
async def connect(sid: str, environ: dict[str, Any], auth: dict[str, str]) -> None:
    """Two with the same token are a pair."""
    sides = pairs[auth["token"]]
    sides.append(sid)
    if len(sides) == 2:
        peers[sides[0]], peers[sides[1]] = sides[1], sides[0]


@server.on("duel:edit")
async def edit(sid: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Relay, and acknowledge if asked to."""
    await server.emit("duel:edit", payload, to=peers[sid])
    return {"ok": True, "seq": payload["seq"]}


if __name__ == "__main__":
    app = socketio.ASGIApp(server)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", backlog=4096)
