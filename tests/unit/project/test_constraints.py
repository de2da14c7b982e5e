from __future__ import annotations

import pytest
from packaging.markers import Marker
from tests.support.every import for_each

from poetry_aiops.errors import InputError
from poetry_aiops.project.constraints import (
    all_of,
    allows,
    any_of,
    as_pep440,
    both,
    is_pin,
    platform_marker,
    python_marker,
    read_constraint,
    read_marker,
)


@for_each(
    ("constraint", "written"),
    [
        ("^3.11", ">=3.11,<4.0"),
        ("^0.2.3", ">=0.2.3,<0.3.0"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^2.1.0+cpu", ">=2.1.0+cpu,<3.0.0"),
        ("~3.11", ">=3.11,<3.12"),
        ("~=1.4.5", "~=1.4.5"),
        (">= 3.11 , < 4.0", ">=3.11,<4.0"),
        (">=3.11 <4.0", ">=3.11,<4.0"),
        ("2.1.0", "==2.1.0"),
        ("=2.1.0", "==2.1.0"),
        ("===2.1.0", "===2.1.0"),
        ("2.1.*", "==2.1.*"),
        ("!=2.1.*", "!=2.1.*"),
        ("^2,!=2.5", ">=2,!=2.5,<3"),
        ("*", ""),
        ("", ""),
        (">=1.0,", ">=1.0"),
        ("~2.7 || ^3.4", None),
        ("1.0|2.0", None),
    ],
)
def test_poetrys_spelling_is_written_as_pep440_where_that_can_say_it(
    constraint: str, written: str | None
) -> None:
    assert as_pep440(constraint) == written


@for_each(
    ("constraint", "pin"),
    [("2.1", True), ("==2.1.*", True), ("1.0 || ===2.0", True), (">=2.1", False), ("three", False)],
)
def test_a_pin_allows_single_versions_or_the_releases_of_one(constraint: str, pin: bool) -> None:
    assert is_pin(constraint) is pin


@for_each("constraint", ["three", "^", ">=a.b", "1.0 - 2.0", "<>1.0", "1.*.*", "|| 1"])
def test_text_that_is_no_constraint_is_refused_with_an_example(constraint: str) -> None:
    with pytest.raises(InputError, match="is not a version constraint") as caught:
        read_constraint(constraint)
    assert caught.value.hint is not None
    assert "^3.11" in caught.value.hint


@for_each(
    ("constraint", "version", "expected"),
    [
        ("^3.11", "3.11.0", True),
        ("^3.11", "4.0.0", False),
        ("~3.11", "3.12.0", False),
        ("~2.7 || ^3.4", "3.3.0", False),
        ("~2.7 || ^3.4", "2.7.18", True),
        ("*", "3.14.1", True),
        ("^2.1", "2.2.0rc1", True),
        ("2.3.0", "2.3.0+cpu", True),
        ("^2.1.0+cpu", "2.1.0+cpu", True),
        ("^2.1.0+cpu", "2.0.1", False),
        ("==2.1.0+cpu", "2.1.0+cu126", False),
    ],
)
def test_a_version_is_compared_with_the_constraint(constraint: str, version: str, expected: bool) -> None:
    assert allows(constraint, version) is expected


@for_each(
    ("first", "second", "expected"),
    [
        ("*", "^2.1", "^2.1"),
        ("^2.1", "*", "^2.1"),
        ("^2.1", "^2.1", "^2.1"),
        (">=2.0", "^2.1", ">=2.0,^2.1"),
        ("2.0 || 3.0", ">=1", "2.0,>=1 || 3.0,>=1"),
        ("", "", "*"),
    ],
)
def test_two_constraints_are_written_as_one(first: str, second: str, expected: str) -> None:
    assert both(first, second) == expected


@for_each(
    ("constraint", "holds_on", "fails_on"),
    [
        ("^3.9", ["3.9.0", "3.14.2"], ["3.8.20"]),
        ("<=3.10", ["3.9.5", "3.10.0"], ["3.10.1"]),
        (">3.10", ["3.10.1", "3.11.0"], ["3.10.0"]),
        ("!=3.10.*", ["3.9.0", "3.11.0"], ["3.10.4"]),
        ("!=3.10", ["3.10.1"], ["3.10.0"]),
        ("3.11.*", ["3.11.7"], ["3.12.0"]),
        ("3.*", ["3.11.7"], []),
        ("!=3.*", [], ["3.11.7"]),
        ("~=3.9", ["3.9.0", "3.12.0"], ["3.8.1"]),
        ("~=3.9.2", ["3.9.2", "3.9.9"], ["3.9.1", "3.10.0"]),
        (">=3.9.2,<3.11.4", ["3.9.2", "3.11.3"], ["3.9.1", "3.11.4"]),
        ("~3.9 || ~3.12", ["3.9.1", "3.12.1"], ["3.10.1"]),
    ],
)
def test_a_python_constraint_becomes_a_marker_of_the_same_meaning(
    constraint: str, holds_on: list[str], fails_on: list[str]
) -> None:
    marker = Marker(python_marker(constraint))

    def holds(full: str) -> bool:
        minor = ".".join(full.split(".")[:2])
        return marker.evaluate({"python_full_version": full, "python_version": minor})

    assert [version for version in holds_on if not holds(version)] == []
    assert [version for version in fails_on if holds(version)] == []


@pytest.mark.parametrize("constraint", ["*", "", "^3.9 || *"])
def test_any_python_needs_no_marker(constraint: str) -> None:
    assert python_marker(constraint) == ""


@pytest.mark.parametrize(
    ("platform", "marker"),
    [
        ("linux", 'sys_platform == "linux"'),
        ("!=win32", 'sys_platform != "win32"'),
        ("linux || darwin", 'sys_platform == "linux" or sys_platform == "darwin"'),
        ("!=win32,!=darwin", 'sys_platform != "win32" and sys_platform != "darwin"'),
    ],
)
def test_the_platform_key_becomes_a_marker(platform: str, marker: str) -> None:
    assert platform_marker(platform) == marker


def test_markers_are_joined_with_brackets_only_where_they_are_needed() -> None:
    assert all_of("", "a == 'b'", "*") == "a == 'b'"
    assert all_of("x or y", "z") == "(x or y) and z"
    assert all_of() == ""
    assert any_of(["x and y", "z"]) == "(x and y) or z"


@pytest.mark.parametrize("constraint", ["^" + "9" * 4300, ">=" + "9" * 5000, "==1." + "9" * 401])
def test_a_number_of_hundreds_of_digits_is_no_version_and_not_shown_in_full(constraint: str) -> None:
    with pytest.raises(InputError) as caught:
        read_constraint(constraint)
    assert caught.value.what == f'"{constraint[:200]}..." is not a version constraint'


def test_a_python_that_cannot_be_has_a_marker_that_never_holds() -> None:
    assert not Marker(python_marker("<3,>4")).evaluate()


def test_a_text_that_is_no_version_is_refused() -> None:
    with pytest.raises(InputError, match='"latest" is not a version'):
        allows(">=1", "latest")


def test_text_that_poetry_core_cannot_read_as_a_marker_is_an_input_error() -> None:
    unreadable = ["nonsense", 'extra == "gpu" or', '"gpu" in extras', 'python_version >= "x"', "(" * 5000, f'python_version > "{"9" * 5000}"']  # fmt: skip
    for text in unreadable:
        with pytest.raises(InputError, match="marker cannot be read") as caught:
            read_marker(text)
        assert len(caught.value.what) < 300, text
    assert str(read_marker('extra == "gpu" and os_name == "nt"').without_extras()) == 'os_name == "nt"'
    assert read_marker("").is_any()
    assert read_marker("*").is_any()
