"""The live documents in Redis: gapless, fenced, and read back as they were written."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from python_duel.duels.document import Document
from python_duel.duels.journal import CHECKPOINT_EVERY, Append, Journal
from python_duel.platform import redis as redis_store

DUEL, ADA, BOB = "duel", "ada", "bob"
STARTER = "def f():\n    pass\n"
ROOMY = 1 << 20


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[redis_store.Redis]:
    client = redis_store.connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def journal(client: redis_store.Redis) -> Journal:
    return Journal(client, "this process")


class Author:
    """Somebody who writes, with the document as their process has it."""

    def __init__(self, journal: Journal, pen: str, document: Document, player_id: str = ADA) -> None:
        self.journal, self.pen, self.document, self.player_id = journal, pen, document, player_id

    @classmethod
    async def take(cls, journal: Journal, player_id: str = ADA) -> "Author":
        pen = await journal.take_pen(DUEL, player_id)
        return cls(journal, pen, await journal.read(DUEL, player_id, STARTER), player_id)

    def append_of(self, line: str) -> Append:
        """An edit that puts a line first."""
        changes: list[int | list[int | str]] = [[0, line, ""], len(self.document.units) // 2]
        after = self.document.edited(changes, ROOMY)
        return Append(DUEL, self.player_id, self.pen, after, changes, {"seq": after.seq})

    async def write(self, line: str) -> str:
        edit = self.append_of(line)
        outcome = await self.journal.append(edit)
        if outcome == "ok":
            self.document = edit.after
        return outcome


async def test_what_is_written_is_read(journal: Journal) -> None:
    author = await Author.take(journal)
    for line in ("# 🦆", "# e\u0301", ""):
        assert await author.write(line) == "ok"
    read = await journal.read(DUEL, ADA, STARTER)
    assert read == author.document
    assert (read.seq, read.text) == (3, "\n# e\u0301\n# 🦆\n" + STARTER)
    assert (await journal.read(DUEL, BOB, STARTER)).text == STARTER


async def test_many_authors_at_once_each_keep_their_order(journal: Journal) -> None:
    """What arrives while a write is on its way goes in one batch with what else waits."""
    authors = [await Author.take(journal, f"player{n}") for n in range(12)]

    async def type_all(author: Author) -> None:
        for n in range(20):
            assert await author.write(f"# {author.player_id} {n}") == "ok"

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
    assert await asyncio.gather(*map(journal.append, edits)) == ["ok"] * 30
    assert await journal.read(DUEL, ADA, STARTER) == author.document


async def test_the_same_edit_again_is_one(journal: Journal) -> None:
    author = await Author.take(journal)
    edit = author.append_of("# once")
    assert await journal.append(edit) == "ok"
    assert await journal.append(edit) == "ok"
    assert (await journal.read(DUEL, ADA, STARTER)) == edit.after


async def test_another_edit_under_the_same_seq_is_refused(journal: Journal) -> None:
    author = await Author.take(journal)
    first, other = author.append_of("# this"), author.append_of("# that")
    assert await journal.append(first) == "ok"
    assert await journal.append(other) == "order"
    assert (await journal.read(DUEL, ADA, STARTER)) == first.after


async def test_a_gap_is_refused(journal: Journal) -> None:
    author = await Author.take(journal)
    author.document = author.append_of("# never sent").after
    assert await author.write("# second") == "order"
    assert (await journal.read(DUEL, ADA, STARTER)).seq == 0


async def test_a_new_pen_fences_every_earlier_one(journal: Journal, client: redis_store.Redis) -> None:
    first = await Author.take(journal)
    second = await Author.take(Journal(client, "another process"))
    assert await first.write("# first") == "taken"
    assert await second.write("# second") == "ok"
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
    assert await fresh.write("# fresh") == "ok"


async def test_two_players_do_not_fence_each_other(journal: Journal) -> None:
    ada, bob = await Author.take(journal, ADA), await Author.take(journal, BOB)
    assert [await ada.write("# a"), await bob.write("# b"), await ada.write("# c")] == ["ok"] * 3


async def test_a_closed_document_takes_nothing_more(journal: Journal) -> None:
    author = await Author.take(journal)
    await author.write("# last")
    await journal.close(DUEL, [ADA])
    assert await author.write("# after the end") == "closed"
    assert await journal.take_pen(DUEL, ADA) == "closed"
    assert (await journal.read(DUEL, ADA, STARTER)).text == "# last\n" + STARTER


async def test_a_long_log_is_read_from_its_checkpoint(journal: Journal, client: redis_store.Redis) -> None:
    author = await Author.take(journal)
    for n in range(2 * CHECKPOINT_EVERY + 3):
        assert await author.write(f"# {n}") == "ok"
    read = await journal.read(DUEL, ADA, STARTER)
    assert read == author.document
    # Reading did not start at the beginning: a spoiled first edit goes unseen.
    await redis_store.reply(client.lset(f"{{{DUEL}}}:log:{ADA}", 0, json.dumps([["spoiled"]])))
    assert await journal.read(DUEL, ADA, STARTER) == author.document


async def test_every_earlier_text_can_be_read(journal: Journal) -> None:
    author = await Author.take(journal)
    texts = [author.document]
    for n in range(CHECKPOINT_EVERY + 5):
        await author.write(f"# {n}")
        texts.append(author.document)
    for seq in (0, 1, 7, CHECKPOINT_EVERY - 1, CHECKPOINT_EVERY, CHECKPOINT_EVERY + 5):
        assert await journal.read_at(DUEL, ADA, STARTER, seq) == texts[seq]
    assert all(b.seq == a.seq + 1 for a, b in pairwise(texts))


async def test_a_text_past_the_end_says_how_far_it_got(journal: Journal) -> None:
    author = await Author.take(journal)
    await author.write("# 1")
    assert (await journal.read_at(DUEL, ADA, STARTER, 5)).seq == 1


async def test_other_processes_are_told_once_it_is_durable(journal: Journal, client: redis_store.Redis) -> None:
    listener = client.pubsub()
    await listener.subscribe(f"bus:duel:{DUEL}")
    author = await Author.take(journal)
    await author.write("# 1")
    await author.journal.append(Append(DUEL, ADA, "no pen", author.document, [], {"seq": 99}))
    await author.write("# 2")
    heard: list[int] = []
    async with asyncio.timeout(10):
        while len(heard) < 2:
            message = await listener.get_message(ignore_subscribe_messages=True, timeout=5)
            if message:
                body = json.loads(message["data"])
                assert (body["event"], body["origin"]) == ("duel:edit", "this process")
                heard.append(body["data"]["seq"])
    assert heard == [1, 2]
    await listener.aclose()  # type: ignore[no-untyped-call]


async def test_every_author_of_a_batch_hears_that_the_store_is_away() -> None:
    away = Journal(redis_store.connect("unix:///nonexistent/valkey.sock"), "this process")
    document = Document.of(STARTER)
    edits = [Append(DUEL, ADA, "pen", document, [], {}), Append(DUEL, BOB, "pen", document, [], {})]
    answers = await asyncio.gather(*map(away.append, edits), return_exceptions=True)
    assert all(isinstance(answer, redis_store.LOST) for answer in answers)
