"""The fault proxy itself: what it says that it does to a connection, it does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.proxy import Proxy, proxied

Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """Before a server that answers with what it was sent, and says how many pieces it has read."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1000):
                writer.write(data)
        except ConnectionError:
            pass
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        with proxied(server.sockets[0].getsockname()) as proxy:
            yield proxy


@asynccontextmanager
async def pipe(proxy: Proxy) -> AsyncIterator[Pipe]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    yield reader, writer
    writer.close()


async def echoed(pipe: Pipe, data: bytes, seconds: float = 5) -> float:
    """How long it took to come back; TimeoutError when it does not."""
    begin = time.monotonic()
    pipe[1].write(data)
    async with asyncio.timeout(seconds):
        assert await pipe[0].readexactly(len(data)) == data
    return time.monotonic() - begin


async def test_latency_is_each_ways_and_changes_under_way(proxy: Proxy) -> None:
    async with pipe(proxy) as ends:
        assert await echoed(ends, b"quick") < 0.1
        proxy.latency, proxy.jitter = 0.1, 0.05
        assert 0.2 <= await echoed(ends, b"slow") < 1
        proxy.latency = proxy.jitter = 0
        assert await echoed(ends, b"quick") < 0.1


async def test_slices_are_single_bytes(proxy: Proxy) -> None:
    proxy.sliced = True
    async with pipe(proxy) as (reader, writer):
        writer.write(b"abc")
        pieces = [await asyncio.wait_for(reader.read(100), 5)]
        while sum(map(len, pieces)) < 3:
            pieces.append(await asyncio.wait_for(reader.read(100), 5))
    assert b"".join(pieces) == b"abc"
    assert len(pieces) > 1


@pytest.mark.parametrize("way", ["up", "down"])
async def test_a_black_hole_keeps_what_went_in_and_tells_nobody(proxy: Proxy, way: str) -> None:
    async with pipe(proxy) as ends:
        await echoed(ends, b"before")
        proxy.stall(way)  # type: ignore[arg-type]
        with pytest.raises(TimeoutError):
            await echoed(ends, b"meanwhile", 0.2)
        ends[1].write_eof()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ends[0].read(), 0.2)
        assert proxy.connections == 1
        proxy.flow()
        assert await asyncio.wait_for(ends[0].read(), 5) == b"meanwhile"


async def test_a_reset_and_a_refusal(proxy: Proxy) -> None:
    async with pipe(proxy) as ends:
        await echoed(ends, b"before")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(ends[0].read(), 5)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", proxy.port)
    proxy.listen()
    async with pipe(proxy) as ends:
        await echoed(ends, b"after")


async def test_what_is_forgotten_hangs_and_what_is_new_passes(proxy: Proxy) -> None:
    async with pipe(proxy) as old:
        await echoed(old, b"before")
        proxy.forget()
        async with pipe(proxy) as new:
            await echoed(new, b"new")
        with pytest.raises(TimeoutError):
            await echoed(old, b"old", 0.2)
