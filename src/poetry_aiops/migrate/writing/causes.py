"""Why the lock has another version of a package than an old file: only what files and metadata show, never a guess."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version
from poetry.core.constraints.version import parse_constraint
from poetry.core.constraints.version.exceptions import ParseConstraintError

from poetry_aiops.errors import InputError
from poetry_aiops.project.constraints import allows


if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from poetry_aiops.migrate.planning.convert import OldPin
    from poetry_aiops.project.model import Lock, LockedDependency, Package


_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Root:
    """A requirement that the project itself has: a line of a file, or an entry of pyproject.toml."""

    name: str
    specifier: str
    where: str
    file: str
    group: str


@dataclass(frozen=True)
class Causes:
    """What is known of the new lock: its packages, what requires them, and what was locked ``before``.

    ``offered`` says why an index does not offer a version (name, version), None when it does or cannot be asked.
    ``variants`` are the hardware variants with the names of their packages.
    """

    lock: Lock
    roots: Sequence[Root] = ()
    offered: Callable[[str, str], str | None] = lambda name, version: None  # noqa: ARG005
    before: frozenset[tuple[str, str]] = frozenset()
    pins: Sequence[OldPin] = ()
    """The old pins: the lock begins with them."""
    variants: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of_version(
        self, name: str, old: str, edges: Iterable[LockedDependency] = (), changed: Container[str] = ()
    ) -> str | None:
        """Return why ``old`` could not stay; ``edges`` are what it requires, as far as that is known.

        What is ``changed`` itself counts only where nothing else shows a cause.
        """
        return (
            self._excluded(name, old, changed)
            or self._unsatisfied(name, old, edges)
            or self._pinned(name, old)
            or self.offered(name, old)
        )

    def of_addition(self, name: str, file: str, groups: Iterable[str], changed: Iterable[str]) -> str | None:
        """Return why a package is installed that the file does not select; ``changed`` differ themselves."""
        for root in self.roots:
            if root.name == name and root.group in set(groups) and root.file != file:
                return f"{root.where} requires it"
        differing = set(changed) - {name}
        return next(
            (
                f"{package.name} {package.version} requires it"
                for package in self.lock.packages
                if package.name in differing and any(edge.name == name for edge in package.edges)
            ),
            None,
        )

    def of_absence(self, name: str, file: str, old: Sequence[Package], changed: Iterable[str]) -> str | None:
        """Return why a package is not installed that the file selects; ``old`` is the file's own selection."""
        variants = [variant for variant, names in self.variants.items() if name in names]
        if variants:
            return f"the hardware variants provide it ({', '.join(variants)}), so `poetry hw-install` does"
        asking = [root.file for root in self.roots if root.name == name]
        if file in asking:
            return None  # an installation without what a line requires is wrong
        differing = set(changed) - {name}
        owners = [package for package in old if any(edge.name == name for edge in package.edges)]
        if owners and all(package.name in differing for package in owners):
            return f"only {', '.join(f'{one.name} {one.version}' for one in owners)} requires it"
        compiled = [pin for pin in self.pins if pin.name == name and not pin.direct and not asking]
        if compiled:
            place = next((pin.place for pin in compiled if pin.place.file == file), compiled[0].place)
            return f"{place} pins it for other packages, and none of them requires it there"
        return None

    def of_constraint(self, name: str, specifier: str) -> str | None:
        """Return what requires other versions than a constraint allows."""
        for root in self.roots:
            if root.name == name and root.specifier and not overlap(root.specifier, specifier):
                return f"{root.where} requires {name} {root.specifier}"
        return None

    def next_step(self, name: str, old: str | None, new: str | None, file: str) -> str:
        """Return what settles a difference that has no cause, with the file and line to change."""
        asking = list(dict.fromkeys(root.where for root in self.roots if root.name == name))
        if is_several(new):
            places = " and ".join(asking) or file
            return f"one machine would get both versions: require one range of {name} in {places}"
        if old is not None and new is not None:
            own = [root.where for root in self.roots if root.name == name and root.file == file]
            return f"to keep it, write {name}=={old} in {', '.join(own) or file}"
        owners = [
            f"{package.name} {package.version}"
            for package in self.lock.packages
            if any(edge.name == name for edge in package.edges)
        ]
        by = f", which {' and '.join(owners[:_SHOWN])} requires," if owners else ""
        if old is None:
            return f"decide whether {file} needs {name}{by} and write it there"
        return f"to install it, write {name}=={old} in {file}"

    def _excluded(self, name: str, old: str, changed: Container[str]) -> str | None:
        for root in self.roots:
            if root.name == name and not is_allowed(root.specifier or "*", old):
                return f"{root.where} requires {name} {root.specifier}"
        for package in sorted(self.lock.packages, key=lambda one: one.name in changed):
            for edge in package.edges:
                if edge.name == name and not is_allowed(edge.constraint, old):
                    return f"{package.name} {package.version} requires {name} {edge.constraint}"
        return None

    def _unsatisfied(self, name: str, old: str, edges: Iterable[LockedDependency]) -> str | None:
        locked: dict[str, list[str]] = {}
        for package in self.lock.packages:
            locked.setdefault(package.name, []).append(package.version)
        for edge in edges:
            versions = locked.get(edge.name, [])
            if (
                versions
                and not edge.optional
                and not any(is_allowed(edge.constraint, one) for one in versions)
            ):
                held = ", ".join(versions)
                return f"{name} {old} requires {edge.name} {edge.constraint}, and {held} is locked"
        return None

    def _pinned(self, name: str, old: str) -> str | None:
        """Return the pin that the lock holds instead, or that the lock before held the same versions."""
        locked = {package.version for package in self.lock.packages if package.name == name}
        for pin in self.pins:
            if pin.name == name and pin.version != old and any(is_same(one, pin.version) for one in locked):
                return f"{pin.place} pins {name} {pin.version}"
        before = {version for known, version in self.before if known == name}
        return "poetry.lock had this version already" if locked and locked <= before else None


def is_several(versions: str | None) -> bool:
    """Say whether a side of a difference has more than one version of the package on one machine."""
    return versions is not None and ", " in versions


def overlap(first: str, second: str) -> bool:
    """Say whether some version meets both constraints; what cannot be read is taken to."""
    try:
        return parse_constraint(first).allows_any(parse_constraint(second))
    except ParseConstraintError:
        return True


def is_allowed(constraint: str, version: str) -> bool:
    """Say whether a constraint allows a version; what cannot be read excludes nothing."""
    try:
        return allows(constraint, version)
    except (InputError, InvalidVersion):
        return True


def is_same(version: str, pin: str) -> bool:
    """Say whether a locked version is what a pin requires: a local build of it is (PEP 440)."""
    try:
        locked, wanted = Version(version), Version(pin)
    except InvalidVersion:
        return version == pin
    return locked == wanted or (wanted.local is None and locked.public == wanted.public)
