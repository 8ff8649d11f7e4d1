"""duelload: an open-loop load generator. A client like any other: it knows docs/protocol.md and nothing of the server."""
