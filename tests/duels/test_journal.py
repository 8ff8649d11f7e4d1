"""The live documents in Redis: gapless, fenced, and read back as they were written."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import NamedTuple

import pytest

from python_duel.duels.document import ChangeSet, Document
from python_duel.duels.journal import COMPACT_EVERY, Journal, Kept, Log, Outcome
from python_duel.platform import keys
from python_duel.platform import redis as redis_store
from python_duel.platform.pipelined import Pipelined

DUEL, ADA, BOB = "duel", "ada", "bob"
STARTER = "def f():\n    pass\n"
ROOMY = 1 << 20


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[redis_store.Redis]:
    client = redis_store.connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def hot(client: redis_store.Redis) -> AsyncIterator[Pipelined]:
    hot = Pipelined(client)
    await hot.start()
    yield hot
    await hot.close()


@pytest.fixture
def journal(hot: Pipelined) -> Journal:
    return Journal(hot, "here")


class Stroke(NamedTuple):
    """An edit by one pen."""

    log: Log
    after: Document
    changes: bytes
    at: int = 1_700_000_000_000


def kept(journal: Journal, edit: Stroke) -> "asyncio.Future[Outcome]":
    """What will become of an edit."""
    answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    journal.append(*edit, lambda _, outcome: answer.set_result(outcome))
    return answer


async def keep(journal: Journal, edit: Stroke) -> Outcome:
    """What became of an edit."""
    return await kept(journal, edit)


def ok(*processes: str) -> Kept:
    return Kept(processes)


class Author:
    """Somebody who writes, with the document as their process has it."""

    def __init__(self, journal: Journal, pen: Log, document: Document, player_id: str = ADA) -> None:
        self.journal, self.pen, self.document, self.player_id = journal, pen, document, player_id

    @classmethod
    async def take(cls, journal: Journal, player_id: str = ADA) -> "Author":
        pen = (await journal.take_pen(DUEL, player_id)).log
        assert pen
        return cls(journal, pen, await journal.read(DUEL, player_id, STARTER), player_id)

    def append_of(self, line: str) -> Stroke:
        """An edit that puts a line first."""
        changes: list[int | list[int | str]] = [[0, line, ""], len(self.document.units)]
        after = self.document.edited(changes, ROOMY)
        return Stroke(self.pen, after, json.dumps(changes).encode())

    async def write_many(self, count: int) -> list[Document]:
        """The document after each of so many edits, all of them kept."""
        edits = []
        for n in range(count):
            edits.append(self.append_of(f"# {n}"))
            self.document = edits[-1].after
        assert await asyncio.gather(*(kept(self.journal, edit) for edit in edits)) == [ok()] * count
        return [edit.after for edit in edits]

    async def write(self, line: str) -> Outcome:
        edit = self.append_of(line)
        outcome = await keep(self.journal, edit)
        if isinstance(outcome, Kept):
            self.document = edit.after
        return outcome


async def test_what_is_written_is_read(journal: Journal) -> None:
    author = await Author.take(journal)
    for line in ("# 🦆", "# e\u0301", ""):
        assert await author.write(line) == ok()
    read = await journal.read(DUEL, ADA, STARTER)
    assert read == author.document
    assert (read.seq, read.text) == (3, "\n# e\u0301\n# 🦆\n" + STARTER)
    assert (await journal.read(DUEL, BOB, STARTER)).text == STARTER


async def test_many_authors_at_once_each_keep_their_order(journal: Journal) -> None:
    """What arrives while a write is on its way goes in one batch with what else waits."""
    authors = [await Author.take(journal, f"player{n}") for n in range(12)]

    async def type_all(author: Author) -> None:
        for n in range(20):
            assert await author.write(f"# {author.player_id} {n}") == ok()

    await asyncio.gather(*map(type_all, authors))
    for author in authors:
        read = await journal.read(DUEL, author.player_id, STARTER)
        assert read == author.document
        lines = [line for line in read.text.split("\n") if line.startswith("#")]
        assert lines == [f"# {author.player_id} {n}" for n in reversed(range(20))]


async def test_edits_of_one_author_that_wait_together_are_kept_in_order(journal: Journal) -> None:
    author = await Author.take(journal)
    edits = []
    for n in range(30):
        edits.append(author.append_of(f"# {n}"))
        author.document = edits[-1].after
    assert await asyncio.gather(*(keep(journal, edit) for edit in edits)) == [ok()] * 30
    assert await journal.read(DUEL, ADA, STARTER) == author.document


async def test_the_same_edit_again_is_one(journal: Journal) -> None:
    author = await Author.take(journal)
    edit = author.append_of("# once")
    assert await keep(journal, edit) == ok()
    assert await keep(journal, edit) == ok()
    assert (await journal.read(DUEL, ADA, STARTER)) == edit.after


async def test_another_edit_under_the_same_seq_is_refused(journal: Journal) -> None:
    author = await Author.take(journal)
    first, other = author.append_of("# this"), author.append_of("# that")
    assert await keep(journal, first) == ok()
    assert await keep(journal, other) == "order"
    assert (await journal.read(DUEL, ADA, STARTER)) == first.after


async def test_a_gap_is_refused(journal: Journal) -> None:
    author = await Author.take(journal)
    author.document = author.append_of("# never sent").after
    assert await author.write("# second") == "order"
    assert (await journal.read(DUEL, ADA, STARTER)).seq == 0


async def test_a_new_pen_fences_every_earlier_one(journal: Journal, hot: Pipelined) -> None:
    first = await Author.take(journal)
    second = await Author.take(Journal(hot, "another process"))
    assert await first.write("# first") == "taken"
    assert await second.write("# second") == ok()
    assert await first.write("# first") == "taken"
    assert (await journal.read(DUEL, ADA, STARTER)).text == "# second\n" + STARTER
    third = await Author.take(journal)
    assert third.document == second.document
    assert await second.write("# too late") == "taken"


async def test_no_pen_is_good_again_after_the_store_was_emptied(journal: Journal, client: redis_store.Redis) -> None:
    """A pen of before must not be mistaken for one of after."""
    old = [await Author.take(journal) for _ in range(3)]
    await client.flushall()
    fresh = await Author.take(journal)
    assert [await author.write("# old") for author in old] == ["taken"] * 3
    assert await fresh.write("# fresh") == ok()


async def test_two_players_do_not_fence_each_other(journal: Journal) -> None:
    ada, bob = await Author.take(journal, ADA), await Author.take(journal, BOB)
    assert [await ada.write("# a"), await bob.write("# b"), await ada.write("# c")] == [ok()] * 3


async def test_a_page_takes_its_own_pen_anew_and_another_s_only_by_force(journal: Journal) -> None:
    async def before(page: str, *, anyway: bool) -> str:
        return (await journal.take_pen(DUEL, ADA, page, anyway=anyway)).before

    assert await before("laptop", anyway=False) == "nobody"
    assert await before("laptop", anyway=False) == "own"
    assert await before("phone", anyway=True) == "other"
    assert (await journal.take_pen(DUEL, ADA, "laptop", anyway=False))[:2] == (None, "held")
    assert await before("phone", anyway=False) == "own"
    assert await before("", anyway=True) == "other"


async def test_a_store_that_was_emptied_knows_no_pen(journal: Journal, client: redis_store.Redis) -> None:
    author = await Author.take(journal)
    await author.write("# kept")
    await client.flushall()
    assert await author.write("# where to?") == "forgotten"
    assert (await journal.take_pen(DUEL, ADA, anyway=False)).before == "nobody"


async def test_a_store_that_may_have_lost_a_pen_says_so(journal: Journal, client: redis_store.Redis) -> None:
    await journal.begin(DUEL)
    assert (await journal.take_pen(DUEL, ADA, blindly=False)).before == "nobody"
    assert await journal.whole(DUEL, [ADA, BOB])
    await client.flushall()
    assert not await journal.whole(DUEL, [ADA])
    assert (await journal.take_pen(DUEL, ADA, blindly=False))[:2] == (None, "unknown")
    assert (await journal.take_pen(DUEL, ADA)).before == "nobody"
    assert (await journal.take_pen(DUEL, ADA, blindly=False)).before == "own"
    assert await journal.whole(DUEL, [ADA])
    assert not await journal.whole(DUEL, [ADA, BOB])


async def put_back(author: Author) -> bool:
    return await author.journal.put_back(author.pen, author.document, STARTER, 1_700_000_000_000)


@pytest.mark.parametrize("text", ["# 🦆\n", "", STARTER])
async def test_a_store_that_was_emptied_gets_a_text_and_its_pen_back(
    journal: Journal, client: redis_store.Redis, text: str
) -> None:
    author = await Author.take(journal)
    for n in range(COMPACT_EVERY - 1):
        author.document = author.append_of(f"# {n}").after
    author.document = Document.of(text, author.document.seq)
    await client.flushall()
    assert await journal.standing(author.pen) == "nobody"
    assert await put_back(author)
    assert await journal.standing(author.pen) == "own"
    restored = author.document
    assert await journal.read(DUEL, ADA, STARTER) == restored
    texts = await author.write_many(3)  # the log is compacted on the way
    await compacted(client, COMPACT_EVERY)
    assert await journal.read(DUEL, ADA, STARTER) == texts[-1]
    for document in (restored, *texts):
        assert await journal.read_at(DUEL, ADA, STARTER, document.seq) == document
    assert (await journal.read_at(DUEL, ADA, STARTER, 7)).seq == restored.seq
    assert [edit.seq for edit in await journal.edits(DUEL, ADA)] == [restored.seq, None, None, None]


async def test_nothing_is_put_back_where_there_is_a_pen(journal: Journal, client: redis_store.Redis) -> None:
    author = await Author.take(journal)
    await author.write("# old")
    assert not await put_back(author)
    await client.flushall()
    fresh = await Author.take(journal)
    assert not await put_back(author)
    assert await fresh.write("# fresh") == ok()
    assert await journal.read(DUEL, ADA, STARTER) == fresh.document
    await journal.close(DUEL, [ADA])
    assert not await put_back(fresh)


@pytest.mark.parametrize("ahead", [0, 1])
async def test_of_two_that_are_put_back_the_later_one_stays(
    journal: Journal, client: redis_store.Redis, ahead: int
) -> None:
    """A process may not know yet that the pen has gone on to another one."""
    old = await Author.take(journal)
    await old.write("# both")
    new = await Author.take(journal)
    for _ in range(ahead):
        await new.write("# new")
    await client.flushall()
    assert await put_back(old)
    assert await put_back(new)
    assert not await put_back(old)
    assert [await author.write("# on") for author in (old, new)] == ["forgotten", ok()]
    assert await journal.read(DUEL, ADA, STARTER) == new.document


async def test_the_later_one_may_write_before_it_is_put_back(journal: Journal, client: redis_store.Redis) -> None:
    """And has fewer edits than the earlier one had on their way when the store was emptied."""
    old = await Author.take(journal)
    await old.write("# both")
    new = await Author.take(journal)
    await new.write("# acknowledged")
    await client.flushall()
    for n in range(2):
        old.document = old.append_of(f"# not acknowledged {n}").after
    assert await put_back(old)
    assert await new.write("# on") == "forgotten"
    assert await put_back(new)
    assert await journal.read(DUEL, ADA, STARTER) == new.document


async def test_a_duel_that_nobody_watches_any_more_leaves_nothing(journal: Journal, client: redis_store.Redis) -> None:
    await journal.watch(DUEL)
    await journal.unwatch(DUEL)
    assert await client.dbsize() == 0


async def test_what_was_written_since_it_was_put_back_stays(journal: Journal, client: redis_store.Redis) -> None:
    old, new = await Author.take(journal), await Author.take(journal)
    await client.flushall()
    assert await put_back(old)
    assert await old.write("# on") == ok()
    assert not await put_back(new)
    assert await journal.read(DUEL, ADA, STARTER) == old.document


async def test_a_closed_document_takes_nothing_more(journal: Journal) -> None:
    author = await Author.take(journal)
    await author.write("# last")
    await journal.close(DUEL, [ADA])
    assert await author.write("# after the end") == "closed"
    assert (await journal.take_pen(DUEL, ADA))[:2] == (None, "closed")
    assert (await journal.read(DUEL, ADA, STARTER)).text == "# last\n" + STARTER


async def compacted(client: redis_store.Redis, to: int) -> None:
    """Return once the log begins after edit `to`: that is done beside the edits."""
    async with asyncio.timeout(10):
        while not (await redis_store.reply(client.get(keys.duel_mark(DUEL, ADA))) or "").startswith(f"{to}\n"):
            await asyncio.sleep(0.01)


async def test_a_long_log_stays_short_and_is_read_from_its_mark(journal: Journal, client: redis_store.Redis) -> None:
    author = await Author.take(journal)
    await author.write_many(2 * COMPACT_EVERY + 3)
    await compacted(client, 2 * COMPACT_EVERY)
    assert await redis_store.reply(client.llen(keys.duel_log(DUEL, ADA))) == 3
    assert await journal.read(DUEL, ADA, STARTER) == author.document
    assert await author.write("# on") == ok()
    assert await journal.read(DUEL, ADA, "another starter") == author.document


async def test_edits_that_come_during_a_compaction_are_kept(journal: Journal, client: redis_store.Redis) -> None:
    author = await Author.take(journal)
    texts = await author.write_many(3 * COMPACT_EVERY)
    await compacted(client, 3 * COMPACT_EVERY)
    assert await journal.read(DUEL, ADA, STARTER) == author.document
    middle = 2 * COMPACT_EVERY - 7
    assert await journal.read_at(DUEL, ADA, STARTER, middle) == texts[middle - 1]


async def test_an_hour_of_typing_stays_small(journal: Journal, redis_url: str) -> None:
    client = redis_store.connect(redis_url)
    author = await Author.take(journal)
    line = ""
    for n in range(7200):
        line = "" if n % 80 == 79 else line + chr(97 + n % 26)
        size = len(author.document.units)
        changes: ChangeSet = [[0, "", ""], size] if not line else [len(line) - 1, [0, line[-1]], size - len(line) + 1]
        after = author.document.edited(changes, ROOMY)
        answer = kept(journal, Stroke(author.pen, after, json.dumps(changes).encode()))
        author.document = after
        if n % 100 == 99:
            assert isinstance(await answer, Kept)
    await compacted(client, 7200 // COMPACT_EVERY * COMPACT_EVERY)
    stored = [keys.duel_log(DUEL, ADA), keys.duel_past(DUEL, ADA), keys.duel_mark(DUEL, ADA), keys.duel_live(DUEL)]
    sizes = [await client.memory_usage(key) or 0 for key in stored]
    assert sum(sizes) < 100_000
    await client.aclose()


async def test_every_earlier_text_can_be_read(journal: Journal) -> None:
    author = await Author.take(journal)
    texts = [author.document, *await author.write_many(COMPACT_EVERY + 5)]
    for seq in (0, 1, 7, COMPACT_EVERY - 1, COMPACT_EVERY, COMPACT_EVERY + 5):
        assert await journal.read_at(DUEL, ADA, STARTER, seq) == texts[seq]
    assert all(b.seq == a.seq + 1 for a, b in pairwise(texts))


async def test_a_text_past_the_end_says_how_far_it_got(journal: Journal) -> None:
    author = await Author.take(journal)
    await author.write("# 1")
    assert (await journal.read_at(DUEL, ADA, STARTER, 5)).seq == 1


async def test_an_edit_names_the_processes_that_watch(journal: Journal, hot: Pipelined) -> None:
    there = Journal(hot, "there")
    author = await Author.take(journal)
    assert await author.write("# nobody") == ok()
    await journal.watch(DUEL)
    await journal.watch(DUEL)
    assert await author.write("# one") == ok()
    await there.watch(DUEL)
    assert await author.write("# two") == ok("there")
    await journal.unwatch(DUEL)
    assert await author.write("# the other") == ok("there")


async def test_every_author_hears_that_the_store_is_away(journal: Journal, hot: Pipelined) -> None:
    author = await Author.take(journal)
    edits = [author.append_of("# one"), author.append_of("# two")]
    await hot.close()
    assert await asyncio.gather(*(keep(journal, edit) for edit in edits)) == ["lost"] * 2
