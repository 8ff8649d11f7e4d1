"""What we rely on in picows beyond its documentation: it is pinned for that."""

import inspect
from importlib.metadata import version

import pytest

picows = pytest.importorskip("picows", reason="picows has no wheel for this machine: the stock transport serves")


def test_it_is_the_version_that_was_looked_at() -> None:
    assert version("picows") == "2.3.1"


def test_its_protocol_can_be_made_by_uvicorn() -> None:
    from picows.picows import WSProtocol  # type: ignore[attr-defined] # noqa: PLC0415

    for name in ("connection_made", "connection_lost", "get_buffer", "buffer_updated", "eof_received"):
        assert inspect.isroutine(getattr(WSProtocol, name))
    with pytest.raises(TypeError, match="15 positional arguments"):
        WSProtocol()


def test_a_transport_shows_what_waits_for_its_client() -> None:
    assert hasattr(picows.WSTransport, "underlying_transport")
    assert hasattr(picows.WSTransport, "is_disconnected")
