"""The cgroup of a slot: on the real thing where this machine lets us, and the choice of the place everywhere."""

import os
from pathlib import Path

import pytest

from python_duel.sandbox import Slot, SlotLost, cgroup
from tests.support.processes import stuck


@pytest.fixture
def limited() -> Slot:
    if why := cgroup.problem():
        pytest.skip(why)
    return Slot()


def test_all_processes_of_a_slot_are_in_its_group_and_it_goes_with_them(limited: Slot) -> None:
    group = limited.cgroup
    assert group is not None
    with limited:
        limited.script("pass")
        assert str(limited.pid) in group.members()
        assert limited.script("print(1)").stdout == b"1\n"
    assert not any(folder.exists() for folder in group.folders)


def test_groups_of_processes_that_are_gone_are_swept(limited: Slot) -> None:
    group = limited.cgroup
    assert group is not None
    left = group.folders[0].with_name(f"{cgroup.PREFIX}4999999-0")
    left.mkdir()
    with limited:
        cgroup.sweep.cache_clear()
        cgroup.sweep()
        assert not left.exists()
        assert group.folders[0].exists()


def test_a_group_that_cannot_be_removed_costs_no_slot_and_is_removed_later(limited: Slot) -> None:
    group = limited.cgroup
    assert group is not None
    with limited:
        with stuck(group):
            start_anew(limited)
            start_anew(limited)
            assert all(folder.exists() for folder in group.folders)
        start_anew(limited)
        assert not any(folder.exists() for folder in group.folders)


def start_anew(slot: Slot) -> None:
    """With another zygote, in another group."""
    slot.close()
    assert slot.script("print(1)").stdout == b"1\n"


def test_a_zygote_that_cannot_be_started_leaves_no_group(limited: Slot) -> None:
    with limited:
        before = groups_beside(limited)
        with pytest.raises(SlotLost, match="No such file"):
            Slot(python="/nowhere/python")
        assert groups_beside(limited) == before


def groups_beside(slot: Slot) -> set[Path]:
    """The folders of all slots of this process."""
    assert slot.cgroup is not None
    pattern = f"{cgroup.PREFIX}{os.getpid()}-*"
    return {found for folder in slot.cgroup.folders for found in folder.parent.glob(pattern)}


@pytest.mark.parametrize(
    ("own", "mount", "expected"),
    [
        ("0::/", "1 0 0:1 / /c rw - cgroup2 cgroup2 rw", {"": "/c"}),
        ("0::/a/b", "1 0 0:1 / /c rw - cgroup2 cgroup2 rw", {"": "/c/a/b"}),
        ("4:memory:/docker/1", "1 0 0:1 /docker/1 /c/memory rw - cgroup cgroup rw,memory", {"memory": "/c/memory"}),
        (
            "3:cpu,cpuacct:/",
            "1 0 0:1 / /c/cpu rw - cgroup cgroup rw,cpu,cpuacct",
            {"cpu": "/c/cpu", "cpuacct": "/c/cpu"},
        ),
        ("0::/", "1 0 0:1 / /x rw - tmpfs tmpfs rw", {}),
    ],
)
def test_the_own_group_is_found_below_its_mount(own: str, mount: str, expected: dict[str, str]) -> None:
    assert dict(cgroup.folders_of(own, mount)) == {name: Path(folder) for name, folder in expected.items()}
