"""What an old file selects alone, beside what its command installs from the new lock."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from tests.support.every import for_each

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.pip_report import selection_of, this_machine
from poetry_aiops.migrate.planning.convert import OldPin
from poetry_aiops.migrate.writing.causes import Causes, Root
from poetry_aiops.migrate.writing.installs import InstallProof, OldRequirementsFile, compare_with_pip
from poetry_aiops.project.model import Lock, LockedDependency, Package
from poetry_aiops.project.targets import targets


MACHINES = targets(lambda version: version.startswith("3.12."))


def package(
    name: str, version: str, *needs: str, groups: tuple[str, ...] = ("main",), marker: str = ""
) -> Package:
    """``needs`` are texts such as ``idna <4``."""
    edges = tuple(LockedDependency(one, what, (), "", optional=False) for one, what in map(str.split, needs))
    return Package(
        name=name,
        pretty_name=name,
        version=version,
        description="",
        optional=False,
        python_versions="*",
        groups=groups,
        markers=marker,
        files=(),
        edges=edges,
        extras=MappingProxyType({}),
        source=None,
    )


def lock(*packages: Package) -> Lock:
    return Lock("2.1", ">=3.12", "x", packages, MappingProxyType({}), Path("poetry.lock"))


def proof(
    old: list[Package], new: list[Package], groups: tuple[str, ...] = ("main",), **known: object
) -> InstallProof:
    file = OldRequirementsFile("web.txt", groups, "poetry install")
    return compare_with_pip(file, lock(*old), MACHINES[0], Causes(lock(*new), **known), is_met=False)  # type: ignore[arg-type]


def rows(found: InstallProof) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(one.name, one.old, one.new, one.cause) for one in found.differences]


def test_the_same_packages_and_a_local_build_of_a_version_are_no_difference() -> None:
    old = [package("torch", "2.1.2"), package("idna", "3.1")]
    new = [package("torch", "2.1.2+cu121"), package("idna", "3.1"), package("ruff", "1", groups=("lint",))]
    found = proof(old, new)
    assert (rows(found), found.packages, found.unexplained) == ([], 2, ())


@for_each(
    ("new", "known", "cause"),
    [
        ([package("idna", "3.1")], {}, None),
        (
            [package("idna", "3.1")],
            {"roots": [Root("idna", "<3.5", "tools.txt:3", "tools.txt", "tools")]},
            "tools.txt:3 requires idna <3.5",
        ),
        ([package("idna", "3.1"), package("old", "1", "idna <3.2")], {}, "old 1 requires idna <3.2"),
        (
            [package("idna", "3.1"), package("codecs", "1.0")],
            {},
            "idna 3.9 requires codecs >=2, and 1.0 is locked",
        ),
        (
            [package("idna", "3.1")],
            {"pins": [OldPin("idna", "3.1", "main", Place("web.lock", 4))]},
            "web.lock:4 pins idna 3.1",
        ),
        (
            [package("idna", "3.1")],
            {"before": frozenset({("idna", "3.1")})},
            "poetry.lock had this version already",
        ),
        (
            [package("idna", "3.1")],
            {"offered": lambda name, version: f"{name} {version} is for Python <3.12"},
            "idna 3.9 is for Python <3.12",
        ),
    ],
)
def test_another_version_has_a_cause_that_is_there_or_none(
    new: list[Package], known: dict[str, object], cause: str | None
) -> None:
    found = proof([package("idna", "3.9", "codecs >=2"), package("codecs", "2.0")], new, **known)  # type: ignore[arg-type]
    assert ("idna", "3.9", "3.1", cause) in rows(found)


def test_what_is_installed_beside_or_not_at_all_is_traced_to_a_difference() -> None:
    old = [package("flask", "2", "simple *"), package("simple", "1"), package("lost", "1")]
    new = [package("flask", "3", "blinker *"), package("blinker", "1"), package("gunicorn", "9")]
    found = proof(
        old,
        new,
        roots=[
            Root("flask", ">=3", "pyproject.toml", "pyproject.toml", "main"),
            Root("gunicorn", "", "pyproject.toml", "pyproject.toml", "main"),
        ],
    )
    assert rows(found) == [
        ("blinker", None, "1", "flask 3 requires it"),
        ("flask", "2", "3", "pyproject.toml requires flask >=3"),
        ("gunicorn", None, "9", "pyproject.toml requires it"),
        ("lost", "1", None, None),
        ("simple", "1", None, "only flask 2 requires it"),
    ]


def test_a_package_that_the_variants_bring_is_told_so() -> None:
    found = proof([package("torch", "2")], [], variants={"ml-cpu": frozenset({"torch"})})
    assert (
        found.differences[0].cause == "the hardware variants provide it (ml-cpu), so `poetry hw-install` does"
    )


def test_a_compiled_pin_that_no_package_requires_there_is_none_of_the_installation() -> None:
    pin = OldPin("colorama", "1", "main", Place("web.txt", 7), direct=False)
    found = proof([package("colorama", "1")], [], pins=[pin])
    assert (
        found.differences[0].cause
        == "web.txt:7 pins it for other packages, and none of them requires it there"
    )
    assert proof([package("colorama", "1")], [], pins=[replace(pin, direct=True)]).unexplained
    asked = Root("colorama", "", "web.in:1", "web.in", "main")
    assert proof([package("colorama", "1")], [], pins=[pin], roots=[asked]).unexplained, "a line requires it"


def test_what_a_line_of_the_file_asks_for_is_never_missing_for_a_reason() -> None:
    old = [package("flask", "2", "simple *"), package("simple", "1")]
    roots = [
        Root("flask", ">=3", "a.txt:1", "a.txt", "main"),
        Root("simple", "", "web.txt:2", "web.txt", "main"),
    ]
    found = {one.name: one.cause for one in proof(old, [package("flask", "3")], roots=roots).differences}
    assert found == {"flask": "a.txt:1 requires flask >=3", "simple": None}


def test_two_versions_on_one_machine_have_no_cause_and_each_difference_a_next_step() -> None:
    old = [package("boto", "2"), package("lost", "1"), package("kept", "1")]
    new = [package("boto", "1"), package("boto", "2"), package("kept", "2"), package("more", "1")]
    new.append(package("base", "1", "more *", groups=("other",)))
    roots = [Root("boto", "<2", "pyproject.toml:4 (extra aws)", "pyproject.toml", "main")]
    found = proof(old, new, roots=roots)
    assert {one.name: one.next_step for one in found.unexplained} == {
        "boto": "one machine would get both versions: require one range of boto in pyproject.toml:4 (extra aws)",
        "kept": "to keep it, write kept==1 in web.txt",
        "lost": "to install it, write lost==1 in web.txt",
        "more": "decide whether web.txt needs more, which base 1 requires, and write it there",
    }


def test_pip_and_the_lock_may_take_either_of_two_solutions_that_meet_the_file() -> None:
    report = {
        "install": [
            {"metadata": {"name": "Client", "version": "3.5"}},
            {
                "metadata": {
                    "name": "helper",
                    "version": "1",
                    "requires_dist": ["plan<2", "gone; extra == 'x'"],
                }
            },
            {"metadata": {"name": "plan", "version": "1"}},
            {"metadata": {"name": "free", "version": "1"}},
        ]
    }
    pip = selection_of(report, Path("web.txt"))
    new = [
        package("client", "3.1"),
        package("helper", "2", "client <3.2"),
        package("plan", "2"),
        package("free", "2"),
    ]
    file = OldRequirementsFile("web.txt", ("main",), "poetry install")
    met = compare_with_pip(file, pip, MACHINES[0], Causes(lock(*new)), is_met=True)
    assert rows(met) == [
        ("client", "3.5", "3.1", "helper 2 requires client <3.2"),
        ("free", "1", "2", "both meet web.txt and all that its packages require"),
        ("helper", "1", "2", "helper 1 requires plan <2, and 2 is locked"),
        ("plan", "1", "2", "helper 1, which web.txt selects alone, requires plan <2"),
    ]
    unmet = compare_with_pip(file, pip, MACHINES[0], Causes(lock(*new)), is_met=False)
    assert [one.name for one in unmet.unexplained] == ["free"]


def test_pip_is_asked_only_where_the_project_is_for_this_machine() -> None:
    running = f"3.{sys.version_info.minor}."
    assert this_machine(targets(lambda version: version.startswith(running))).python == running[:-1]
    with pytest.raises(InputError, match="does not support"):
        this_machine(targets(lambda version: not version.startswith(running)))
