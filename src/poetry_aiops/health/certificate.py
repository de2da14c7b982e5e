"""Whether a lock holds what its project requires, and whether one pin can change by itself, without a solver.

It can when the constraints of the project and of every locked parent allow the new version, and when what the new
version requires is locked already, on every machine and in every group that has the package. Its requires-python
is judged where versions are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.health.demands import Demands, HeldConstraint, accepts, extras_asked_for
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.extras import switching_extras
from poetry_aiops.project.targets import extras_in, marker_applies, targets
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poetry_aiops.project.model import Lock, LockedDependency, Package, PackageKey, Project, Requirement
    from poetry_aiops.project.targets import Target


_NEVER_LOCKED = frozenset({"distribute", "pip", "setuptools", "wheel"})
"""What Poetry kept out of locks before format 2 (its `Provider.UNSAFE_PACKAGES`)."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """Something that a new version requires and the lock does not hold; ``locked`` are the versions that it has."""

    name: str
    constraint: str
    locked: tuple[str, ...]

    def __str__(self) -> str:
        have = f"{', '.join(self.locked)} is locked" if self.locked else "it is not locked"
        return f"{self.name} {self.constraint} ({have})"


class Certificate(Record):
    """What was found about changing one pin.

    ``refusals`` are the constraints that exclude the new version. ``known`` is false when it is unknown what the
    new version requires.
    """

    package: str
    version: str
    refusals: tuple[HeldConstraint, ...] = ()
    unmet: tuple[Unmet, ...] = ()
    known: bool = True

    @property
    def holds(self) -> bool:
        """Whether the pin can change and the rest of the lock stays right as it is."""
        return self.known and not self.refusals and not self.unmet


class Raised(Record):
    """A pin that is to change: the new version and what that requires."""

    version: str
    needs: tuple[Requirement, ...]


class Ground:
    """A lock and its project, prepared for many certificates."""

    def __init__(self, lock: Lock, project: Project) -> None:
        self.lock = lock
        self.project = project
        self.demands = Demands(lock, project)
        self.by_name: Mapping[str, tuple[Package, ...]] = lock.by_name()
        self._asked = extras_asked_for(lock, project)

    @cached_property
    def machines(self) -> tuple[Target, ...]:
        return targets(lambda python: accepts(self.lock.python_versions, python))

    def certify(self, package: Package, version: str, needs: Sequence[Requirement] | None) -> Certificate:
        """Return what changing a locked package to ``version`` meets; ``needs`` are what it requires, None if unknown."""
        refusals = tuple(one for one in self.demands.on(package) if not one.accepts(version))
        unmet = () if needs is None else tuple(self._unmet(package, needs))
        return Certificate(package.name, version, refusals, unmet, known=needs is not None)

    def holds_together(self, raised: Mapping[PackageKey, Raised]) -> bool:
        """Say whether several pins can change at once, and the rest of the lock stays right as it is."""
        held = {package.key: package for package in self.lock.packages if package.key in raised}
        moving = {f"{package.name} {package.version}" for package in held.values()}
        after = tuple(
            replace(package, version=raised[package.key].version) if package.key in raised else package
            for package in self.lock.packages
        )
        new = Ground(replace(self.lock, packages=after), self.project)
        return len(held) == len(raised) and all(
            self._is_welcome(package, raised[key].version, moving)
            and not new._unmet(replace(package, version=raised[key].version), raised[key].needs)
            for key, package in held.items()
        )

    def _is_welcome(self, package: Package, version: str, moving: set[str]) -> bool:
        """Say whether everybody allows a version who does not move as well; who does answers for its new needs."""
        demands = self.demands.on(package)
        return all(one.accepts(version) or one.holder in moving for one in demands)

    def extras_of(self, name: str) -> frozenset[str]:
        """Return the extras of a package that anybody requires."""
        return self._asked.get(name, frozenset())

    def wanted_of(self, package: Package, needs: Sequence[Requirement]) -> list[Requirement]:
        """Return those requirements that count on some machine of the lock, with the extras that are requested."""
        return self.on_some_machine(needs, self.extras_of(package.name))

    def on_some_machine(
        self, needs: Sequence[Requirement], extras: frozenset[str] = frozenset()
    ) -> list[Requirement]:
        """Return the requirements whose marker holds on some machine of the lock while ``extras`` are active."""
        return [one for one in needs if any(_holds(one.marker, target, extras) for target in self.machines)]

    @cached_property
    def gaps(self) -> tuple[str, ...]:
        """What is requested on some machine of the lock and the lock does not hold, as ``name constraint``.

        pyproject.toml asks, or a locked package does whatever its extras are; a lock that was merged by hand may lack
        what only another package needs.
        """
        needs = (
            need
            for group in self.project.groups.values()
            for need in self.on_some_machine(group.requirements)
        )
        lacking = {f"{need.name} {need.constraint}" for need in needs if not self._is_held(need)}
        for package in self.lock.packages:
            lacking.update(
                f"{edge.name} {edge.constraint} (for {package.name} {package.version})"
                for edge in package.edges
                if not edge.optional
                and not self._is_held(edge)
                and not switching_extras(package, edge)
                and self._is_needed(package, edge)
            )
        return tuple(sorted(lacking))

    def _is_itself(self, name: str) -> bool:
        """Say whether a package requires the project itself, which Poetry does not lock."""
        return name == normalised(self.project.name)

    def _is_held(self, need: Requirement | LockedDependency) -> bool:
        if self._is_itself(need.name):
            return True
        if need.name in _NEVER_LOCKED and not (self.lock.version or "").startswith("2"):
            return True
        held = self.by_name.get(need.name, ())
        demand = HeldConstraint("", "group", need.constraint)
        return any(getattr(need, "origin", None) is not None or demand.accepts(one.version) for one in held)

    def _is_needed(self, package: Package, edge: LockedDependency) -> bool:
        """Say whether a package and the marker of what it requires hold together on some machine."""
        return any(
            _holds(edge.marker, target, frozenset()) and _is_there(package, group, target, chosen)
            for target in self.machines
            for group in package.groups or ("",)
            for chosen in _choices(package)
        )

    def _unmet(self, package: Package, needs: Sequence[Requirement]) -> list[Unmet]:
        found = {}
        for need in self.wanted_of(package, needs):
            if not self._is_met(package, need):
                held = tuple(dict.fromkeys(one.version for one in self.by_name.get(need.name, ())))
                found[need.name, need.constraint] = Unmet(need.name, need.constraint, held)
        return list(found.values())

    def _is_met(self, package: Package, need: Requirement) -> bool:
        """Say whether a fitting version is beside the package wherever both are wanted."""
        if self._is_itself(need.name):
            return True
        if need.origin is not None:
            return False
        fitting = [one for one in self.by_name.get(need.name, ()) if accepts(need.constraint, one.version)]
        asked = self.extras_of(need.name)
        if not fitting or not asked.issuperset(need.extras):
            return False
        extras = self.extras_of(package.name)
        places = [target for target in self.machines if _holds(need.marker, target, extras)]
        return all(
            any(_is_there(one, group, target, chosen) for one in fitting)
            for group in package.groups or ("",)
            for chosen in _choices(package)
            for target in places
            if _is_there(package, group, target, chosen)
        )


def _choices(package: Package) -> tuple[frozenset[str], ...]:
    """Return the choices of the project's extras to look at: none, each one that the package depends on, and all."""
    mentioned = frozenset().union(
        *(extras_in(marker) for marker in package.marker_for(package.groups or ("",)))
    )
    return tuple(dict.fromkeys((frozenset(), *(frozenset({one}) for one in sorted(mentioned)), mentioned)))


def _is_there(package: Package, group: str, target: Target, extras: frozenset[str]) -> bool:
    return any(_holds(marker, target, extras) for marker in package.marker_for((group,)))


def _holds(marker: str, target: Target, extras: frozenset[str]) -> bool:
    """Say whether a marker holds; one that cannot be read does."""
    try:
        return marker_applies(marker, target, extras)
    except InputError:
        return True
