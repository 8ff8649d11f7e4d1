"""The web process: HTTP, Socket.IO and the built UI on one port."""

from python_duel.web.process import run

__all__ = ["run"]
