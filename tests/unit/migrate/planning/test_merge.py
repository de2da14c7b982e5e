"""Several lines for one package: what all of them ask for together, and what contradicts itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.every import for_each

from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.planning.entry import PlannedEntry, PlannedGroup
from poetry_aiops.migrate.planning.merge import about_python, conflicts_between, intersection, merged
from poetry_aiops.project.targets import targets


if TYPE_CHECKING:
    from poetry_aiops.migrate.model import Problem


MACHINES = targets(lambda version: version.startswith(("3.11.", "3.12.")))
WHEEL = "https://h.example/six-1.16.0-py3-none-any.whl"


def six(specifier: str = "", line: int = 1, **more: object) -> PlannedEntry:
    return PlannedEntry("six", (Place("requirements.txt", line),), specifier, specifier, **more)  # type: ignore[arg-type]  # names of fields


def together(*entries: PlannedEntry) -> tuple[list[str], list[Problem]]:
    problems: list[Problem] = []
    return [entry.as_pep508() for entry in merged(entries, MACHINES, problems)], problems


@for_each(
    ("first", "second", "both"),
    [
        ("", "", ""),
        (">=1", "", ">=1"),
        (">=1", "<2", ">=1,<2"),
        ("==1.16.0", ">=1", "==1.16.0"),
        ("==1.16", "==1.16.0", "==1.16.0"),
        ("==1.16.*", "==1.16.0", "==1.16.0"),
        ("==2.7.0", "==2.7.0+cu128", "==2.7.0+cu128"),
        (">=1", ">=1", ">=1"),
        (">=1.16,<3", ">=1.17.0,<=2", ">=1.17.0,<=2"),
        (">=1", ">1", ">1"),
        ("<2", "<=2", "<2"),
        ("<2.0", "<2.0rc1", "<2.0,<2.0rc1"),
        ("==2.0rc1", ">=1", "==2.0rc1"),
        (">=1", "<=1", ">=1,<=1"),
        ("~=1.4", "!=1.5", "~=1.4,!=1.5"),
        ("==1.*", "<2", "==1.*,<2"),
        ("~=1.4", "==1.*", "==1.*,~=1.4"),
        ("~=1.4", ">=1.4,<=1.4", ">=1.4,~=1.4,<=1.4"),
    ],
)
def test_both_specifiers_as_one(first: str, second: str, both: str) -> None:
    assert intersection(first, second) == both


@for_each(
    ("first", "second"),
    [
        ("==1.16.0", "==1.17.0"),
        ("==1.16.0", ">=2"),
        (">=2", "<1"),
        (">=2", "<2"),
        (">1", "<=1"),
        ("~=2.1", "<2"),
        ("==2.7.0+cpu", "==2.7.0+cu128"),
        ("==1.*", ">=2"),
        ("==2.*", "<2"),
        (">=2.0rc1", "<2.0"),
        ("==1.*", "==2.*"),
        ("==1!1.*", "<1!1.dev0"),
        ("~=1.4", ">=2.0"),
        ("~=1.4.2", "==1.5.*"),
        (">=1.0,<=1.0", "!=1.0"),
        ("==1.0,==1.4.2", ""),
    ],
)
def test_what_no_version_meets_is_none(first: str, second: str) -> None:
    assert intersection(first, second) is None
    assert intersection(second, first) is None


def test_the_same_twice_is_once_with_both_places_and_comments() -> None:
    problems: list[Problem] = []
    (found,) = merged(
        [six("==1", 1, above=("a",)), six("==1", 2, above=("b",), behind="c")], MACHINES, problems
    )
    assert problems == []
    assert [place.line for place in found.places] == [1, 2]
    assert (found.above, found.behind) == (("a", "b"), "c")


def test_bounds_and_extras_of_several_lines_are_joined() -> None:
    assert together(six(">=1", extras=("b",)), six("<2", extras=("a",))) == (["six[a,b] (>=1,<2)"], [])


def test_lines_with_other_markers_stay_apart() -> None:
    texts, problems = together(
        six("==1.16.0", marker='python_version < "3.12"'), six("==1.17.0", marker='python_version >= "3.12"')
    )
    assert texts == ['six (==1.16.0) ; python_version < "3.12"', 'six (==1.17.0) ; python_version >= "3.12"']
    assert problems == []


def test_a_contradiction_names_both_lines() -> None:
    texts, (problem,) = together(six("==1.16.0", 3), six("==1.17.0", 7))
    assert texts == ["six (==1.16.0)", "six (==1.17.0)"]
    assert problem.severity == "error"
    assert str(problem.place) == "requirements.txt:7"
    assert problem.what == "six (==1.17.0) contradicts six (==1.16.0) at requirements.txt:3"
    assert problem.suggestion == "Keep one of the two, or give them markers that exclude each other."


def test_a_contradiction_on_some_machine_is_one() -> None:
    _, problems = together(
        six("==1.16.0", marker='python_version < "3.12"'), six("==1.17.0", marker='sys_platform == "linux"')
    )
    assert len(problems) == 1


def test_a_contradiction_on_machines_that_the_project_has_not_is_none() -> None:
    _, problems = together(
        six("==1.16.0", marker='python_version < "3.9"'), six("==1.17.0", marker='python_version < "3.10"')
    )
    assert problems == []


def test_a_contradiction_under_one_marker_is_one_though_the_project_has_no_such_python() -> None:
    later = 'python_version >= "3.14"'
    texts, problems = together(
        six(line=1, extras=("a",), marker=later),
        six("==1.0", 2),
        six(">=2", 3, marker=later),
        six("<2", 4, extras=("b",), marker=later),
    )
    (problem,) = problems
    assert (str(problem.place), problem.what) == (
        "requirements.txt:4",
        f"six[b] (<2) ; {later} contradicts six[a] (>=2) ; {later} at requirements.txt:1",
    )
    assert texts[1] == "six (==1.0)"


def test_a_line_that_contradicts_itself_is_told_once() -> None:
    _, problems = together(six("==1.0,==1.4", 3), six("==1.0", 4))
    assert [(str(one.place), one.what) for one in problems] == [
        ("requirements.txt:3", "no version meets six (==1.0,==1.4)")
    ]
    assert [one.what for one in together(six(">=2,<1"))[1]] == ["no version meets six (>=2,<1)"]


def test_an_address_beside_the_bare_name_is_the_address() -> None:
    assert together(six(), six(url=WHEEL, extras=("a",))) == ([f"six[a] @ {WHEEL}"], [])
    assert together(six(url=WHEEL), six()) == ([f"six @ {WHEEL}"], [])


def test_a_range_beside_an_address_stays_for_poetry_to_compare() -> None:
    assert together(six(">=1"), six(url=WHEEL)) == (["six (>=1)", f"six @ {WHEEL}"], [])


def test_two_addresses_contradict_each_other() -> None:
    assert len(together(six(url=WHEEL), six(url=WHEEL + "?x"))[1]) == 1
    assert len(together(six(path="a"), six(path="b"))[1]) == 1
    git = "https://h.example/six.git"
    assert len(together(six(url=git, git=True, revision="v1"), six(url=git, git=True, revision="v2"))[1]) == 1
    assert (
        len(together(six(url=git, git=True, subdirectory="a"), six(url=git, git=True, subdirectory="b"))[1])
        == 1
    )


def test_the_same_folder_twice_is_editable_when_one_line_says_so() -> None:
    problems: list[Problem] = []
    (found,) = merged(
        [six(path="libs/six", extras=("a",)), six(path="libs/six", develop=True)], MACHINES, problems
    )
    assert (found.develop, found.extras, problems) == (True, ("a",), [])


def test_two_sources_contradict_each_other() -> None:
    assert len(together(six(source="a"), six(source="b"))[1]) == 1
    problems: list[Problem] = []
    (found,) = merged([six(source="a"), six(">=1")], MACHINES, problems)
    assert (found.source, found.specifier, problems) == ("a", ">=1", [])


def test_relaxed_pins_keep_the_bounds_of_other_lines() -> None:
    pin = PlannedEntry("six", (Place("a.txt", 1),), "==1.5", ">=1.5")
    (found,) = merged([pin, six("<2")], MACHINES, [])
    assert (found.specifier, found.relaxed) == ("==1.5", ">=1.5,<2")


def test_groups_that_cannot_be_locked_together_are_told_with_a_way_out() -> None:
    other = PlannedEntry("six", (Place("requirements-dev.txt", 4),), "==1.17.0")
    groups = [PlannedGroup("main", (six("==1.16.0", 2),)), PlannedGroup("dev", (other,))]
    (problem,) = conflicts_between(groups, MACHINES)
    assert str(problem.place) == "requirements-dev.txt:4"
    assert "at requirements.txt:2" in problem.what
    assert problem.suggestion.endswith("(`poetry migrate-reqs FILE...`).")
    builds = [
        PlannedGroup(group, (PlannedEntry("torch", (Place(f"{group}.txt", 1),), f"=={version}"),))
        for group, version in (("main", "2.1"), ("gpu", "2.2"))
    ]
    (problem,) = conflicts_between(builds, MACHINES)
    assert "--group ml-cu126=gpu.txt" in problem.suggestion


def test_groups_that_agree_are_none_to_tell() -> None:
    groups = [PlannedGroup("main", (six(">=1"),)), PlannedGroup("dev", (six(url=WHEEL), six("<2")))]
    assert conflicts_between(groups, MACHINES) == []


@for_each(
    ("marker", "python"),
    [
        ('platform_machine == "s390x"', ""),
        ('python_version < "3.9" and sys_platform == "linux"', 'python_version < "3.9"'),
        ('python_version < "3.9" or sys_platform == "linux"', ""),
        ('"x" in platform_version', ""),
        ('"x" in extras', ""),
        ('python_full_version < "3.9.1"', 'python_full_version < "3.9.1"'),
    ],
)
def test_what_a_marker_says_about_python_alone(marker: str, python: str) -> None:
    assert about_python(marker) == python
