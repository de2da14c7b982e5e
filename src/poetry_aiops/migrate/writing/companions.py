"""What comes from the same index as a package with a source of its own, because no other index has it.

An ``explicit`` source is asked only for the packages that name it, so what torch for ROCm requires and only PyTorch's
index offers (triton-rocm) has to name that source as well. pip asks every index for everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry.console.exceptions import PoetryRuntimeError
from poetry.core.packages.dependency import Dependency
from poetry.repositories.exceptions import PackageNotFoundError, RepositoryError

from poetry_aiops.migrate.planning.entry import PlannedEntry
from poetry_aiops.project.constraints import all_of


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry.core.packages.package import Package
    from poetry.repositories import RepositoryPool
    from poetry.repositories.repository import Repository

    from poetry_aiops.migrate.planning.entry import PlannedGroup


def companions_of(
    pool: RepositoryPool, groups: Sequence[PlannedGroup]
) -> dict[str, tuple[PlannedEntry, ...]]:
    """Return by group the entries for what the packages of explicit sources require and only their source offers.

    An index that cannot be asked gives none; locking then says what is wrong.
    """
    explicit = {repository.name for repository in pool.all_repositories} - {
        repository.name for repository in pool.repositories
    }
    found = {}
    for group in groups:
        named = {entry.name for other in (group, *groups[:1]) for entry in other.entries}
        todo = [entry for entry in group.entries if entry.source in explicit]
        more: list[PlannedEntry] = []
        while todo:
            for entry in _asked(todo.pop(), pool):
                if entry.name not in named:
                    named.add(entry.name)
                    more.append(entry)
                    todo.append(entry)
        if more:
            found[group.name] = tuple(more)
    return found


def _asked(entry: PlannedEntry, pool: RepositoryPool) -> list[PlannedEntry]:
    try:
        return list(_required_by(entry, pool))
    except (
        PackageNotFoundError,
        RepositoryError,
        PoetryRuntimeError,
        OSError,
    ):  # requests' errors are OSErrors
        return []


def _required_by(entry: PlannedEntry, pool: RepositoryPool) -> Iterator[PlannedEntry]:
    repository = pool.repository(str(entry.source))
    package = _newest(repository, Dependency(entry.name, entry.specifier or "*", allows_prereleases=True))
    for required in package.requires if package is not None else ():
        if required.is_optional() or required.in_extras or required.is_direct_origin():
            continue
        if repository.find_packages(required) and not pool.find_packages(required):
            marker = "" if required.marker.is_any() else str(required.marker)
            yield PlannedEntry(
                required.name, entry.places, source=entry.source, marker=all_of(entry.marker, marker)
            )


def _newest(repository: Repository, wanted: Dependency) -> Package | None:
    offered = repository.find_packages(wanted)
    if not offered:
        return None
    newest = max(offered, key=lambda package: package.version)
    return repository.package(newest.name, newest.version)
