"""A view on Poetry's repositories in which some packages exist in chosen versions only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry.repositories import RepositoryPool


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry.core.constraints.version import Version
    from poetry.core.packages.dependency import Dependency
    from poetry.core.packages.package import Package


class PinnedPool(RepositoryPool):
    """The repositories of another pool, offering only the allowed versions of the pinned packages."""

    def __init__(self, pool: RepositoryPool, allowed: Mapping[str, frozenset[Version]]) -> None:
        # A pool is its repositories and its caches; sharing the state keeps every cache warm.
        self.__dict__.update(pool.__dict__)
        self._allowed = allowed

    def find_packages(self, dependency: Dependency) -> list[Package]:
        found = super().find_packages(dependency)
        allowed = self._allowed.get(dependency.name)
        return found if allowed is None else [package for package in found if package.version in allowed]
