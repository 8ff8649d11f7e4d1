"""Who may see what of a duel: the one place that decides, for every viewer, visibility and moment."""

import pytest

from python_duel.challenges.loader import load
from python_duel.duels.document import ChangeSet, Document
from python_duel.duels.models import Duel, DuelPlayer
from python_duel.platform.bundled import bundled
from python_duel.protocol.server import DuelVerdict
from python_duel.protocol.verdict import CaseResult, Verdict
from python_duel.realtime import views
from python_duel.realtime.views import Facts, Viewer

STARTS = 1_000
ADA, BOB, EVE = Viewer("ada", "player"), Viewer("bob", "player"), Viewer("eve", "spectator")
SECRET = "secret = 1\n"
VEILED = "•••••• • •\n"


def facts(visibility: str, status: str = "live", now: int = STARTS) -> Facts:
    """A duel in which ada has written a secret."""
    players = [
        DuelPlayer(player_id=name, nickname=name, seat=seat, rating=1500, language="python", live=True)
        for seat, name in enumerate(("ada", "bob"))
    ]
    duel = Duel(id="d", mode="casual", ranked=False, visibility=visibility, public=True, status=status)
    duel.starts_at, duel.deadline, duel.grace, duel.players, duel.submissions = STARTS, 9_000, 100, players, []
    if status == "finished":
        duel.outcome, duel.winner_id, duel.reason = "win", "ada", "resigned"
    documents = {"ada": Document.of(SECRET, 3), "bob": Document.of("mine\n", 1)}
    return Facts(duel, load(bundled("challenges") / "paper-lanterns"), documents, now, 65_536, frozenset(), None)


@pytest.mark.parametrize(
    ("visibility", "viewer", "text"),
    [
        ("live", ADA, SECRET),
        ("live", BOB, SECRET),
        ("live", EVE, SECRET),
        ("veiled", ADA, SECRET),
        ("veiled", BOB, VEILED),
        ("veiled", EVE, VEILED),
        ("hidden", ADA, SECRET),
        ("hidden", BOB, None),
        ("hidden", EVE, None),
    ],
)
def test_a_text_is_for_those_who_may_see_it(visibility: str, viewer: Viewer, text: str | None) -> None:
    snapshot = views.snapshot(facts(visibility), viewer)
    assert snapshot.players[0].text == text
    assert snapshot.players[0].seq == 3
    if text != SECRET:
        assert "secret" not in snapshot.model_dump_json()


@pytest.mark.parametrize("visibility", ["live", "veiled", "hidden"])
@pytest.mark.parametrize("viewer", [ADA, BOB, EVE])
def test_after_the_duel_all_is_shown(visibility: str, viewer: Viewer) -> None:
    snapshot = views.snapshot(facts(visibility, "finished"), viewer)
    assert [player.text for player in snapshot.players] == [SECRET, "mine\n"]
    assert snapshot.challenge


@pytest.mark.parametrize("viewer", [ADA, BOB, EVE])
def test_before_the_start_there_is_no_challenge_and_no_text(viewer: Viewer) -> None:
    snapshot = views.snapshot(facts("live", "countdown", STARTS - 1), viewer)
    assert snapshot.challenge is None
    assert [player.text for player in snapshot.players] == [None, None]
    assert views.snapshot(facts("live", "countdown", STARTS), viewer).challenge


def test_no_snapshot_holds_a_hidden_case() -> None:
    here = facts("live")
    snapshot = views.snapshot(here, BOB)
    assert snapshot.challenge
    assert [sample.name for sample in snapshot.challenge.samples] == [case.name for case in here.package.samples]
    hidden = [text for case in here.package.hidden for text in map(str, case.args or []) if len(text) > 12]
    assert hidden
    assert not any(text in snapshot.model_dump_json() for text in hidden)


EDIT: ChangeSet = [3, [0, "secret", " x"], 8]


@pytest.mark.parametrize(
    ("visibility", "changes"),
    [("live", EDIT), ("veiled", [3, [0, "••••••", " •"], 8]), ("hidden", None)],
)
def test_an_edit_is_shown_as_the_text_is(visibility: str, changes: object) -> None:
    assert views.edited(EDIT, views.others_sight(visibility)) == changes


def test_the_judges_words_are_for_the_author() -> None:
    failed = CaseResult(name="first", verdict=Verdict.WA, stdout="secret")
    said = DuelVerdict(
        duel_id="d",
        player_id="ada",
        submission_id="s",
        receipt=1,
        verdict=Verdict.WA,
        passed=3,
        total=9,
        time_ms=1,
        memory_kb=1,
        message="secret",
        line=1,
        column=2,
        failed_sample=failed,
    )
    assert views.verdict(said, ADA) == said
    for viewer in (BOB, EVE):
        seen = views.verdict(said, viewer)
        assert "secret" not in seen.model_dump_json()
        assert (seen.message, seen.line, seen.column, seen.failed_sample) == (None, None, None, None)
        assert (seen.verdict, seen.passed, seen.total) == ("WA", 3, 9)
