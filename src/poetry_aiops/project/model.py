"""What a project declares and what its lock holds, as frozen values.

Names of packages, groups and extras are in their canonical form (PEP 503); ``pretty_name`` keeps the spelling of the
file. A marker is text: ``""`` always holds. Mappings are read-only.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import did_you_mean, normalised
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


MAIN: Final = "main"

Origin = Literal["path", "file", "git", "url"]
PackageKey = tuple[str, str, tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that a group requires.

    ``constraint`` is the text as written, in PEP 440's or Poetry's caret form, ``*`` for any version. ``source`` is
    the name of a package source. ``origin`` says that the package comes from elsewhere than an index: ``path`` (a
    folder), ``file``, ``git`` or ``url``, with ``location`` as written. ``in_extras`` are the project's extras that
    require it; such a requirement is ``optional``.
    """

    name: str
    pretty_name: str
    constraint: str = "*"
    extras: tuple[str, ...] = ()
    marker: str = ""
    source: str | None = None
    origin: Origin | None = None
    location: str | None = None
    develop: bool = False
    optional: bool = False
    in_extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A dependency group; ``requirements`` are its own, ``includes`` the groups that it brings along.

    ``key_path`` is where it is declared: ``[dependency-groups] ml-cpu`` or ``[tool.poetry.group.ml-cpu]``.
    """

    name: str
    pretty_name: str
    optional: bool
    requirements: tuple[Requirement, ...]
    includes: tuple[str, ...]
    key_path: str


class Source(Record):
    """A package index of the project; ``url`` is empty for PyPI itself, ``priority`` one of Poetry's words."""

    name: str
    url: str
    priority: str


class LockedFile(Record):
    """One file of a locked package; ``hash`` is ``sha256:...``. In locks without file names both are the hash."""

    name: str
    hash: str


class PackageSource(Record):
    """Where a locked package comes from when that is not PyPI.

    ``type`` is ``legacy`` (an index; ``reference`` is the source's name), ``git``, ``url``, ``file`` or ``directory``.
    """

    type: str
    url: str
    reference: str | None = None
    resolved_reference: str | None = None
    subdirectory: str | None = None


@dataclass(frozen=True, slots=True)
class LockedDependency:
    """One dependency of a locked package; a name may have several with different markers."""

    name: str
    constraint: str
    extras: tuple[str, ...]
    marker: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Package:
    """One locked build of a package.

    ``groups`` is None for lock formats before 2.1, which did not record them; ``category`` is the ``main`` or
    ``dev`` of formats 1.x. ``markers`` is one marker for all groups, or one for each group that has one.
    """

    name: str
    pretty_name: str
    version: str
    description: str
    optional: bool
    python_versions: str
    groups: tuple[str, ...] | None
    markers: str | Mapping[str, str]
    files: tuple[LockedFile, ...]
    edges: tuple[LockedDependency, ...]
    extras: Mapping[str, tuple[str, ...]]
    source: PackageSource | None
    develop: bool = False
    category: str | None = None

    @property
    def key(self) -> PackageKey:
        """Name, version and source (type, URL, reference): what distinguishes two locked builds of one name."""
        source = self.source
        triple = (source.type, source.url, source.reference or "") if source else ("", "", "")
        return (self.name, self.version, triple)

    def marker_for(self, groups: Iterable[str]) -> tuple[str, ...]:
        """Return the markers of which one must hold for the package to be installed with ``groups``.

        Empty when none of the groups brings the package; ``("",)`` when it is always installed. A lock without
        groups (before format 2.1) cannot distinguish groups: its marker is given for any choice.
        """
        if self.groups is None:
            active: tuple[str, ...] = ("",)
        else:
            asked = {normalised(group) for group in groups}
            active = tuple(group for group in self.groups if group in asked)
        markers = tuple(dict.fromkeys(self._marker(group) for group in active))
        return ("",) if "" in markers else markers

    def _marker(self, group: str) -> str:
        marker = self.markers if isinstance(self.markers, str) else self.markers.get(group, "")
        return "" if marker == "*" else marker


