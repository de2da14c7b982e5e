from __future__ import annotations

import pytest

from poetry_aiops.health.python_range import fits, mentioned_in, needed_pythons


def taken(project: str, requires: str, marker: str = "", locked: str = "*") -> bool:
    """Say whether a release would be taken by a project, as Poetry decides."""
    needed = needed_pythons(project, (marker,) if marker else (), locked, mentioned_in((requires,)))
    return fits((requires,), needed)


@pytest.mark.parametrize(
    ("project", "requires", "expected"),
    [
        (">=3.10,<4.0", "", True),
        (">=3.10,<4.0", ">=3.8", True),
        (">=3.10,<4.0", ">=3.11", False),
        (">=3.10,<4.0", ">=3.10,<3.14", False),
        (">=3.10,<3.14", ">=3.10,<3.14", True),
        (">=3.10", ">=3.10,<4", False),
        ("^3.10", ">=3.10,<4", True),
        (">=3.9,<4.0", ">=3.8,!=3.9.7", False),
        (">=3.10,<4.0", ">=3.8,!=3.9.7", True),
        (">=3.11,<3.13", "==3.11.*", False),
        ("~3.11", "==3.11.*", True),
        (">=3.10.2,<4.0", ">=3.10.2", True),
        (">=3.10,<4.0", ">=3.10.2", False),
        (">=3.10,<4.0", "not a constraint", True),
        ("*", ">=3.8", False),
    ],
)
def test_a_release_must_suit_every_python_of_the_project(project: str, requires: str, expected: bool) -> None:
    assert taken(project, requires) is expected


def test_a_marker_limits_the_pythons_that_a_release_must_suit() -> None:
    below = 'python_version < "3.11"'
    assert taken(">=3.10,<4.0", ">=3.9,<3.11", below)
    assert not taken(">=3.10,<4.0", ">=3.11", below)
    assert taken(">=3.10,<4.0", ">=3.10", 'sys_platform == "win32"')
    assert not taken(">=3.10,<4.0", ">=3.11", 'sys_platform == "win32"')


def test_a_marker_may_name_a_full_python_version() -> None:
    needed = needed_pythons(">=3.10,<3.12", ('python_full_version < "3.11.0"',), "*", frozenset({"3.10.4"}))
    assert needed == {"3.10.0", "3.10.4", "3.10.40"}
    minor = needed_pythons(">=3.10,<3.12", ('python_version == "3.10"',), "*", frozenset())
    assert minor == {"3.10.0", "3.10.40"}
    pypy = 'implementation_version < "3.11"'
    assert needed_pythons(">=3.10,<3.12", (pypy,), "*", frozenset()) == {"3.10.0", "3.10.40"}


def test_several_markers_are_alternatives_and_an_empty_or_unreadable_one_holds_everywhere() -> None:
    below, above = 'python_version < "3.11"', 'python_version >= "3.13"'
    assert needed_pythons(">=3.10,<3.14", (below, above), "*", frozenset()) == {
        f"3.{minor}.{patch}" for minor in (10, 13) for patch in (0, 40)
    }
    everywhere = needed_pythons(">=3.10,<3.14", (), "*", frozenset())
    assert len(everywhere) == 8
    assert needed_pythons(">=3.10,<3.14", (below, ""), "*", frozenset()) == everywhere
    assert needed_pythons(">=3.10,<3.14", ("no marker at all",), "*", frozenset()) == everywhere


def test_only_full_versions_are_mentioned_and_those_outside_of_the_project_are_not_needed() -> None:
    mentioned = mentioned_in((">=3.8,!=3.9.7", "<3.11.2.1", ""))
    assert mentioned == {"3.9.7", "3.11.2.1"}
    assert "3.9.7" in needed_pythons(">=3.9", (), "*", mentioned)
    assert "3.9.7" not in needed_pythons(">=3.10", (), "*", mentioned)


def test_samples_reach_from_the_last_python_2_to_the_first_of_4() -> None:
    everything = needed_pythons("", (), "", frozenset())
    assert {"2.7.18", "3.6.0", "3.19.40", "3.99.0", "4.0.0"} <= everything
    assert len(everything) == 31


def test_an_extra_in_a_marker_limits_nothing() -> None:
    assert taken(">=3.10,<4.0", ">=3.10", 'extra == "gpu"')
    assert not taken(">=3.10,<4.0", ">=3.11", 'extra == "gpu"')


def test_without_markers_the_locked_version_tells_where_it_is_installed() -> None:
    assert taken(">=3.8,<4.0", ">=3.10", locked=">=3.10")
    assert not taken(">=3.8,<4.0", ">=3.10", locked=">=3.9")


def test_one_of_several_values_is_enough() -> None:
    needed = needed_pythons(">=3.10,<4.0", (), "*", frozenset())
    assert fits((">=3.12", ">=3.9"), needed)
