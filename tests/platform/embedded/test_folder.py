"""A data folder that this server must not touch."""

from pathlib import Path

import pytest

from tests.platform.embedded.conftest import Launch, Start


def listing(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file()}


def refusal(launch: Launch, data: Path) -> str:
    """The one line of a start that is refused, exit code 2."""
    process = launch(data)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 2, complaint
    (line,) = complaint.splitlines()
    return line


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("VERSION", "2\n", "newer Python-Duel"),
        ("VERSION", "two", "damaged"),
        ("postgres99/PG_VERSION", "99\n", "PostgreSQL 99"),
        ("postgres9/PG_VERSION", "9\n", "PostgreSQL 9,"),
    ],
)
def test_another_version_is_refused_and_not_touched(
    launch: Launch, tmp_path: Path, name: str, content: str, words: str
) -> None:
    marker = tmp_path / name
    marker.parent.mkdir(exist_ok=True)
    marker.write_text(content)
    before = listing(tmp_path)
    assert words in refusal(launch, tmp_path)
    assert listing(tmp_path) == before


def test_lost_secrets_are_missed(start: Start, launch: Launch, tmp_path: Path) -> None:
    start(tmp_path).stop()
    (tmp_path / "secrets.json").unlink()
    assert "restore it from a backup" in refusal(launch, tmp_path)


def test_two_servers_cannot_use_one_folder(start: Start, launch: Launch, tmp_path: Path) -> None:
    first = start(tmp_path)
    assert f"in use by process {first.process.pid}" in refusal(launch, tmp_path)
    assert first.count() == (1, 1)


def test_a_file_is_no_folder(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot use the data folder" in refusal(launch, tmp_path / "file")