@dataclass(frozen=True, slots=True)
class Lock:
    """A poetry.lock; ``version`` is the lock format, None for the first one, which did not name itself."""

    version: str | None
    python_versions: str
    content_hash: str | None
    packages: tuple[Package, ...]
    extras: Mapping[str, tuple[str, ...]]
    path: Path

    @property
    def has_groups(self) -> bool:
        """Whether the format (2.1 and later) records the groups and markers of each package."""
        return self.version is not None and tuple(map(int, self.version.split(".")[:2])) >= (2, 1)

    @property
    def packages_digest(self) -> str:
        """The sha256 of what is locked: names, versions and sources, in whatever order and format they are written."""
        locked = sorted(
            [*package.key[:2], *package.key[2], (package.source and package.source.resolved_reference) or ""]
            for package in self.packages
        )
        return hashlib.sha256(json.dumps(locked).encode()).hexdigest()

    def by_name(self) -> Mapping[str, tuple[Package, ...]]:
        """Return the packages of each name, in lock order; built anew on each call."""
        found: dict[str, tuple[Package, ...]] = {}
        for package in self.packages:
            found[package.name] = (*found.get(package.name, ()), package)
        return MappingProxyType(found)


@dataclass(frozen=True, slots=True)
class Project:
    """What pyproject.toml declares about dependencies.

    ``groups`` always holds ``main`` first. ``extras`` gives the package names of each extra. ``python`` is the
    constraint that Poetry locks for, in its own spelling; ``requires_python`` the one of ``[project]`` or ``*``.
    """

    path: Path
    name: str
    version: str
    requires_python: str
    package_mode: bool
    groups: Mapping[str, Group]
    sources: tuple[Source, ...]
    extras: Mapping[str, tuple[str, ...]]
    python: str

    @property
    def main(self) -> Group:
        return self.groups[MAIN]

    def group(self, name: str) -> Group:
        """Return a group by any spelling of its name; raises InputError when there is none."""
        found = self.groups.get(normalised(name))
        if found is None:
            what = f'there is no dependency group "{name}"'
            raise InputError(what, where=self.path.name, hint=self._nearest(normalised(name)))
        return found

    def included(self, name: str) -> tuple[str, ...]:
        """Return every group that ``name`` brings along, depth first, without itself.

        Raises InputError for a group that includes itself on the way or one that does not exist.
        """
        found: dict[str, None] = {}
        start = self.group(name)
        trail = {start.name: iter(start.includes)}
        while trail:
            holder, waiting = next(reversed(trail.items()))
            include = next(waiting, None)
            if include is None:
                del trail[holder]
            elif include in trail:
                names = tuple(trail)
                raise self._circle(names[names.index(include) :])
            elif include not in self.groups:
                what = f'it includes the group "{include}", which is not defined'
                raise InputError(what, where=self.groups[holder].key_path, hint=self._nearest(include))
            elif include not in found:
                found[include] = None
                trail[include] = iter(self.groups[include].includes)
        return tuple(found)

    def requirements_of(self, name: str) -> tuple[Requirement, ...]:
        """Return what a group requires, with its included groups followed; raises as ``included`` does."""
        groups = [self.group(name), *(self.groups[include] for include in self.included(name))]
        return tuple(dict.fromkeys(requirement for group in groups for requirement in group.requirements))

    def _circle(self, names: tuple[str, ...]) -> InputError:
        """Return the error for a circle, which reads the same from whichever group it was found."""
        start = names.index(min(names))
        circle = [*names[start:], *names[:start], names[start]]
        what = f"dependency groups include each other: {' -> '.join(circle)}"
        return InputError(what, where=self.groups[circle[0]].key_path, hint="Remove one of these includes.")

    def _nearest(self, name: str) -> str:
        return did_you_mean(name, self.groups) or f"The groups are: {', '.join(self.groups)}."
