"""What an old file's lines select, worked out from the new lock and the indexes' metadata instead of a solve.

The lock is evaluated against the file's lines alone: all that they reach has to be locked, in the newest version that
goes with the rest. What could be newer, by itself or together with what it requires, is a difference. Where the
packages of the file itself exclude the newest version of what a line requires, pip may choose otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import combinations
from operator import or_
from typing import TYPE_CHECKING, Final

from poetry_aiops.locking.api import THE_PROJECT, Installed, Machines, SelectedBuilds, Terms, placements_of
from poetry_aiops.migrate.writing.causes import is_allowed, is_same, overlap
from poetry_aiops.migrate.writing.pythons import is_offered_for
from poetry_aiops.project.constraints import both, is_pin, read_python
from poetry_aiops.project.targets import extras_in
from poetry_aiops.project.versions import parsed
from poetry_aiops.project.wheels import is_for


if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from poetry_aiops.locking.api import OfferedVersion
    from poetry_aiops.project.model import Lock, LockedDependency
    from poetry_aiops.project.targets import Target


ANY_VERSION: Final = "any version"
"""The text in place of a version where no index offers one that fits."""
_TRIED: Final = 8  # newer versions of a package whose requirements are read


@dataclass(frozen=True, slots=True)
class NewerVersion:
    """A version that the lines take on some machines (``where``, bits) and that is not locked there.

    ``locked`` is None where no version is; ``edges`` are what the version requires, as far as that was read. ``by``
    are packages of the file's own selection that keep it out while its lines do not. ``python`` is its Requires-Python
    where that is not all of the project's range, and ``is_usable`` says that the locked version has a file there.
    """

    name: str
    version: str
    locked: str | None
    where: int
    edges: tuple[LockedDependency, ...] = ()
    by: tuple[str, ...] = ()
    python: str = ""
    is_usable: bool = True
    extras: frozenset[str] = frozenset()


@dataclass
class LineEvaluation:
    """``lines`` and ``constraints`` are the file's, ``offered`` gives the versions of a package within a constraint, newest first."""

    lock: Lock
    groups: Sequence[str]
    lines: Sequence[LockedDependency]
    constraints: Sequence[LockedDependency]
    targets: Sequence[Target]
    offered: Callable[[str, str], Sequence[OfferedVersion]]
    extras: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._machines = Machines(self.targets)
        installed = Installed.of(self.groups, self.extras)
        self._selected = SelectedBuilds(
            placements_of(self.lock), installed, self._machines, self._machines.all
        )
        wants = {self.groups[0]: tuple(self.lines)}
        self._needs = {name: need.demands for name, need in self._selected.needs(Terms(wants=wants)).items()}
        self._direct = {line.name for line in self.lines}
        self._elsewhere = {
            package.name
            for package in self.lock.packages
            if package.source and package.source.type != "legacy"
        }
        self._files = {
            (package.name, package.version): [file.name for file in package.files]
            for package in self.lock.packages
        }
        self._bits = self._reached()

    def _reached(self, moved: Sequence[NewerVersion] = ()) -> dict[str, int]:
        """Return where the lines need each package, whatever else the groups install, with other versions of some."""
        asked: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        instead: defaultdict[str, int] = defaultdict(int)
        for one in moved:
            instead[one.name] |= one.where
            asked[one.name] += [
                (edge.name, self._machines.where(edge.marker, one.extras) & one.where) for edge in one.edges
            ]
        for name, demands in self._needs.items():
            for (parent, edge), on in demands.items():
                left = on if edge.optional else on & ~instead[_name(parent)]
                asked[_name(parent)].append((name, left))
        found: dict[str, int] = {}
        todo = [("", self._machines.all)]
        while todo:
            parent, where = todo.pop()
            for name, on in asked[parent]:
                new = on & where & ~found.get(name, 0)
                if new:
                    found[name] = found.get(name, 0) | new
                    todo.append((name, new))
        return found

    @cached_property
    def _moved(self) -> tuple[dict[str, NewerVersion], dict[str, int]]:
        """Return what goes otherwise with the newer versions, by name, and where the lines need each package then."""
        newer = [
            one for one in self.newer if one.locked and not one.by and _is_newer(one.version, one.locked)
        ]
        more: dict[str, NewerVersion] = {}
        settled = {one.name for one in self.newer} | self._elsewhere
        while True:
            moved = [*newer, *more.values()]
            found = self._reached(moved)
            asked: dict[str, list[tuple[NewerVersion, LockedDependency]]] = {}
            for one in moved:
                for edge in one.edges:
                    where = self._machines.where(edge.marker, one.extras) & one.where
                    if edge.name not in settled and self._goes_otherwise(edge, where):
                        asked.setdefault(edge.name, []).append((one, edge))
            if not asked:
                return more, found
            settled |= asked.keys()
            for name, several in asked.items():
                more[name] = self._instead(name, found[name], several, {one.name for one in moved})

    def _goes_otherwise(self, edge: LockedDependency, where: int) -> bool:
        """Say whether what a newer version requires is not installed for the lines as it has to be."""
        rows = self._selected.chosen.get(edge.name, ())
        return bool(where & ~self._bits.get(edge.name, 0)) or any(
            on & where and not is_allowed(edge.constraint, row.build.version) for row, on in rows
        )

    def _instead(
        self, name: str, where: int, asked: Sequence[tuple[NewerVersion, LockedDependency]], moved: set[str]
    ) -> NewerVersion:
        """Return the version of a package that goes with newer versions of others, which have ``moved``."""
        constraints = {edge.constraint for _, edge in asked} | self._others(name, where, moved)
        newest = self._newest(name, constraints, where)
        extras = frozenset(extra for _, edge in asked for extra in edge.extras)
        edges = newest.requires() if newest is not None else ()
        rows = self._selected.chosen.get(name, ())
        return NewerVersion(
            name,
            newest.version if newest is not None else ANY_VERSION,
            ", ".join(sorted({row.build.version for row, on in rows if on & where})) or None,
            where,
            tuple(edge for edge in edges if not edge.optional or extras & extras_in(edge.marker)),
            tuple(f"{one.name} {one.version} requires {name} {edge.constraint}" for one, edge in asked),
            extras=extras,
        )

    def others(self) -> Iterator[NewerVersion]:
        """Give what the lines take otherwise only because of newer versions of other packages (``by``)."""
        return (one for one in self._moved[0].values() if one.version != one.locked)

    def is_direct(self, name: str) -> bool:
        """Say whether a line of the file names a package."""
        return name in self._direct

    def needs(self, name: str) -> int:
        """Return the machines on which the lines need a package, those in newer versions where they take these."""
        return self._moved[1].get(name, 0)

    def versions(self) -> dict[str, tuple[str, ...]]:
        """Return the locked versions of each package that the lines need, none where it is not locked for the groups."""
        rows = {name: self._selected.chosen.get(name, ()) for name in self._bits}
        return {name: tuple({row.build.version for row, _ in several}) for name, several in rows.items()}

    def doubled(self) -> dict[str, tuple[str, int]]:
        """Return by name what the lines need and some machines would install in two versions."""
        found = {}
        for name in self._bits:
            rows = self._selected.chosen.get(name, ())
            where = reduce(or_, (one & other for (_, one), (_, other) in combinations(rows, 2)), 0)
            if where:
                found[name] = (
                    ", ".join(sorted({row.build.version for row, on in rows if on & where})),
                    where,
                )
        return found

    @property
    def is_met(self) -> bool:
        """Whether what is locked meets every line and all that the packages require."""
        return not any(one.locked is None or not _is_newer(one.version, one.locked) for one in self.newer)

    def added(self) -> dict[str, tuple[str, int]]:
        """Return by name what the groups install and the lines do not need: its versions, and where."""
        found = {}
        for name, rows in self._selected.chosen.items():
            where = self._selected.bits(name) & ~self.needs(name)
            if where:
                found[name] = (", ".join(sorted({placement.build.version for placement, _ in rows})), where)
        return found

    @cached_property
    def newer(self) -> tuple[NewerVersion, ...]:
        """Return what the lines would take in another version, or at all, on machines where it is not locked."""
        found: dict[NewerVersion, int] = {}
        for name in sorted(self._bits):
            for one in [*self._newer(name)] or self._without_files(name):
                anywhere = replace(one, where=0)
                found[anywhere] = found.get(anywhere, 0) | one.where
        versions: dict[str, list[str]] = {one.name: [] for one in found}
        for one in found:
            versions[one.name] += [] if one.by else [one.version]
        checked = (
            self._going_with_the_rest(replace(one, where=where), versions) for one, where in found.items()
        )
        return tuple(one for one in checked if one is not None)

    def _newer(self, name: str) -> Iterator[NewerVersion]:
        missing = self._bits[name] & ~self._selected.bits(name)
        for where, constraints in self._by_constraints(name, missing):
            yield NewerVersion(name, self._named(name, constraints, where), None, where)
        for placement, bits in self._selected.chosen.get(name, ()):
            locked = placement.build.version
            for where, constraints in self._by_constraints(name, bits & self._bits[name]):
                if name in self._elsewhere or any(
                    one.startswith("==") and "*" not in one and is_allowed(one, locked) for one in constraints
                ):
                    continue
                newest = self._newest(name, constraints, where)
                own = [line.constraint for line in (*self.lines, *self.constraints) if line.name == name]
                if newest is not None and _is_newer(newest.version, locked):
                    yield NewerVersion(name, newest.version, locked, where)
                elif not all(is_allowed(one, locked) for one in constraints):
                    yield NewerVersion(name, self._named(name, constraints, where), locked, where)
                elif name in self._direct and (free := self._newest(name, own, where)) is not None:
                    by = self._keeping_out(name, f"=={free.version}", where)
                    if by and _is_newer(free.version, locked):
                        python = "" if self._is_for_all(free) else free.python
                        yield NewerVersion(name, free.version, locked, where, by=by, python=python)

    def _without_files(self, name: str) -> Iterator[NewerVersion]:
        """Give what no machine of the project has a file of, so that pip takes it nowhere."""
        for placement, bits in self._selected.chosen.get(name, ()):
            locked, where = placement.build.version, bits & self._bits[name]
            if where and not self._is_usable(name, locked, where):
                yield NewerVersion(name, ANY_VERSION, locked, where, is_usable=False)

    def _is_usable(self, name: str, locked: str, where: int) -> bool:
        """Say whether a locked version has a file for some of the machines."""
        files = self._files.get((name, locked), ())
        return any(is_for(files, target) for target in self._at(where))

    def _named(self, name: str, constraints: Iterable[str], where: int) -> str:
        """Return the version that constraints select: the newest that is offered, else the one that they pin."""
        newest = self._newest(name, constraints, where)
        pins = [one.removeprefix("==") for one in constraints if is_pin(one)]
        return newest.version if newest is not None else (*pins, ANY_VERSION)[0]

    def _newest(self, name: str, constraints: Iterable[str], where: int) -> OfferedVersion | None:
        constraint = reduce(both, sorted(constraints), "*")
        return next((one for one in self.offered(name, constraint) if self._is_for(one, where)), None)

    def _is_for(self, offer: OfferedVersion, where: int) -> bool:
        return any(is_offered_for(offer, target) for target in self._at(where))

    def _by_constraints(self, name: str, bits: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Give the machines with the same Python and the same constraints of the lines' own packages together."""
        together: dict[tuple[object, frozenset[str]], int] = {}
        for number, target in enumerate(self.targets):
            bit = 1 << number
            if not bits & bit:
                continue
            own = frozenset(
                edge.constraint
                for (parent, edge), on in self._needs.get(name, {}).items()
                if on & bit and self._is_own(parent, bit)
            ) | {
                one.constraint
                for one in self.constraints
                if one.name == name and self._machines.where(one.marker) & bit
            }
            key = (target.environment["python_full_version"], own)
            together[key] = together.get(key, 0) | bit
        for (_, constraints), where in together.items():
            yield where, tuple(constraints)

    def _keeping_out(self, name: str, wanted: str, where: int, own: str = "") -> tuple[str, ...]:
        """Return the packages that exclude all that is wanted and that no line pins, so that an older one might not."""
        pinned = {own, *(line.name for line in self.lines if is_pin(line.constraint))}
        return tuple(
            f"{parent} requires {name} {edge.constraint}"
            for (parent, edge), on in self._needs.get(name, {}).items()
            if on & where & self._bits.get(_name(parent), 0)
            and _name(parent) not in pinned
            and not overlap(edge.constraint, wanted)
        )

    def _going_with_the_rest(self, one: NewerVersion, newer: dict[str, list[str]]) -> NewerVersion | None:
        """Return the newest version of a package that goes with the rest as it is or could be, None for the locked one."""
        if one.locked is None or one.by or not one.is_usable or not _is_newer(one.version, one.locked):
            return one
        together = next(constraints for _, constraints in self._by_constraints(one.name, one.where))
        either = None
        for offer in self.offered(one.name, reduce(both, sorted(together), "*"))[:_TRIED]:
            if not _is_newer(offer.version, one.locked):
                break
            if not self._is_for(offer, one.where):
                continue
            edges = tuple(edge for edge in offer.requires() if not edge.optional)
            unmet = [edge for edge in edges if not self._is_met(edge, one, newer)]
            newer_one = replace(one, version=offer.version, edges=edges)
            if not unmet:
                python = "" if self._is_for_all(offer) else offer.python
                is_usable = not python or self._is_usable(one.name, one.locked, one.where)
                return replace(newer_one, python=python, is_usable=is_usable)
            if either is None and one.name in self._direct:
                by = self._keeping_out(unmet[0].name, unmet[0].constraint, one.where, one.name)
                either = replace(newer_one, by=by) if by else None
        return either

    def _is_own(self, parent: str, where: int) -> bool:
        """Say whether the lines themselves or a package that they need require something there."""
        return not _name(parent) or bool(self._bits.get(_name(parent), 0) & where)

    def _is_for_all(self, offer: OfferedVersion) -> bool:
        return read_python(offer.python).allows_all(read_python(self.lock.python_versions))

    def _is_met(self, edge: LockedDependency, one: NewerVersion, newer: Mapping[str, Iterable[str]]) -> bool:
        """Say whether what a newer version requires is locked, newer itself, or could move together with it."""
        if not self._machines.where(edge.marker) & one.where:
            return True
        rows = [row for row in self._selected.chosen.get(edge.name, ()) if row[1] & one.where]
        known = (*(row.build.version for row, _ in rows), *newer.get(edge.name, ()))
        if any(is_allowed(edge.constraint, version) for version in known):
            return True
        others = self._others(edge.name, one.where, {one.name})
        return self._newest(edge.name, {*others, edge.constraint}, one.where) is not None

    def _others(self, name: str, where: int, without: Container[str]) -> set[str]:
        """Return what the lines, and the packages that they need, allow of a package, ``without`` those of some names."""
        return {
            edge.constraint
            for (parent, edge), on in self._needs.get(name, {}).items()
            if on & where and _name(parent) not in without and self._is_own(parent, on)
        } | {
            one.constraint
            for one in self.constraints
            if one.name == name and self._machines.where(one.marker) & where
        }

    def _at(self, where: int) -> Iterator[Target]:
        return (target for number, target in enumerate(self.targets) if where >> number & 1)

    def names(self, where: int) -> tuple[str, ...]:
        """Return the names of machines."""
        return self._machines.names(where)


def _name(parent: str) -> str:
    """Return the name of a package that requires another, the empty text for the lines themselves."""
    return "" if parent.startswith(THE_PROJECT) else parent.partition(" ")[0]


def _is_newer(version: str, locked: str) -> bool:
    one, other = parsed(version), parsed(locked)
    return one is not None and other is not None and one > other and not is_same(locked, version)
