"""A view on Poetry's repositories: some packages in chosen versions only, locked ones as the lock knows them.

It reads the metadata of each package once for all solves; Poetry reads it again for each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from poetry.repositories import RepositoryPool
from poetry.repositories.repository_pool import Priority

from poetry_aiops.index.release_records import PYPI


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from poetry.core.constraints.version import Version
    from poetry.core.packages.dependency import Dependency
    from poetry.core.packages.package import Package

    Rules = Mapping[str, Callable[[Package], bool]]


class OfferingPool(RepositoryPool):
    """The repositories of another pool; of the names in ``rules`` only packages that their rule lets through.

    ``locked`` packages of an index are given as they are, with the requirements and files that the lock has for
    them, and their index is not asked. What a pool had of both before holds as well.
    """

    def __init__(self, pool: RepositoryPool, rules: Rules, locked: Iterable[Package] = ()) -> None:
        # A pool is its repositories and its caches; sharing the state keeps every cache warm.
        self.__dict__.update(pool.__dict__)
        before = (pool.rules, pool.locked, pool.read) if isinstance(pool, OfferingPool) else ((), {}, {})
        self.rules: tuple[Rules, ...] = (*before[0], rules)
        self.locked: dict[tuple[str, Version], list[Package]] = dict(before[1])
        self.read: dict[tuple[str, Version, str | None], Package] = before[2]
        for package in locked:
            if not package.is_direct_origin():
                self.locked.setdefault((package.name, package.version), []).append(package)

    def find_packages(self, dependency: Dependency) -> list[Package]:
        found = super().find_packages(dependency)
        for rules in self.rules:
            if rule := rules.get(dependency.name):
                found = [package for package in found if rule(package)]
        return found

    def package(self, name: str, version: Version, repository_name: str | None = None) -> Package:
        normalized = canonicalize_name(name)
        for one in self.locked.get((normalized, version), ()):
            if self._comes_from(one, repository_name):
                return _copy(one)
        key = (normalized, version, repository_name)
        if key not in self.read:
            self.read[key] = super().package(name, version, repository_name)
        return _copy(self.read[key])

    def refresh(self, package: Package) -> Package:
        for key in [key for key in self.read if key[:2] == (package.name, package.version)]:
            del self.read[key]
        return super().refresh(package)

    def _comes_from(self, package: Package, repository_name: str | None) -> bool:
        """Say whether a locked package is what a repository would give, or without a name any but the explicit ones."""
        source = package.source_reference
        if repository_name is not None:
            return (source or PYPI).lower() == repository_name.lower()
        return (
            source is None
            or not self.has_repository(source)
            or self.get_priority(source) is not Priority.EXPLICIT
        )


def _copy(package: Package) -> Package:
    """Return a package with requirements of its own: the solver writes into those that it is given."""
    copy = package.with_dependency_groups([], only=True)
    for dependency in package.requires:
        copy.add_dependency(dependency.clone())
    return copy
