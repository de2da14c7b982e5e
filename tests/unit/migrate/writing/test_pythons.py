"""The Python to lock for where the project names none."""

from __future__ import annotations

import pytest

from poetry_aiops.locking.staged_project import OfferedVersion
from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.planning.entry import PlannedEntry
from poetry_aiops.migrate.writing.pythons import fitting_python, narrowed, newest_python, required_python


def wheel(name: str, version: str, python: str, requires_python: str = "*") -> OfferedVersion:
    files = (f"{name}-{version}-{python}-{python}-manylinux_2_17_x86_64.whl",)
    return OfferedVersion(version, requires_python, files, tuple)


INDEX = {
    "old": [wheel("old", "1.0", "cp310"), wheel("old", "1.0", "cp39")],
    "newer": [wheel("newer", "2", "cp312"), wheel("newer", "1", "cp310", "<3.11")],
    "later": [wheel("later", "3", "cp312")],
}


def entries_of(*lines: str) -> list[PlannedEntry]:
    entries = []
    for number, line in enumerate(lines, 1):
        text, _, marker = line.partition(" ; ")
        name, specifier = text.split()
        entries.append(PlannedEntry(name, (Place("app.txt", number),), specifier, marker=marker))
    return entries


def fitting(python: str, *lines: str) -> tuple[str, str] | None:
    return fitting_python(python, entries_of(*lines), lambda name, _, __: INDEX.get(name, ()))


@pytest.mark.parametrize(
    ("python", "lines", "found"),
    [
        (">=3.11,<4.0", ("capped >=1", "free >=1"), ">=3.11,<3.16"),  # 3 is not for 3.11
        (">=3.11,<4.0", ("capped >=1 ; python_version < '3.11'", "free >=1"), None),
        (">=3.11,<3.12", ("capped >=1",), None),
    ],
)
def test_a_range_begins_with_what_the_newest_versions_for_this_python_are_for(
    python: str, lines: tuple[str, ...], found: str | None
) -> None:
    index = {
        "capped": [wheel("capped", "3", "cp311", ">=3.12"), wheel("capped", "2", "cp311", "<3.16")],
        "free": [wheel("free", "1", "cp311")],
    }
    newest = newest_python(python, "3.11", entries_of(*lines), lambda name, _, __: index[name])
    assert newest == (found and (found, "capped 2 is for Python <3.16"))


@pytest.mark.parametrize(
    ("lines", "python"),
    [
        (("old ==1.0",), ">=3.10,<3.11"),
        (("old ==1.0", "newer >=1"), ">=3.10,<3.11"),
        (("newer >=1",), None),  # it has a file for 3.12
        (("old ==1.0 ; python_version < '3.11'", "newer >=1"), None),
        (("old ==1.0", "later >=3"), None),  # no Python has both
        (("unknown ==1",), None),
    ],
)
def test_the_newest_python_with_a_file_of_every_line_is_taken_where_the_running_one_has_none(
    lines: tuple[str, ...], python: str | None
) -> None:
    found = fitting(">=3.12,<3.13", *lines)
    assert (found and found[0]) == python


def test_the_lines_without_a_file_are_named() -> None:
    reason = "no index has a file for it of old ==1.0 (app.txt:1)"
    assert fitting(">=3.11,<4.0", "old ==1.0") == (">=3.10,<3.11", reason)
    assert fitting(">=3.11,<4.0", "newer >=1") is None


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ((">=3.10,!=3.14.1",), ">=3.11,!=3.14.1,<4.0"),
        (("<3.15", ">=3.9"), ">=3.11,<3.15"),
        (("<3.9",), None),
        (("<3.12 || >=3.13",), None),
    ],
)
def test_a_range_is_narrowed_as_far_as_pep_440_can_write_it(
    wanted: tuple[str, ...], text: str | None
) -> None:
    assert narrowed(">=3.11,<4.0", wanted) == text


def refusal(*releases: str) -> str:
    return "\n".join(f"- {one}, so it will not be installable for Python >=3.15,<4.0" for one in releases)


@pytest.mark.parametrize(
    ("releases", "python"),
    [
        (("a requires Python <3.13,>=3.9", "a requires Python <3.15,>=3.10"), ">=3.11,<3.15"),
        (("a requires Python <3.15", "b requires Python >=3.8,<3.14"), ">=3.11,<3.14"),
        (("a requires Python <3.4",), None),
        ((), None),
    ],
)
def test_a_refusal_of_the_solver_says_which_python_the_packages_are_for(
    releases: tuple[str, ...], python: str | None
) -> None:
    found = required_python(">=3.11,<4.0", refusal(*releases))
    assert (found and found[0]) == python
