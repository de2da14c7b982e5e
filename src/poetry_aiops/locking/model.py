"""What a solved set of packages looks like to the rules: builds, and where each one is installed."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from packaging.version import InvalidVersion, Version

from poetry_aiops.project.checks import normalised
from poetry_aiops.project.model import LockedDependency
from poetry_aiops.project.targets import extras_in


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from poetry_aiops.project.model import Lock, Package, PackageSource, Requirement


@dataclass(frozen=True, slots=True, order=True)
class Build:
    """One build of one package: the same name and version from another source is another build."""

    name: str
    version: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.version} from {self.source}" if self.source else self.version


@dataclass(frozen=True, slots=True)
class Placement:
    """A build and, for each dependency group that installs it, the marker under which it does.

    ``markers`` maps a group name to a PEP 508 marker; an empty string means on every machine.
    """

    build: Build
    markers: Mapping[str, str]
    edges: tuple[LockedDependency, ...] = ()
    """What the build requires; the marker of a requirement of an extra asks about that extra."""

    def __str__(self) -> str:
        return f"{self.build.name} {self.build.version}"


THE_PROJECT: Final = "the project"
"""The parent of what pyproject.toml itself requires."""


def of_group(*groups: str) -> str:
    """Return the parent of what one of the project's dependency groups requires."""
    return f"{THE_PROJECT}'s group {', '.join(groups)}"


@dataclass(frozen=True, slots=True)
class Demand:
    """Who requires a package, and for which versions: ``torch 2.9.0+cpu`` wants ``numpy`` ``<2``."""

    parent: str
    constraint: str


class Solution(Protocol):
    """One variant together with everything that every machine installs, solved."""

    @property
    def placements(self) -> tuple[Placement, ...]:
        """Every build of the solution and where it goes."""

    def demands_on(self, name: str) -> tuple[Demand, ...]:
        """Return who in this solution requires ``name``."""

    def every_parent_accepts(self, build: Build) -> bool:
        """Tell whether all demands on the build's name allow its version."""


SolutionT_co = TypeVar("SolutionT_co", bound=Solution, covariant=True)


@dataclass(frozen=True, slots=True)
class SolverOffer:
    """What the solver is shown, where it may not choose freely.

    ``preferred`` builds are taken where the constraints allow them, as locked versions are. Of a ``pinned``
    name nothing but its pinned builds is offered. Of a ``shared`` name only the versions are offered that
    all ``witnesses`` accept.
    """

    preferred: frozenset[Build] = frozenset()
    pinned: frozenset[Build] = frozenset()
    shared: frozenset[str] = frozenset()
    witnesses: tuple[Callable[[Build], bool], ...] = ()


class VariantSolver(Protocol[SolutionT_co]):
    """The dependency solver as the rules need it; the adapter runs Poetry's."""

    def solve(self, variant: str, offer: SolverOffer) -> SolutionT_co:
        """Solve the project with this variant only; raises NoSolutionError when it cannot be solved."""


class NoSolutionError(Exception):
    """The solver found no set of versions; the text is the solver's own explanation."""


def builds_by_group(placements: Iterable[Placement]) -> dict[str, frozenset[Build]]:
    """Return which builds each dependency group holds."""
    groups: dict[str, set[Build]] = {}
    for placement in placements:
        for group in placement.markers:
            groups.setdefault(group, set()).add(placement.build)
    return {group: frozenset(builds) for group, builds in groups.items()}


def build_tag(constraint: str) -> str:
    """Return the local version that a constraint requires, in lower case: ``cu126`` of ``^2.9+cu126``, "" without one."""
    tag = re.search(r"\+([a-z0-9.]+)", constraint.lower())
    return tag[1] if tag else ""


def newest(builds: Iterable[Build]) -> Build:
    """Return the build with the highest version; a version that PEP 440 cannot read counts as oldest."""
    return max(builds, key=_version_key)


def placements_of(lock: Lock) -> tuple[Placement, ...]:
    """Read the placements out of a lock file of format 2.1, which carries groups and markers.

    Builds from a lock of an older format belong to no group.
    """
    return tuple(
        Placement(
            Build(package.name, package.version, _origin(package.source)),
            {
                group: " or ".join(f"({m})" for m in package.marker_for([group]) if m)
                for group in package.groups or ()
            },
            tuple(_edge(edge, package) for edge in package.edges),
        )
        for package in lock.packages
    )


def edges_of_group(requirements: Iterable[Requirement]) -> tuple[LockedDependency, ...]:
    """Return what a dependency group requires in the form of a locked package's requirements."""
    return tuple(
        LockedDependency(
            one.name, one.constraint, one.extras, under_extras(one.marker, one.in_extras), one.optional
        )
        for one in requirements
    )


def under_extras(marker: str, extras: Iterable[str]) -> str:
    """Return a marker that holds only while one of ``extras`` is active; as it is where it asks about extras itself."""
    asked = " or ".join(f'extra == "{extra}"' for extra in extras)
    if not asked or extras_in(marker):
        return marker
    return asked if marker in {"", "*"} else f"({marker}) and ({asked})"


def _edge(edge: LockedDependency, package: Package) -> LockedDependency:
    """Return a requirement of a locked package with the extras that require it in its marker."""
    if not edge.optional or extras_in(edge.marker):
        return edge
    asking = [extra for extra, entries in package.extras.items() if edge.name in map(_name_in, entries)]
    return replace(edge, marker=under_extras(edge.marker, asking) if asking else "<empty>")


def _name_in(entry: str) -> str:
    return normalised(re.split(r"[^A-Za-z0-9._-]", entry, maxsplit=1)[0])


def _origin(source: PackageSource | None) -> str:
    return (source.resolved_reference or source.reference or source.url) if source else ""


def _version_key(build: Build) -> tuple[bool, Version, Build]:
    try:
        return True, Version(build.version), build
    except InvalidVersion:
        return False, Version("0"), build
