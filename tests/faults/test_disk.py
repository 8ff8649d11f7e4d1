"""Disks that are full: of the database, of Valkey's file, of the logs, of what judges keep."""

import asyncio
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from python_duel.duels.results import ATTEMPTS
from python_duel.platform import embedded
from python_duel.settings import Settings
from tests.contract.conftest import an_arena
from tests.faults.conftest import Hall
from tests.support.arena import READY_S
from tests.support.disks import disk, fill_write_ahead_log, full, possible
from tests.support.endings import accepted, an_edit, archived, submission, won
from tests.support.lasted import lasted
from tests.support.player import Player, pair, reference
from tests.support.processes import until
from tests.support.valkeys import kill

pytestmark = pytest.mark.skipif(not possible(), reason="only root may mount a small disk")
DATABASE_MB, VALKEY_MB = 256, 8


@dataclass
class Small(Hall):
    """Its stores are on small disks."""

    data: Path = Path()

    @property
    def valkey(self) -> Path:
        return self.data / "valkey"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    folder = tmp_path_factory.mktemp("disk")
    with (
        disk(folder / "data", DATABASE_MB) as data,
        disk(data / "valkey", VALKEY_MB),
        embedded.stores(data, Settings.model_construct()) as stores,
        an_arena(2, stores=stores) as arena,
    ):
        yield Small(arena, folder / "plan", stores, data)


@pytest.fixture
async def players(small: Small) -> AsyncIterator[tuple[Player, Player]]:
    ada, bob = [await Player.join(web.url, name) for web, name in zip(small.arena.webs, ("Ada", "Bob"), strict=True)]
    yield ada, bob
    for player in (ada, bob):
        await player.leave()


async def about_to_win(ada: Player, bob: Player) -> str:
    """A duel in which Ada has written the solution, and more than the pages that there are have room for."""
    duel_id = await pair(ada, bob)
    noise = f"\n# {secrets.token_hex(30_000)}\n"
    await ada.write(duel_id, reference((await ada.open(duel_id))["challenge"]["slug"]) + noise)
    return duel_id


async def refused_whole(hall: Hall, ada: Player, duel_id: str) -> None:
    """The submission is refused with a time to try again, and is not there."""
    refused = await ada.refused("duel:submit", submission(duel_id, ada, "right"))
    assert (refused["code"], refused["retry_after_ms"] > 0) == ("unavailable", True)


async def test_no_room_for_a_table(small: Small, players: tuple[Player, Player]) -> None:
    ada, bob = players
    duel_id = await about_to_win(ada, bob)
    with full(small.data):
        await refused_whole(small, ada, duel_id)
        await bob.write(duel_id, "# typing goes on\n")
        assert (await ada.heard("duel:edit", player_id=bob.id))["seq"] == 1
        async with httpx.AsyncClient(base_url=ada.url) as http:
            answers = [await http.post("/api/v1/session/guest", json={"nickname": "Cyd"}) for _ in range(200)]
        assert {answer.status_code for answer in answers} <= {201, 503}
    assert await small.ask("SELECT count(*) FROM submissions WHERE duel_id = $1", duel_id) == 0
    with lasted("no room for a table: room again to an accepted submission"):
        await accepted(ada, "duel:submit", submission(duel_id, ada, "right"))
    await won(small, duel_id, ada, bob)


async def test_no_room_for_the_write_ahead_log(small: Small, players: tuple[Player, Player]) -> None:
    """PostgreSQL ends itself over that, and comes back when there is room."""
    ada, bob = players
    duel_id = await about_to_win(ada, bob)
    connection = await asyncpg.connect(small.arena.database_url)
    with full(small.data):
        await fill_write_ahead_log(connection)
        await refused_whole(small, ada, duel_id)
        await bob.write(duel_id, "# typing goes on\n")
    with lasted("no room for the write-ahead log: room again to an accepted submission, restart included"):
        postgres = next(process for process in small.stores.processes if process.name == "PostgreSQL")
        async with asyncio.timeout(60):
            while not await answers(small):
                if not postgres.alive:
                    small.stores.restart_dead()
                await asyncio.sleep(0.1)
        assert await small.ask("SELECT count(*) FROM submissions WHERE duel_id = $1", duel_id) == 0
        await accepted(ada, "duel:submit", submission(duel_id, ada, "right"))
    await won(small, duel_id, ada, bob)


async def answers(hall: Hall) -> bool:
    try:
        return bool(await hall.ask("SELECT true"))
    except (asyncpg.PostgresError, OSError):
        return False


