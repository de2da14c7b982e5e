"""A new lock evaluated against an old file's lines by metadata, without a solve."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.unit.migrate.writing.test_installs import lock, package

from poetry_aiops.locking.staged_project import OfferedVersion
from poetry_aiops.migrate.writing.causes import Causes, Root, is_allowed
from poetry_aiops.migrate.writing.evaluation import LineEvaluation
from poetry_aiops.migrate.writing.installs import OldRequirementsFile, evaluated, wanted_versions
from poetry_aiops.project.model import LockedDependency, LockedFile
from poetry_aiops.project.targets import targets


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.migrate.writing.installs import InstallProof
    from poetry_aiops.project.model import Package


MACHINES = targets(lambda version: version.startswith("3.12."))


def edges(*texts: str) -> tuple[LockedDependency, ...]:
    return tuple(LockedDependency(one, what, (), "", optional=False) for one, what in map(str.split, texts))


class Index:
    """Versions by name, newest first: ``version [python] [| requirement, requirement]``."""

    def __init__(self, **versions: Sequence[str]) -> None:
        self.versions = versions

    def offered(self, name: str, constraint: str) -> list[OfferedVersion]:
        found = []
        for text in self.versions.get(name, ()):
            version, _, needs = text.partition("|")
            number, _, python = version.strip().partition(" ")
            required = edges(*(one.strip() for one in needs.split(",") if one.strip()))
            if is_allowed(constraint, number):
                files = (f"{name}-{number}.tar.gz",)
                found.append(OfferedVersion(number, python or "*", files, lambda required=required: required))  # type: ignore[misc]
        return found


def evaluation(lines: Sequence[str], locked: Sequence[Package], **index: Sequence[str]) -> LineEvaluation:
    return LineEvaluation(lock(*locked), ["main"], edges(*lines), (), MACHINES, Index(**index).offered)


def rows(
    lines: Sequence[str], locked: Sequence[Package], roots: Sequence[Root] = (), **index: Sequence[str]
) -> list[tuple[str, str | None, str | None, str | None]]:
    found = evaluation(lines, locked, **index)
    return [(one.name, one.old, one.new, one.cause) for one in of(found, locked, roots).differences]


def of(found: LineEvaluation, locked: Sequence[Package], roots: Sequence[Root] = ()) -> InstallProof:
    old = OldRequirementsFile("web.txt", ("main",), "poetry install")
    return evaluated(old, found, Causes(lock(*locked), roots=roots))


def test_lines_that_get_the_newest_of_everything_have_no_difference() -> None:
    locked = [
        package("flask", "3", "simple >=1"),
        package("simple", "2"),
        package("ruff", "1", groups=("dev",)),
    ]
    assert rows(["flask *"], locked, flask=["3", "2"], simple=["2", "1"]) == []


def test_a_newer_version_that_goes_with_the_rest_is_a_difference_with_what_keeps_it_out() -> None:
    locked = [
        package("flask", "3", "simple >=1"),
        package("simple", "1"),
        package("tool", "1", "simple <2", groups=("dev",)),
    ]
    assert rows(["flask *"], locked, flask=["3"], simple=["2", "1"]) == [
        ("simple", "2", "1", "tool 1 requires simple <2")
    ]


def test_a_line_that_a_package_of_the_file_holds_back_may_be_chosen_otherwise_by_pip() -> None:
    locked = [package("client", "3.1"), package("helper", "2", "client <3.2")]
    found = evaluation(["client *", "helper *"], locked, client=["3.5", "3.1"], helper=["2", "1"])
    [row] = of(found, locked).differences
    assert (row.name, row.old, row.new, row.either) == ("client", "3.5", "3.1", True)
    assert row.cause is not None
    assert row.cause.startswith("helper 2 requires client <3.2; with an older helper")
    pinned = evaluation(["client *", "helper ==2"], locked, client=["3.5", "3.1"], helper=["2", "1"])
    assert of(pinned, locked).differences == (), "there is no older helper"
    capped = evaluation(["client *", "helper *"], locked, client=["3.5 <3.16", "3.1"], helper=["2", "1"])
    assert [one.python for one in capped.newer] == ["<3.16"], "a guessed Python can follow it"


def test_a_locked_version_without_a_file_is_refused_with_the_python_that_has_one() -> None:
    held = replace(package("soup", "2"), files=(LockedFile("soup-2-cp310-cp310-win_amd64.whl", "sha256:0"),))
    found = evaluation(["soup *"], [held], soup=["4 >=3.12,!=3.12.5", "2"])
    [row] = of(found, [held]).differences
    assert (row.old, row.new, row.cause) == ("4", "2", None)
    assert row.next_step == "soup 2 has no file for this Python: `--python '>=3.12,!=3.12.5'` takes 4"
    [row] = of(evaluation(["soup ==2"], [held], soup=["2"]), [held]).differences
    assert (row.old, row.cause) == ("any version", None)
    assert row.next_step.startswith("soup 2 has no file for this Python")


def test_a_version_for_a_part_of_the_projects_pythons_is_a_difference() -> None:
    locked = [package("soup", "2")]
    found = evaluation(["soup *"], locked, soup=["4 >=3.12.5", "2"])
    causes = Causes(lock(*locked), offered=lambda name, version: f"{name} {version} is for Python >=3.12.5")
    old = OldRequirementsFile("web.txt", ("main",), "poetry install")
    [row] = evaluated(old, found, causes).differences
    assert (row.old, row.new, row.cause) == ("4", "2", "soup 4 is for Python >=3.12.5")


def test_what_would_move_together_is_a_difference_unless_the_file_or_what_it_needs_excludes_it() -> None:
    locked = [
        package("app", "1", "plan <2"),
        package("plan", "1"),
        package("tool", "1", "plan <2", groups=("dev",)),
    ]
    index = {"app": ["2 | plan >=2", "1"], "plan": ["2", "1"]}
    assert rows(["app *"], locked, (), **index) == [
        ("app", "2", "1", "app 2 requires plan >=2, and 1 is locked"),
        ("plan", "2", "1", "tool 1 requires plan <2"),
    ]
    assert rows(["app *", "plan ==1"], locked, (), **index) == []


def test_what_only_one_of_two_versions_needs_is_a_difference_as_well() -> None:
    held = [
        package("tool", "1", "date <4", groups=("dev",)),
        package("date", "2", "six *"),
        package("six", "1", "spare *"),
        package("spare", "1"),
    ]
    index = {"date": ["4 | zone *", "2"], "zone": ["7 | names >=1"], "names": ["3"], "six": ["2", "1"]}
    assert rows(["date *"], held, (), **index) == [
        ("date", "4", "2", "tool 1 requires date <4"),
        ("names", "3", None, "only zone 7 requires it"),
        ("six", None, "1", "date 2 requires it"),
        ("spare", None, "1", "six 1 requires it"),
        ("zone", "7", None, "only date 4 requires it"),
    ]
    [six] = [one for one in rows(["date *", "six *"], held, (), **index) if one[0] == "six"]
    assert six[1:3] == ("2", "1"), "a line of the file needs it all the same"
    also = [*held, package("zone", "5")]
    found = rows(["date *"], also, [Root("zone", "<6", "more.txt:1", "more.txt", "main")], **index)
    assert ("zone", "7", "5", "more.txt:1 requires zone <6") in found


def test_of_two_lines_that_exclude_each_others_newest_versions_pip_may_choose_either() -> None:
    held = [
        package("session", "7", "client *"),
        package("client", "3", "core ==43"),
        package("core", "43"),
    ]
    index = {
        "session": ["15 | client ==2, files *", "7 | client *"],
        "client": ["3 | core ==43", "2 | core ==40"],
        "core": ["43", "40"],
        "files": ["1"],
    }
    found = evaluation(["session *", "client *"], held, **index)
    proof = of(found, held)
    assert [(one.name, one.old, one.new, one.cause, one.either) for one in proof.differences] == [
        (
            "client",
            "2",
            "3",
            "session 15 requires client ==2; with an older session both are possible, and pip may take that",
            True,
        ),
        ("core", "40", "43", "client 3 requires core ==43", False),
        ("files", "1", None, "only session 15 requires it", False),
        ("session", "15", "7", "session 15 requires client ==2, and 3 is locked", False),
    ]
    assert wanted_versions(proof, found) == {"client": "3", "core": "43", "session": "15"}


def test_what_an_extra_of_the_locked_version_needs_is_no_difference() -> None:
    asked = LockedDependency("web", "*", ("fast",), "", optional=False)
    loop = LockedDependency("loop", "*", (), 'extra == "fast"', optional=True)
    web = replace(package("web", "1"), edges=(loop,))
    held = [web, package("loop", "1"), package("tool", "1", "web <2", groups=("dev",))]
    index = Index(web=["2", "1"], loop=["1"])
    found = LineEvaluation(lock(*held), ["main"], [asked], (), MACHINES, index.offered)
    assert [one.name for one in of(found, held).differences] == ["web"]


def test_what_a_package_of_the_file_excludes_may_be_chosen_otherwise_by_pip() -> None:
    locked = [package("core", "1", "plan <2"), package("app", "1"), package("plan", "1")]
    index = {"app": ["2 | plan >=2", "1"], "core": ["1"], "plan": ["2", "1"]}
    [row] = of(evaluation(["app *", "core *"], locked, **index), locked).differences
    assert (row.name, row.old, row.new, row.either) == ("app", "2", "1", True)
    assert str(row.cause).startswith("core 1 requires plan <2")


def test_what_a_line_excludes_or_lacks_is_a_difference_without_a_cause_unless_something_shows_it() -> None:
    locked = [package("idna", "2"), package("more", "1")]
    index = {"idna": ["4", "3", "2"], "lost": ["1"]}
    assert rows(["idna >=3", "lost *"], locked, (), **index) == [
        ("idna", "4", "2", None),
        ("lost", "1", None, None),
        ("more", None, "1", None),
    ]
    other = [Root("idna", "<3", "dev.txt:1", "dev.txt", "dev")]
    assert rows(["idna >=3"], locked[:1], other, **index) == [
        ("idna", "4", "2", "dev.txt:1 requires idna <3")
    ]


def test_a_difference_counts_on_the_machines_where_it_is() -> None:
    windows = LockedDependency("colorama", "*", (), 'sys_platform == "win32"', optional=False)
    found = LineEvaluation(lock(), ["main"], [windows], (), MACHINES, Index(colorama=["1"]).offered)
    [row] = of(found, ()).unexplained
    assert (row.name, row.old, row.targets) == ("colorama", "1", ("windows-amd64-py3.12",))


def test_of_two_versions_on_one_machine_the_one_that_all_allow_is_wanted() -> None:
    locked = [package("kit", "1", "boto ==1"), package("boto", "1"), package("boto", "2")]
    found = evaluation(["boto *", "kit *"], locked, boto=["2", "1"], kit=["1"])
    proof = of(found, locked)
    assert [(one.name, one.old, one.new, one.cause) for one in proof.differences] == [
        ("boto", "1", "1, 2", None)
    ]
    assert wanted_versions(proof, found) == {"boto": "1", "kit": "1"}
