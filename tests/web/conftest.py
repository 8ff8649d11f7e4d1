"""A web process over real stores, without sockets."""

from tests.realtime.conftest import core, web

__all__ = ["core", "web"]
