"""The door of a home: what it takes arrives, and what it cannot take stays with whoever has it."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from python_duel.web.handover import MOST_BYTES, House


class Doors:
    """Two homes of one folder, and what came to the second."""

    def __init__(self, folder: Path) -> None:
        self.one, self.two = House(folder, "1"), House(folder, "2")
        self.came: list[tuple[socket.socket, bytes]] = []
        self.one.open(lambda connection, read: connection.close())
        self.two.open(lambda connection, read: self.came.append((connection, read)))

    async def arrived(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.came) < count:
                await asyncio.sleep(0)


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[Doors]:
    doors = Doors(tmp_path)
    yield doors
    doors.one.close()
    doors.two.close()
    for connection, _ in doors.came:
        connection.close()


async def test_a_connection_goes_on_at_the_other_process_with_what_was_read_of_it(doors: Doors) -> None:
    client, accepted = socket.socketpair()
    assert doors.one.hand_over("2", accepted.fileno(), b"GET /home/2")
    accepted.close()
    await doors.arrived(1)
    [(connection, read)] = doors.came
    assert read == b"GET /home/2"
    connection.sendall(b"welcome")
    assert client.recv(100) == b"welcome"
    client.close()


async def test_a_crowded_door_says_so_and_loses_nobody(doors: Doors) -> None:
    client, accepted = socket.socketpair()
    taken = 0
    with pytest.raises(BlockingIOError):
        while taken < 100_000:
            assert doors.one.hand_over("2", accepted.fileno(), b"%d" % taken)
            taken += 1
    assert taken > 0
    await doors.arrived(taken)
    assert [read for _, read in doors.came] == [b"%d" % n for n in range(taken)]
    for end in (client, accepted):
        end.close()


@pytest.mark.parametrize("home", ["1", "3", "no-such-home"])
async def test_what_has_no_other_home_stays(doors: Doors, home: str) -> None:
    client, accepted = socket.socketpair()
    assert not doors.one.hand_over(home, accepted.fileno(), b"x")
    assert not doors.one.hand_over("2", accepted.fileno(), b"x" * (MOST_BYTES + 1))
    for end in (client, accepted):
        end.close()


async def test_a_home_that_stops_takes_nobody_and_one_that_was_killed_can_come_back(
    doors: Doors, tmp_path: Path
) -> None:
    client, accepted = socket.socketpair()
    doors.two.close()
    assert not doors.one.hand_over("2", accepted.fileno(), b"x")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as killed:
        killed.bind(str(tmp_path / "2"))
    doors.two.open(lambda connection, read: doors.came.append((connection, read)))
    assert doors.one.hand_over("2", accepted.fileno(), b"x")
    await doors.arrived(1)
    for end in (client, accepted):
        end.close()


async def test_a_home_that_stands_still_is_handed_nothing_until_it_goes_on(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("python_duel.web.handover.STILL_S", 0.2)
    client, accepted = socket.socketpair()
    time.sleep(0.3)  # noqa: ASYNC251 - the fault itself: no task of theirs runs
    assert not doors.one.hand_over("2", accepted.fileno(), b"x")
    async with asyncio.timeout(10):
        while not doors.one.hand_over("2", accepted.fileno(), b"y"):
            await asyncio.sleep(0)
    await doors.arrived(1)
    assert doors.came[0][1] == b"y"
    for end in (client, accepted):
        end.close()


async def test_without_a_folder_or_a_name_nothing_is_handed_over(tmp_path: Path) -> None:
    for house in (House(None, "1"), House(tmp_path, "")):
        house.open(lambda connection, read: None)
        assert not house.hand_over("2", 0, b"x")
        house.close()
    assert list(tmp_path.iterdir()) == []