async def test_no_room_for_the_file_of_valkey(small: Small, players: tuple[Player, Player]) -> None:
    """It takes no more writes: they are refused, and what was acknowledged is in the file once there is room."""
    ada, bob = players
    duel_id = await about_to_win(ada, bob)
    text = ada.text
    with full(small.valkey):
        async with asyncio.timeout(20):
            with pytest.raises(AssertionError, match="unavailable"):
                await write_on(bob, duel_id)
        await refused_whole(small, ada, duel_id)
        run = {"duel_id": duel_id, "run_id": "r", "language": "python"}
        assert (await bob.refused("duel:run", run))["code"] == "unavailable"
        assert all(web.process.poll() is None for web in small.arena.webs)
        assert await small.ask("SELECT count(*) FROM submissions WHERE duel_id = $1", duel_id) == 0
    with lasted("no room for the file of Redis: room again to an accepted edit"):
        await accepted(bob, "duel:edit", an_edit(bob, duel_id))
    kill(small)
    small.stores.restart_dead()
    async with asyncio.timeout(20):
        while not (again := await ada.ask("duel:open", {"duel_id": duel_id}))["ok"]:
            await asyncio.sleep(0.1)
    texts = {side["id"]: (side["seq"], side["text"]) for side in again["snapshot"]["players"]}
    assert texts == {ada.id: (1, text), bob.id: (bob.seq + 1, bob.text)}
    await accepted(ada, "duel:submit", submission(duel_id, ada, "right"))
    await won(small, duel_id, ada, bob)


async def write_on(player: Player, duel_id: str) -> None:
    while True:
        await player.write(duel_id, player.text + "# more\n")


@pytest.fixture
def mute(small: Small) -> Iterator[Hall]:
    """Another web process and judge on the same stores, whose logs go nowhere."""
    with an_arena(1, {"DUEL_LOG_LEVEL": "debug"}, stores=small.stores, output="/dev/full") as arena:
        until(lambda: httpx.get(arena.webs[0].url + "/readyz").json()["checks"]["judge"]["workers"] == 2, READY_S)
        yield Hall(arena, small.plan, small.stores)


async def test_no_room_for_the_logs(mute: Hall) -> None:
    """A duel is played as ever by processes that cannot log a word, and they stop as they should."""
    ada, bob = [await Player.join(mute.arena.webs[0].url, name) for name in ("Ada", "Bob")]
    duel_id = await about_to_win(ada, bob)
    await accepted(ada, "duel:submit", submission(duel_id, ada, "right"))
    await won(mute, duel_id, ada, bob)
    for player in (ada, bob):
        await player.leave()
    children = [*(web.process for web in mute.arena.webs), *mute.arena.judges]
    for child in children:
        child.send_signal(signal.SIGTERM)
    assert [await asyncio.to_thread(child.wait, 20) for child in children] == [0, 0]


async def judgings(hall: Hall) -> float:
    """How often judges have answered, whatever they said."""
    async with httpx.AsyncClient() as http:
        pages = [(await http.get(f"{web.url}/metrics")).text for web in hall.arena.webs]
    lines = [line for page in pages for line in page.splitlines() if line.startswith("duel_judged_seconds_count")]
    return sum(float(line.split()[-1]) for line in lines)


@pytest.mark.timeout(240)
@pytest.mark.slow
async def test_no_room_for_what_a_judge_compiles(small: Small, players: tuple[Player, Player]) -> None:
    """Its fault is not the player's: the submission is judged again until there is room."""
    if shutil.which("g++") is None:
        pytest.skip("there is no g++ here")
    ada, bob = players
    duel_id = await pair(ada, bob)
    slug = (await ada.open(duel_id))["challenge"]["slug"]
    await ada.write(duel_id, reference(slug, ".cpp"), language="cpp")
    before = await judgings(small)
    [judge] = small.arena.judges
    judge.kill()
    judge.wait()
    small.arena.judges.clear()
    # Where programs that are nobody's in particular can read it.
    with tempfile.TemporaryDirectory(dir="/tmp") as name, disk(Path(name), 500) as cache:
        cache.chmod(0o755)
        with full(cache):
            judge = small.arena.start_judge(DUEL_CACHE_DIR=str(cache), TMPDIR=str(cache))
            await accepted(ada, "duel:submit", {**submission(duel_id, ada, "right"), "language": "cpp"})
            async with asyncio.timeout(100):
                while await judgings(small) < before + ATTEMPTS:
                    await asyncio.sleep(0.2)
            assert await small.ask("SELECT verdict FROM submissions WHERE duel_id = $1", duel_id) is None
        with lasted("no room for what a judge compiles: room again to the stored replay"):
            # A compiler makes a large file first, on a machine that may be busy.
            await archived(small, duel_id, 150)
        await won(small, duel_id, ada, bob)
        judge.terminate()
        judge.wait()
        small.arena.judges.remove(judge)
    small.arena.start_judge()
