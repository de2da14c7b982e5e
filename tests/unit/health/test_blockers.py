"""Who stands in the way of a version, in words, and the smallest change that lets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version
from tests.support.every import for_each
from tests.unit.health.facts import lock_of, project_of
from tests.unit.health.test_certificate import needs

from poetry_aiops.health.blockers import Search, WayOut, widened
from poetry_aiops.health.certificate import Ground
from poetry_aiops.project.versions import public


if TYPE_CHECKING:
    from poetry_aiops.project.model import Package, Requirement


class Shelf:
    """An index of requirements: ``web 0.116.0`` -> ``("starlette>=0.40",)``; the order is that of the releases."""

    def __init__(self, releases: dict[str, tuple[str, ...]]) -> None:
        self.releases = releases
        self.asked: list[str] = []

    def needs(self, package: Package, version: str) -> list[Requirement] | None:
        name = f"{package.name} {version}"
        self.asked.append(name)
        return needs(*self.releases[name]) if name in self.releases else None

    def newer(self, package: Package) -> list[str]:
        versions = [name.split()[1] for name in self.releases if name.split()[0] == package.name]
        return [version for version in versions if version != package.version]


def way_out(lock: str, shelf: Shelf, target: str, *asked: str) -> WayOut:
    ground = Ground(lock_of(lock), project_of(*asked))
    name, version = target.split()
    return Search(ground, shelf.needs, shelf.newer).way_out(ground.by_name[name][0], version)


def test_a_parent_moves_to_its_first_release_that_allows_the_version() -> None:
    shelf = Shelf(
        {
            "starlette 0.40.0": (),
            "fastapi 0.115.1": ("starlette<0.38",),
            "fastapi 0.116.0": ("starlette<0.50",),
            "fastapi 0.117.0": ("starlette<0.50",),
            "fastapi 0.118.0": ("starlette",),
        }
    )
    way = way_out(
        "fastapi 0.115.0 -> starlette <0.38\nstarlette 0.37.2", shelf, "starlette 0.40.0", "fastapi"
    )
    assert way.is_free
    assert way.moves == (("fastapi", "0.116.0"),)
    assert [str(step) for step in way.steps] == [
        "fastapi 0.115.0 requires starlette <0.38, fixed in 0.40.0; fastapi 0.116.0 allows it"
    ]


def test_releases_of_a_parent_that_want_newer_versions_already_do_not_hide_the_one_between() -> None:
    shelf = Shelf(
        {
            "starlette 0.48.0": (),
            "starlette 1.0.0": (),
            "fastapi 0.116.2": ("starlette>=0.40,<0.49",),
            "fastapi 0.130.0": ("starlette>=1",),
            "fastapi 0.131.0": ("starlette>=1",),
        }
    )
    lock = "fastapi 0.116.1 -> starlette >=0.40,<0.48\nstarlette 0.47.3"
    assert way_out(lock, shelf, "starlette 0.48.0", "fastapi").moves == (("fastapi", "0.116.2"),)


def test_a_parent_without_a_release_that_allows_it_blocks() -> None:
    shelf = Shelf({"stuck 2.0": (), "old 1.1": ("stuck<2",)})
    way = way_out("old 1.0 -> stuck <2\nstuck 1.0", shelf, "stuck 2.0", "old")
    assert not way.is_free
    assert [str(step) for step in way.blocked] == [
        "old 1.0 requires stuck <2, fixed in 2.0; no newer old allows it"
    ]


def test_a_constraint_of_the_project_becomes_an_edit() -> None:
    way = way_out("kit 1.0", Shelf({"kit 2.0": ()}), "kit 2.0", "kit>=1,<2")
    assert [str(edit) for edit in way.edits] == ['[project] dependencies: kit ">=1,<2" -> ">=2.0,<3.0"']
    assert not way.is_free


def test_the_edit_may_be_about_a_parent_that_has_to_move() -> None:
    shelf = Shelf({"kit 2.0": (), "web 2.0": ("kit>=2",)})
    way = way_out("web 1.0 -> kit <2\nkit 1.0", shelf, "kit 2.0", "web>=1,<2")
    assert way.moves == (("web", "2.0"),)
    assert [edit.package for edit in way.edits] == ["web"]


def test_what_the_new_version_needs_moves_along() -> None:
    shelf = Shelf({"kit 2.0": ("core>=4",), "core 4.0": ()})
    way = way_out("kit 1.0 -> core >=3\ncore 3.0", shelf, "kit 2.0", "kit")
    assert way.is_free
    assert way.moves == (("core", "4.0"),)


def test_a_circle_of_packages_ends_the_search() -> None:
    shelf = Shelf({"a 2.0": ("b>=2",), "b 2.0": ("a>=2",)})
    way = way_out("a 1.0 -> b <2\nb 1.0 -> a <2", shelf, "a 2.0", "a")
    assert way.is_free
    assert way.moves == (("b", "2.0"),)


def test_the_first_release_that_allows_it_is_found_with_few_questions() -> None:
    releases = {f"web 1.{minor}": ("kit<2" if minor < 70 else "kit<3",) for minor in range(1, 101)}
    shelf = Shelf({"kit 2.0": (), **releases})
    way = way_out("web 1.0 -> kit <2\nkit 1.0", shelf, "kit 2.0", "web")
    assert way.moves == (("web", "1.70"),)
    assert len(shelf.asked) <= 12


@for_each(
    ("constraint", "version", "expected"),
    [
        ("^0.109.0", "0.116.1", "^0.116.1"),
        ("~2.31", "2.32.0", "~2.32.0"),
        ("~=2.31", "2.32.0", "~=2.32.0"),
        ("==1.0", "1.2", "==1.2"),
        ("0.8.67", "0.9.35", "0.9.35"),
        (">=1,<2", "2.0", ">=2.0,<3.0"),
        (">=1.2,<1.3", "1.4.2", ">=1.4.2,<1.5"),
        (">=0.3,<0.4", "0.4", ">=0.4,<0.5"),
        ("!=2.0", "2.0", ">=2.0"),
        ("^2.1.0+cpu", "2.3.0+cpu", "^2.3.0"),
    ],
)
def test_a_constraint_is_widened_in_its_own_style(constraint: str, version: str, expected: str) -> None:
    assert widened(constraint, version) == expected


def test_the_spelling_of_a_version_does_not_depend_on_what_was_compared_before() -> None:
    public(Version("1.2.0"))
    assert widened("==1.0", "1.2") == "==1.2"
