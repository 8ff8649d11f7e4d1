"""Frames between parent and child, and a strict, bounded JSON: what comes out of a child is hostile."""

import json
import math
import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

from python_duel.sandbox import limits

_HEADER = struct.Struct(">I")


class BadFrame(ValueError):
    """What the other side sent is no frame, or no JSON within our limits."""


def frame(data: bytes) -> bytes:
    """`data` behind its length: four bytes, big-endian."""
    return _HEADER.pack(len(data)) + data


class Frames:
    """Cuts a stream of bytes into frames of at most `frame_bytes`, and at most `total_bytes` in all."""

    def __init__(self, frame_bytes: int = limits.FRAME_BYTES, total_bytes: int = limits.CHANNEL_BYTES) -> None:
        self._frame_bytes, self._left = frame_bytes, total_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that `data` completes, each as soon as it is asked for. Raises BadFrame over a limit."""
        self._left -= len(data)
        if self._left < 0:
            raise BadFrame("too much in all")
        self._buffer += data
        while (one := self._next()) is not None:
            yield one

    def _next(self) -> bytes | None:
        size = _HEADER.size
        if len(self._buffer) < size:
            return None
        end = size + _HEADER.unpack_from(self._buffer)[0]
        if end - size > self._frame_bytes:
            raise BadFrame("a frame is too long")
        if len(self._buffer) < end:
            return None
        data = bytes(self._buffer[size:end])
        del self._buffer[:end]
        return data


def loads(data: bytes) -> Any:
    """Parses JSON within our limits on depth and digits. Raises BadFrame; also for a key given twice, a lone surrogate,
    NUL, and a number that is not finite.
    """
    try:
        value = _decoder().decode(data.decode("utf-8"))
    except (ValueError, RecursionError, MemoryError) as error:
        raise BadFrame(str(error)) from None
    _walk(value)
    return value


@cache
def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(parse_int=_integer, parse_float=_finite, parse_constant=_refuse, object_pairs_hook=_unique)


def _integer(text: str) -> int:
    if len(text) > limits.JSON_DIGITS:
        raise ValueError("an integer is too long")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is not finite")
    return value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _walk(value: Any) -> None:
    """Level by level, so that depth costs no stack."""
    level = [value]
    for _ in range(limits.JSON_DEPTH):
        inner: list[Any] = []
        for item in level:
            if type(item) is str:
                _check_text(item)
            elif type(item) is list:
                inner += item
            elif type(item) is dict:
                inner += [*item, *item.values()]
        if not inner:
            return
        level = inner
    raise BadFrame("nested too deep")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise BadFrame("NUL in a text")
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise BadFrame("a lone surrogate in a text")
