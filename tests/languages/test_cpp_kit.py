"""The compiler of this host, and what is compiled once: found or explained, kept, made again when it is broken."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from python_duel.languages import cpp, cpp_kit, gxx
from python_duel.languages.gxx import Gxx


@pytest.fixture
def compiler() -> Gxx:
    found = cpp.found()
    if isinstance(found, str):
        pytest.skip(found)
    return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of our own, and a header that is quick to compile."""
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "prelude.hpp").write_text("#include <cstdio>\n")
    (templates / "runtime.cpp").write_text("int runtime;\n")
    monkeypatch.setattr(cpp_kit, "TEMPLATES", templates)
    monkeypatch.setattr(cpp_kit, "shelf", lambda: tmp_path)
    return tmp_path


def test_a_room_is_no_copy_of_the_host(compiler: Gxx) -> None:
    files = {Path(path).resolve() for path in compiler.files()}
    assert compiler.path.resolve() in files
    for forbidden in ("/", "/usr", "/usr/lib", "/usr/bin", "/usr/share", "/usr/local", "/etc", "/home", "/opt", "/var"):
        assert Path(forbidden).resolve() not in files


def test_without_a_compiler_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gxx.find() == "there is no g++ on the path"
    monkeypatch.setattr(cpp, "found", gxx.find)
    probe = cpp.Cpp().toolchain()
    assert (probe.ok, probe.mend) == (False, "apt install g++")


@pytest.mark.parametrize(
    ("says", "why"),
    [("9.4.0", "too old"), ("clang version 17", "is not GNU's"), ("12.1.0", "cannot make static programs")],
)
def test_a_compiler_that_will_not_do_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, why: str
) -> None:
    fake = tmp_path / "g++"
    fake.write_text(f"#!/bin/sh\necho '{says}'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = gxx.find()
    assert isinstance(found, str)
    assert why in found


def test_it_is_made_once_for_all(compiler: Gxx, place: Path) -> None:
    with ThreadPoolExecutor(3) as threads:
        [folder] = set(threads.map(cpp_kit.made, [compiler] * 3))
    made = (folder / "runtime.o").stat()
    assert cpp_kit.made(compiler) == folder
    assert (folder / "runtime.o").stat() == made
    assert not list(place.glob("begun-*"))


def test_what_is_broken_is_made_again(compiler: Gxx, place: Path) -> None:
    (cpp_kit.made(compiler) / "runtime.o").unlink()
    assert (cpp_kit.made(compiler) / "runtime.o").exists()


def test_another_header_has_another_folder(compiler: Gxx, place: Path) -> None:
    first = cpp_kit.made(compiler)
    (cpp_kit.TEMPLATES / "prelude.hpp").write_text("#include <cstdlib>\n")
    assert cpp_kit.made(compiler) != first
