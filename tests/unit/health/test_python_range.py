from __future__ import annotations

import pytest

from poetry_aiops.health.currency import fits, needed_pythons
from poetry_aiops.project.constraints import read_python


def taken(project: str, requires: str, marker: str = "", locked: str = "*") -> bool:
    """Say whether a release would be taken by a project, as Poetry decides."""
    needed = needed_pythons(project, (marker,) if marker else (), locked)
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


@pytest.mark.parametrize(
    ("markers", "needed"),
    [
        (('python_full_version < "3.11.0"',), ">=3.10,<3.11.0"),
        (('python_version == "3.10"',), ">=3.10,<3.11"),
        (('python_version < "3.11"', 'python_version >= "3.13"'), ">=3.10,<3.11 || >=3.13,<3.14"),
        ((), ">=3.10,<3.14"),
        (('python_version < "3.11"', ""), ">=3.10,<3.14"),
        (("no marker at all",), ">=3.10,<3.14"),
    ],
)
def test_markers_are_alternatives_and_an_empty_or_unreadable_one_holds_everywhere(
    markers: tuple[str, ...], needed: str
) -> None:
    assert needed_pythons(">=3.10,<3.14", markers, "*") == read_python(needed)


def test_an_extra_in_a_marker_limits_nothing() -> None:
    assert taken(">=3.10,<4.0", ">=3.10", 'extra == "gpu"')
    assert not taken(">=3.10,<4.0", ">=3.11", 'extra == "gpu"')


def test_without_markers_the_locked_version_says_where_it_is_installed() -> None:
    assert taken(">=3.8,<4.0", ">=3.10", locked=">=3.10")
    assert not taken(">=3.8,<4.0", ">=3.10", locked=">=3.9")


def test_one_of_several_values_is_enough() -> None:
    needed = needed_pythons(">=3.10,<4.0", (), "*")
    assert fits((">=3.12", ">=3.9"), needed)
