"""Everything with one command: stores, web and judge processes as one supervised tree."""

from python_duel.serve.server import serve

__all__ = ["serve"]
