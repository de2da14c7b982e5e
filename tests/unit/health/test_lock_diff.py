"""What differs between two locks, and why."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.health.facts import lock_of

from poetry_aiops.health.lock_diff import lock_changes, refreshed_files


def changes(old: str, new: str, **fixes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(str(one), one.why) for one in lock_changes(lock_of(old), lock_of(new), fixes)]


def test_a_fix_names_its_advisories() -> None:
    assert changes("kit 1.0", "kit 1.1", kit=("GHSA-1", "GHSA-2")) == [
        ("kit 1.0 -> 1.1", "fixes GHSA-1, GHSA-2")
    ]


def test_what_the_new_version_needs_is_explained_by_it() -> None:
    found = changes(
        "kit 1.0 -> core *\ncore 3.0", "kit 2.0 -> core >=4; extra *\ncore 4.0\nextra 1.0", kit=("X",)
    )
    assert ("core 3.0 -> 4.0", "kit 2.0 needs core >=4") in found
    assert ("extra 1.0 (new)", "kit 2.0 needs extra *") in found


def test_what_an_extra_brings_is_explained_by_its_package() -> None:
    new = lock_of("kit 2.0 -> extra *\nextra 1.0")
    kit, extra = new.packages
    kit = replace(kit, edges=tuple(replace(edge, optional=True) for edge in kit.edges))
    found = lock_changes(lock_of("kit 2.0"), replace(new, packages=(kit, extra)), {})
    assert [(str(one), one.why) for one in found] == [("extra 1.0 (new)", "kit 2.0 needs extra *")]


def test_a_parent_that_had_to_give_way_is_explained_by_what_it_wanted() -> None:
    found = changes("web 1.0 -> kit <2\nkit 1.0", "web 2.0 -> kit *\nkit 2.0", kit=("X",))
    assert ("web 1.0 -> 2.0", "1.0 requires kit <2, and kit is 2.0 now") in found


def test_what_nobody_needs_any_more_goes() -> None:
    assert changes("kit 1.0 -> core *\ncore 3.0", "kit 1.1", kit=("X",))[0] == (
        "core 3.0 (removed)",
        "nothing needs it any more",
    )


def test_an_older_version_is_seen() -> None:
    (change,) = lock_changes(lock_of("kit 2.0"), lock_of("kit 1.0"), {})
    assert change.is_downgrade
    assert change.lines == ("- kit 2.0", "+ kit 1.0")


def test_builds_of_one_name_are_paired_in_order() -> None:
    old, new = "torch 2.1+cpu\ntorch 2.2+cpu", "torch 2.2+cpu\ntorch 2.3+cpu"
    assert [text for text, _ in changes(old, new)] == ["torch 2.1+cpu -> 2.3+cpu"]


def test_equal_locks_do_not_differ() -> None:
    lock = lock_of("kit 1.0")
    assert lock_changes(lock, lock, {}) == ()
    assert refreshed_files(lock, lock) == ()
