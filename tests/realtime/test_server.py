"""The Socket.IO server, without sockets."""

import pytest

from python_duel.realtime.server import make_server
from python_duel.settings import Settings


async def test_to_close_a_socket_that_has_left_closes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """To disconnect None is, for the library, to disconnect everybody."""
    server, closed = make_server(Settings.model_construct()), list[object]()

    async def disconnect(sid: object) -> None:
        closed.append(sid)

    monkeypatch.setattr(server.eio, "disconnect", disconnect)
    await server.close("nobody")
    assert closed == []
