"""A backup that is not what was written is noticed, wherever it differs."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_duel.errors import StartError
from python_duel.platform import checksum

BACKUP = Path(__file__).parent / "backups" / "schema-0002.dump"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sums")


@given(position=st.integers(0, BACKUP.stat().st_size - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_is_noticed(folder: Path, position: int, bit: int) -> None:
    file, content = folder / "flipped.dump", bytearray(BACKUP.read_bytes())
    checksum.write(file, BACKUP)
    content[position] ^= 1 << bit
    file.write_bytes(content)
    with pytest.raises(StartError, match="is damaged"):
        checksum.check(file)


@pytest.mark.parametrize("name", ["all.dump", "Größe & 'so'.dump", "a\\b.dump", "two\nlines.dump", "\udcff.dump"])
def test_sha256sum_reads_it(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    shutil.copy(BACKUP, file)
    checksum.write(file, file)
    assert checksum.check(file)
    subprocess.run(["sha256sum", "--check", "--strict", checksum.beside(file)], cwd=tmp_path, check=True)


def test_what_sha256sum_writes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a\\b.dump"
    shutil.copy(BACKUP, file)
    done = subprocess.run(["sha256sum", file.name], cwd=tmp_path, check=True, capture_output=True)
    checksum.beside(file).write_bytes(done.stdout)
    assert checksum.check(file)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"nonsense\n"])
def test_what_is_no_checksum_is_not_believed(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "all.dump"
    shutil.copy(BACKUP, file)
    checksum.beside(file).write_bytes(content)
    with pytest.raises(StartError, match="is damaged"):
        checksum.check(file)


def test_without_one_nothing_is_said_of_it(tmp_path: Path) -> None:
    assert not checksum.check(tmp_path / "all.dump")
