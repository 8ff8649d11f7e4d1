"""One open socket, whatever carries it: packets go out at once and in order, and a reader that stalls is cut off."""

import asyncio
import socket
from collections.abc import Callable

import structlog

from python_duel.platform import metrics

HELD = 160 * 1024
"""Bytes that may wait in this process for a socket that does not read, beside those the kernel takes."""
KERNEL_BUFFER = 32 * 1024
"""The kernel doubles it. Without, it would grow to megabytes for a socket that does not read."""
LAST_WORDS_S = 5.0
"""How long what still waits for a socket that was cut may take to leave."""
TOO_SLOW = "You received too slowly: connect again, nothing is lost."

log = structlog.get_logger(__name__)


class Link:
    """The two ends of a socket for the game.

    `send` takes a packet as text in bytes; it neither waits nor raises. `cut` closes the socket at once, once, and says
    why, in at most 70 bytes: its client connects again. `take` is offered each packet that comes in; what it declines
    goes the general way.
    """

    __slots__ = ("cut", "send", "take")

    def __init__(self, send: Callable[[bytes], None], cut: Callable[[str], None]) -> None:
        self.send: Callable[[bytes], None] = send
        self.cut: Callable[[str], None] = cut
        self.take: Callable[[bytes], bool] = _decline


def _decline(packet: bytes) -> bool:
    return False


def drop(packet: bytes) -> None:
    """The `send` of a socket that was cut."""


def full(waiting: int, size: int) -> bool:
    """Whether `size` more bytes are too many where `waiting` wait. A packet alone is never too large."""
    return waiting > 0 and waiting + size > HELD


def bound(transport: asyncio.BaseTransport) -> None:
    """Bound what the kernel takes for a socket that does not read."""
    plain = transport.get_extra_info("socket")
    if plain is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)


def cut_off(link: Link) -> None:
    """Close a socket whose client does not read."""
    metrics.SOCKETS_CUT.inc()
    log.info("a socket is cut: its client does not read")
    link.cut(TOO_SLOW)


def close(transport: asyncio.WriteTransport, reason: str) -> None:
    """Close the WebSocket on `transport`. A client that does not read finds the reason if it ever does."""
    transport.write(_frame(0x1, b'42["session:closed",{"reason":"%b","reconnect":true}]' % reason.encode()))
    transport.write(_frame(0x8, (1008).to_bytes(2, "big") + reason.encode()))
    transport.close()
    asyncio.get_running_loop().call_later(LAST_WORDS_S, transport.abort)


def _frame(opcode: int, payload: bytes) -> bytes:
    """A whole WebSocket frame from a server, of at most 125 bytes (RFC 6455, 5.2)."""
    assert len(payload) <= 125
    return bytes([0x80 | opcode, len(payload)]) + payload
