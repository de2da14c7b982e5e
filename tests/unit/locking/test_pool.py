from __future__ import annotations

import pytest
from poetry.core.constraints.version import Version
from poetry.core.packages.dependency import Dependency
from poetry.core.packages.package import Package
from poetry.core.version.markers import parse_marker
from poetry.repositories import Repository, RepositoryPool
from poetry.repositories.exceptions import PackageNotFoundError
from poetry.repositories.repository_pool import Priority

from poetry_aiops.locking.pool import OfferingPool


def locked(source: str | None) -> Package:
    if source is None:
        return Package("six", "1.0")
    return Package(
        "six", "1.0", source_type="legacy", source_url="https://h.example", source_reference=source
    )


@pytest.mark.parametrize("source", [None, "house", "not there any more"])
def test_a_locked_package_is_given_although_its_index_has_it_no_more(source: str | None) -> None:
    pool = RepositoryPool([Repository("house")])
    offering = OfferingPool(pool, {}, [locked(source)])
    assert offering.package("six", Version.parse("1.0")) == locked(source)


def test_a_locked_package_of_an_explicit_index_is_given_only_by_that_name() -> None:
    pool = RepositoryPool([Repository("house")])
    pool.add_repository(Repository("special"), priority=Priority.EXPLICIT)
    offering = OfferingPool(pool, {}, [locked("special")])
    with pytest.raises(PackageNotFoundError):
        offering.package("six", Version.parse("1.0"))
    assert offering.package("six", Version.parse("1.0"), "special") == locked("special")


class CountingRepository(Repository):
    """A repository that counts how often a package is read."""

    reads = 0

    def package(self, name: str, version: Version) -> Package:
        self.reads += 1
        return super().package(name, version)


def test_a_package_is_read_once_for_all_solves_and_never_shared_between_them() -> None:
    six = Package("six", "1.0")
    six.add_dependency(Dependency("attrs", ">=20"))
    repository = CountingRepository("house", [six])
    shared = OfferingPool(RepositoryPool([repository]), {})
    first = OfferingPool(shared, {}).package("Six", Version.parse("1.0"))

    first.requires[0].transitive_marker = parse_marker('os_name == "nt"')  # as Poetry's solver does
    first.add_dependency(Dependency("idna", "*"))
    second = OfferingPool(shared, {"six": lambda _: True}).package("six", Version.parse("1.0"))

    assert repository.reads == 1
    assert [str(one) for one in second.requires] == ["attrs (>=20)"]
    assert second.requires[0].transitive_marker.is_any()
    shared.refresh(Package("six", "1.0", source_reference="house"))
    shared.package("six", Version.parse("1.0"))
    assert repository.reads == 3
