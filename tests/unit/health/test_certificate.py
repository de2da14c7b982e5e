"""Whether one pin can change by itself, without a solver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.health.facts import lock_of, project_of

from poetry_aiops.health.certificate import Ground, Raised
from poetry_aiops.project.checks import Checker
from poetry_aiops.project.requirements import from_pep508


if TYPE_CHECKING:
    from poetry_aiops.project.model import Package, Requirement


LOCK = """
web 1.0 -> kit >=1,<2
kit 1.0 -> core >=3
core 3.1
"""


def needs(*texts: str) -> list[Requirement]:
    read = [from_pep508(text, "test", Checker()) for text in texts]
    return [one for one in read if one is not None]


def ground(text: str = LOCK, *asked: str) -> Ground:
    return Ground(lock_of(text), project_of(*(asked or ("web",))))


def package(found: Ground, name: str) -> Package:
    (only,) = found.by_name[name]
    return only


def test_what_the_project_asks_for_and_the_lock_does_not_hold_is_a_gap() -> None:
    assert ground().gaps == ()
    assert ground(LOCK, "web>=2", "kit", "core", "lost>1").gaps == ("lost >1", "web >=2")
    assert ground(LOCK, "web", "lost; sys_platform == 'plan9'").gaps == ()
    assert ground("", "web").gaps == ("web *",)


def test_what_only_a_locked_package_asks_for_is_a_gap_too() -> None:
    found = ground("web 1.0 -> kit >=2; lost *\nkit 1.0", "web")
    assert found.gaps == ("kit >=2 (for web 1.0)", "lost * (for web 1.0)")


def test_a_package_that_requires_the_project_itself_leaves_no_gap() -> None:
    found = ground("web 1.0 -> Fruit >=0.10\nkit 1.0", "web")  # the project is called fruit
    assert found.gaps == ()
    assert found.certify(package(found, "kit"), "1.5", needs("fruit>=0.10")).holds


def test_a_pin_that_everybody_allows_and_that_needs_what_is_locked_is_certified() -> None:
    found = ground()
    certificate = found.certify(package(found, "kit"), "1.5", needs("core>=3"))
    assert certificate.holds


def test_a_parent_that_excludes_the_version_is_named() -> None:
    found = ground()
    certificate = found.certify(package(found, "kit"), "2.0", needs("core>=3"))
    assert not certificate.holds
    assert [(one.holder, one.constraint) for one in certificate.refusals] == [("web 1.0", ">=1,<2")]


def test_a_constraint_of_the_project_is_named_with_its_group() -> None:
    found = ground(LOCK, "web", "kit<1.4")
    certificate = found.certify(package(found, "kit"), "1.5", needs("core>=3"))
    assert [one.holder for one in certificate.refusals] == ["[project] dependencies"]


@pytest.mark.parametrize(
    ("need", "words"),
    [
        ("core>=4", "core >=4 (3.1 is locked)"),
        ("extra-package", "extra-package * (it is not locked)"),
        ("core[fast]>=3", "core >=3 (3.1 is locked)"),
    ],
)
def test_what_the_lock_does_not_hold_is_named(need: str, words: str) -> None:
    found = ground()
    certificate = found.certify(package(found, "kit"), "1.5", needs(need))
    assert not certificate.holds
    assert [str(one) for one in certificate.unmet] == [words]


@pytest.mark.parametrize(
    "need",
    ["absent ; python_version < '3.9'", "absent ; extra == 'fast'", "absent ; sys_platform == 'os2'"],
)
def test_what_no_machine_of_the_lock_needs_does_not_count(need: str) -> None:
    found = ground()
    assert found.certify(package(found, "kit"), "1.5", needs("core>=3", need)).holds


def test_a_requirement_counts_when_its_extra_is_asked_for() -> None:
    found = ground(LOCK, "web", "kit[fast]")
    certificate = found.certify(package(found, "kit"), "1.5", needs("absent ; extra == 'fast'"))
    assert [one.name for one in certificate.unmet] == ["absent"]


def test_a_version_of_which_nobody_tells_the_requirements_is_not_certified() -> None:
    found = ground()
    certificate = found.certify(package(found, "kit"), "1.5", None)
    assert (certificate.holds, certificate.known) == (False, False)


def raised(found: Ground, **versions: tuple[str, ...]) -> bool:
    """Ask whether packages can change together: ``kit=("2.0", "core>=3")``."""
    return found.holds_together(
        {
            package(found, name).key: Raised(version, tuple(needs(*texts)))
            for name, (version, *texts) in versions.items()
        }
    )


def test_a_parent_and_its_child_can_change_together_where_neither_can_alone() -> None:
    found = ground()
    assert not raised(found, kit=("2.0", "core>=3"))
    assert not raised(found, web=("2.0", "kit>=2"))
    assert raised(found, web=("2.0", "kit>=2"), kit=("2.0", "core>=3"))


def test_a_parent_that_moves_and_still_refuses_the_child_is_seen() -> None:
    assert not raised(ground(), web=("1.1", "kit<2"), kit=("2.0", "core>=3"))


def test_the_project_s_own_constraint_holds_for_what_changes_together() -> None:
    found = ground(LOCK, "web<2")
    assert not raised(found, web=("2.0", "kit>=2"), kit=("2.0", "core>=3"))
