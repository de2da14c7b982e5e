"""Who requires a locked package: the project's groups and the locked parents, each with its constraint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from poetry_aiops.errors import InputError
from poetry_aiops.project.constraints import allows
from poetry_aiops.project.extras import own_extras, switching_extras
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poetry_aiops.project.model import Lock, LockedDependency, Package, Project


class HeldConstraint(Record):
    """One constraint on a package.

    ``holder`` is a locked package as ``name version``, or the key path of a dependency group; ``kind`` says which.
    """

    holder: str
    kind: Literal["package", "group"]
    constraint: str

    def accepts(self, version: str) -> bool:
        """Say whether the constraint allows a version; one that cannot be read is taken to allow it."""
        return accepts(self.constraint, version, unreadable=True)


def accepts(constraint: str, version: str, *, unreadable: bool = False) -> bool:
    """Say whether a constraint allows a version; ``unreadable`` is the answer where one of them cannot be read."""
    try:
        return allows(constraint or "*", version)
    except (InputError, ValueError):
        return unreadable


class Demands:
    """Every constraint of a lock and its project, by the name of the package that it is on."""

    def __init__(self, lock: Lock, project: Project) -> None:
        self.direct = direct_names(project)
        self._by_name: dict[str, list[HeldConstraint]] = {}
        for name, demand in (*_of_groups(project), *_of_packages(lock, project)):
            self._by_name.setdefault(name, []).append(demand)

    def on(self, package: Package) -> tuple[HeldConstraint, ...]:
        """Return the demands that a locked build answers.

        A name may be requested with different constraints by marker; those that exclude the locked version are meant
        for another build of the name.
        """
        demands = dict.fromkeys(self._by_name.get(package.name, ()))
        return tuple(demand for demand in demands if demand.accepts(package.version))


def direct_names(project: Project) -> frozenset[str]:
    """Return the packages that any group or extra of the project requires by name."""
    return frozenset(need.name for group in project.groups.values() for need in group.requirements)


def _of_groups(project: Project) -> Iterator[tuple[str, HeldConstraint]]:
    for group in project.groups.values():
        for need in group.requirements:
            if need.origin is None:
                yield need.name, HeldConstraint(group.key_path, "group", need.constraint)


def _of_packages(lock: Lock, project: Project) -> Iterator[tuple[str, HeldConstraint]]:
    asked = extras_asked_for(lock, project)
    for package in lock.packages:
        extras = own_extras(package, asked.get(package.name, ()))
        for edge in package.edges:
            switches = switching_extras(package, edge)
            if not extras.isdisjoint(switches) or not (switches or edge.optional):
                yield (
                    edge.name,
                    HeldConstraint(f"{package.name} {package.version}", "package", edge.constraint),
                )


def extras_asked_for(lock: Lock, project: Project) -> dict[str, frozenset[str]]:
    """Return the extras of each package that the project or another locked package requires."""
    needs = (need for group in project.groups.values() for need in group.requirements)
    edges: Iterable[LockedDependency] = (edge for package in lock.packages for edge in package.edges)
    asked: dict[str, frozenset[str]] = {}
    for name, extras in [(one.name, one.extras) for one in needs] + [(one.name, one.extras) for one in edges]:
        asked[name] = asked.get(name, frozenset()) | set(extras)
    return asked
