"""How packets come and go: engineio's own sockets (stock), and the same on picows (fast)."""
