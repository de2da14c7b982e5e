"""A view on Poetry's repositories in which some packages are offered in chosen versions only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry.repositories import RepositoryPool


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

    from poetry.core.packages.dependency import Dependency
    from poetry.core.packages.package import Package


class OfferingPool(RepositoryPool):
    """The repositories of another pool; of the names in ``rules`` only packages that their rule lets through."""

    def __init__(self, pool: RepositoryPool, rules: Mapping[str, Callable[[Package], bool]]) -> None:
        # A pool is its repositories and its caches; sharing the state keeps every cache warm.
        self.__dict__.update(pool.__dict__)
        self._rules = rules

    def find_packages(self, dependency: Dependency) -> list[Package]:
        found = super().find_packages(dependency)
        rule = self._rules.get(dependency.name)
        return found if rule is None else [package for package in found if rule(package)]
