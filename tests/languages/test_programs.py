"""Compiled once, however many ask; bounded; a failure is told to all who wait, and not kept."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from python_duel.languages.programs import Programs


def programs(entries: int = 3, most_bytes: int = 100) -> Programs[bytes]:
    return Programs(entries, most_bytes, len)


def test_it_is_made_once() -> None:
    kept, made, may_end = programs(), [], Event()

    def make() -> bytes:
        made.append(1)
        assert may_end.wait(10)
        return b"x"

    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(kept.get, b"key", make) for _ in range(4)]
        may_end.set()
        assert [one.result(10) for one in asked] == [b"x"] * 4
    assert len(made) == 1


def test_what_was_not_asked_for_longest_goes_first() -> None:
    kept = programs()
    for key in (b"a", b"b", b"c", b"a", b"d"):
        kept.get(key, lambda: b"first")
    assert [kept.get(key, lambda: b"second") for key in (b"a", b"c", b"d")] == [b"first"] * 3
    assert kept.get(b"b", lambda: b"second") == b"second"


def test_the_size_of_all_is_bounded() -> None:
    kept = programs()
    kept.get(b"a", lambda: bytes(60))
    kept.get(b"b", lambda: bytes(60))
    assert kept.get(b"a", lambda: b"again") == b"again"


def test_a_failure_is_not_kept() -> None:
    kept = programs()

    def fail() -> bytes:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        kept.get(b"a", fail)
    assert kept.get(b"a", lambda: b"x") == b"x"
