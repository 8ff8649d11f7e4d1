"""duelload: an open-loop load generator, a client like any other: it knows docs/protocol.md, nothing of the server."""
