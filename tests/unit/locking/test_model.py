"""Builds, which of them is the newest, and where a lock places them."""

from __future__ import annotations

import pytest
from tests.unit.locking.locks import lock_of

from poetry_aiops.locking.model import Build, Placement, newest, placements_of


def test_a_build_is_told_by_its_version_and_source() -> None:
    assert str(Build("torch", "2.9", "pytorch-cpu")) == "2.9 from pytorch-cpu"
    assert str(Build("torch", "2.9")) == "2.9"


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (("2.10", "2.9"), "2.10"),
        (("0", "nightly"), "0"),
        (("nightly", "0.dev0"), "0.dev0"),
        (("a", "b"), "b"),
    ],
)
def test_the_newest_build_is_the_highest_version_and_unreadable_ones_count_as_oldest(
    versions: tuple[str, ...], expected: str
) -> None:
    assert newest(Build("torch", version) for version in versions).version == expected


def placements(**package: object) -> tuple[Placement, ...]:
    return placements_of(lock_of({"name": "torch", "version": "2.9", **package}))


def test_each_group_of_a_locked_package_has_its_own_marker() -> None:
    markers = {"main": 'python_version < "3.13"', "cpu": 'extra == "a"'}
    assert placements(groups=["main", "cpu", "dev"], markers=markers) == (
        Placement(
            Build("torch", "2.9"),
            {"main": '(python_version < "3.13")', "cpu": '(extra == "a")', "dev": ""},
        ),
    )


def test_a_build_of_a_lock_that_records_no_groups_belongs_to_none() -> None:
    lock = lock_of({"name": "torch", "version": "2.9"}, lock_version="2.0")
    assert placements_of(lock) == (Placement(Build("torch", "2.9"), {}),)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"type": "legacy", "url": "https://a.example/simple", "reference": "a"}, "a"),
        (
            {
                "type": "git",
                "url": "https://b.example/b.git",
                "reference": "main",
                "resolved_reference": "f00",
            },
            "f00",
        ),
        ({"type": "directory", "url": "libs/torch"}, "libs/torch"),
    ],
)
def test_a_build_is_told_apart_by_the_most_exact_thing_that_its_source_says(
    source: dict[str, str], expected: str
) -> None:
    assert [placement.build.source for placement in placements(groups=["main"], source=source)] == [expected]
