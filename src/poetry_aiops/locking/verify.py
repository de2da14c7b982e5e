"""The checker: what each variant installs on each concrete machine, without a solve and without the network.

On every machine where a variant's backend exists, the selection of the lock has no two builds of one package, no gap
(everything that a selected package needs is selected), no two packages that overwrite each other's files, and no
companion of a framework from another index than the framework's. A set of machines is an integer, one bit for each
machine, so that a lock is checked on all of them at once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from poetry.core.constraints.version import Version, parse_constraint

from poetry_aiops.accelerators.families import load_families
from poetry_aiops.errors import LockConflictError
from poetry_aiops.locking.model import THE_PROJECT, edges_of_group, of_group
from poetry_aiops.project.backends import AMD_INDEX, family_of
from poetry_aiops.project.constraints import read_marker
from poetry_aiops.project.model import MAIN
from poetry_aiops.project.targets import NO_EXTRAS, extras_in, marker_applies, platform_of


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from poetry_aiops.config import HardwareConfig
    from poetry_aiops.locking.model import Build, Placement
    from poetry_aiops.project.model import LockedDependency, Project
    from poetry_aiops.project.targets import Target


_WAYS_OUT: Final = (
    "After a merge run `poetry lock`, or `poetry lock --regenerate` where that changes nothing. Builds that exclude each"
    " other belong in optional groups that [tool.poetry-aiops.hardware.variants] names (Poetry solves extras"
    " together, so what the rest of the project needs as well is locked twice); otherwise narrow the requirements that"
    " pull them in."
)
_OLDER: Final = "poetry.lock is older than this requirement: run `poetry lock`"
_MOST_PARENTS: Final = 4
_EXISTS_ON: Final = MappingProxyType(
    {
        "mps": ("macos-arm64",),
        "cuda": ("linux", "windows"),
        "rocm": ("linux",),
        AMD_INDEX: ("linux", "windows"),
        "xpu": ("linux", "windows"),
        "jetson": ("linux-aarch64",),
    }
)
"""Backend family -> the platforms (or systems) on which it exists; every other one exists everywhere."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the project says beyond its lock: who requires what, and where its variants are to run.

    ``wants`` maps a dependency group to what it requires, ``backends`` a variant to its backend. ``platforms`` are
    names such as ``linux-x86_64`` or ``macos``, all when empty. Of the names in ``provided_none`` an absence is meant.
    """

    project: str = ""
    wants: Mapping[str, tuple[LockedDependency, ...]] = field(default_factory=dict)
    backends: Mapping[str, str] = field(default_factory=dict)
    platforms: frozenset[str] = frozenset()
    provided_none: frozenset[str] = frozenset()

    @classmethod
    def of(cls, project: Project, hardware: HardwareConfig | None) -> Terms:
        """Return the terms that pyproject.toml declares."""
        wants = {name: edges_of_group(project.requirements_of(name)) for name in project.groups}
        return cls(project.name, wants).with_hardware(hardware) if hardware else cls(project.name, wants)

    def with_hardware(self, hardware: HardwareConfig) -> Terms:
        """Return these terms with those of ``[tool.poetry-aiops.hardware]``."""
        return replace(
            self,
            backends={variant.group: variant.backend for variant in hardware.variants},
            platforms=frozenset(hardware.platforms),
            provided_none=hardware.provided_none,
        )


@dataclass(frozen=True, slots=True)
class LockFinding:
    """Something that is wrong with what one variant installs: what, who wants it, on which machines, the way out."""

    name: str
    what: str
    targets: tuple[str, ...]
    parents: tuple[str, ...] = ()
    way_out: str = ""
    is_gap: bool = False
    builds: tuple[Build, ...] = ()
    """Of a package of which several builds would be installed at once: these."""

    def __str__(self) -> str:
        more = f" and {len(self.parents) - _MOST_PARENTS} more" if len(self.parents) > _MOST_PARENTS else ""
        wanted = f", required by {', '.join(self.parents[:_MOST_PARENTS])}{more}" if self.parents else ""
        return f"{self.what} ({_on(self.targets)}){wanted}{f'. {self.way_out}' if self.way_out else ''}"


@dataclass(frozen=True, slots=True)
class Installed:
    """What one installation takes from the lock: dependency groups and extras, with words for both."""

    title: str
    groups: frozenset[str]
    extras: frozenset[str] = frozenset()

    @classmethod
    def of(cls, groups: Iterable[str], extras: Iterable[str] = ()) -> Installed:
        """Return the installation of these groups and extras."""
        names = f"with {', '.join(sorted(groups))}" + "".join(f", extra {extra}" for extra in sorted(extras))
        return cls(names, frozenset(groups), frozenset(extras))


def every_installation(
    variants: Sequence[str], groups: frozenset[str], *, extras: bool = False
) -> tuple[Installed, ...]:
    """Return what can be installed of a project: each variant, a group or an extra, with all groups that are none."""
    if extras:
        return tuple(Installed(f"with the extra {name}", groups, frozenset({name})) for name in variants)
    shared = groups.difference(variants)
    return tuple(Installed(f"with {name}", shared | {name}) for name in variants)


def double_builds(
    placements: Iterable[Placement],
    groups: frozenset[str],
    targets: Sequence[Target],
    extras: frozenset[str] = frozenset(),
) -> tuple[LockFinding, ...]:
    """Return every package of which the groups would install two builds on some machine."""
    machines = Machines(targets)
    return _doubles(SelectedBuilds(placements, Installed("", groups, extras), machines, machines.all))


def verify(
    placements: Sequence[Placement],
    installations: Iterable[Installed],
    targets: Sequence[Target],
    terms: Terms | None = None,
) -> None:
    """Raise LockConflictError for what is wrong with one of the installations.

    Without ``terms`` only double builds are searched for. With them, an installation with a variant and main is held
    to everything; one without a variant may have gaps, for the variants fill them.
    """
    machines = Machines(targets)
    found = [
        (one.title, finding)
        for one in installations
        for finding in findings(placements, one, machines, terms)
        if finding.builds or (terms and _variant(one, terms) is not None)
    ]
    if found:
        doubles = [finding for _, finding in found if finding.builds]
        raise LockConflictError(
            "poetry.lock would install two builds of one package on the same machine"
            if doubles
            else "poetry.lock would give a variant an environment that does not work",
            details=tuple(f"{title}: {finding}" for title, finding in found),
            hint=_WAYS_OUT if doubles else _ways_around(found, machines, terms),
        )


def base_findings(
    placements: Sequence[Placement], alone: Installed, targets: Sequence[Target], terms: Terms
) -> tuple[LockFinding, ...]:
    """Return what an installation without any variant would have wrong; it is reported, never refused."""
    return tuple(findings(placements, alone, Machines(targets), terms))


def extra_findings(
    placements: Sequence[Placement],
    variants: Iterable[Installed],
    extras: frozenset[str],
    targets: Sequence[Target],
    terms: Terms,
) -> Iterator[tuple[str, LockFinding]]:
    """Yield what the project's extras would have wrong beside variants that are right without them; it is reported.

    All extras at once come first, as they are seldom wrong; one by one follows, as extras may exclude each other.
    """
    machines = Machines(targets)
    for variant in variants if extras else ():
        if any(findings(placements, replace(variant, extras=extras), machines, terms)):
            for extra in sorted(extras):
                one = Installed(f"{variant.title} and the extra {extra}", variant.groups, frozenset({extra}))
                yield from ((one.title, finding) for finding in findings(placements, one, machines, terms))


def findings(
    placements: Sequence[Placement], installed: Installed, machines: Machines, terms: Terms | None
) -> Iterator[LockFinding]:
    """Return everything that is wrong with one installation on the machines where it can be."""
    variant = _variant(installed, terms) if terms else None
    where = machines.all if terms is None else machines.for_backend(terms.backends.get(variant or ""), terms)
    selected = SelectedBuilds(placements, installed, machines, where)
    doubles = _doubles(selected)
    if terms is None:
        yield from doubles
        return
    needs = selected.needs(terms)
    yield from doubles
    if MAIN in installed.groups:
        yield from _gaps(selected, needs, terms, variant)
    yield from _overwriting(selected, needs, terms, variant)
    yield from _foreign_companions(selected, variant, terms)


def exists_on(backend: str) -> tuple[str, ...]:
    """Return the platforms (or systems) on which a backend exists, () for all."""
    return _EXISTS_ON.get(backend, _EXISTS_ON.get(family_of(backend), ()))


class Machines:
    """Concrete machines, and sets of them as the bits of an integer."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = targets
        self.all = (1 << len(targets)) - 1
        self._known: dict[tuple[str, frozenset[str]], int] = {("", NO_EXTRAS): self.all}

    def where(self, marker: str, extras: frozenset[str] = NO_EXTRAS) -> int:
        """Return the machines on which a marker holds while ``extras`` are active."""
        if (marker, extras) not in self._known:
            bits = (marker_applies(marker, target, extras) << i for i, target in enumerate(self._targets))
            self._known[marker, extras] = sum(bits)
        return self._known[marker, extras]

    def for_backend(self, backend: str | None, terms: Terms) -> int:
        """Return the project's machines on which a backend exists."""
        return self._on(exists_on(backend) if backend else ()) & self._on(terms.platforms)

    def names(self, bits: int) -> tuple[str, ...]:
        """Return the names of the machines in a set."""
        return tuple(target.name for i, target in enumerate(self._targets) if bits >> i & 1)

    def _on(self, platforms: Iterable[str]) -> int:
        names = tuple(f"{name}-" for name in platforms)
        bits = (target.name.startswith(names) << i for i, target in enumerate(self._targets))
        return sum(bits) if names else self.all


@dataclass(slots=True)
class PackageNeed:
    """Machines on which a requirement on a package holds, requirement by requirement."""

    demands: dict[tuple[str, LockedDependency], int] = field(default_factory=dict)

    def parents(self, bits: int) -> tuple[str, ...]:
        """Return who requires the package on some of these machines, and for which versions."""
        return tuple(
            dict.fromkeys(
                f"{parent} ({edge.constraint})" for (parent, edge), on in self.demands.items() if on & bits
            )
        )


class SelectedBuilds:
    """What one installation takes from the lock on each machine."""

    def __init__(
        self, placements: Iterable[Placement], installed: Installed, machines: Machines, where: int
    ) -> None:
        self.machines = machines
        self.installed = installed
        self.where = where
        self.chosen: dict[str, list[tuple[Placement, int]]] = {}
        for placement in placements:
            bits = 0
            for group, marker in placement.markers.items():
                if group in installed.groups:
                    bits |= machines.where(marker, installed.extras)
            if bits & where:
                self.chosen.setdefault(placement.build.name, []).append((placement, bits & where))

    def bits(self, name: str) -> int:
        """Return the machines on which some build of a package is selected."""
        return _union(bits for _, bits in self.chosen.get(name, ()))

    def needs(self, terms: Terms) -> dict[str, PackageNeed]:
        """Return what the project and the selected packages need, with the extras that they require followed."""
        needs: defaultdict[str, PackageNeed] = defaultdict(PackageNeed)
        active: defaultdict[tuple[str, str], int] = defaultdict(int)
        waiting: list[tuple[str, str, int]] = []

        def follow(parent: str, edges: Iterable[LockedDependency], bits: int, extras: frozenset[str]) -> None:
            for edge in edges:
                on = bits & self.machines.where(edge.marker, extras)
                if on and edge.name != terms.project:
                    demands = needs[edge.name].demands
                    demands[parent, edge] = demands.get((parent, edge), 0) | on
                    waiting.extend((edge.name, extra, on) for extra in edge.extras)

        for group in sorted(self.installed.groups):
            edges = terms.wants.get(group, ())
            follow(of_group(group), edges, self.where, self.installed.extras)
        for rows in self.chosen.values():
            for placement, bits in rows:
                follow(str(placement), placement.edges, bits, NO_EXTRAS)
        while waiting:
            name, extra, on = waiting.pop()
            new = on & ~active[name, extra]
            active[name, extra] |= new
            for placement, bits in self.chosen.get(name, ()) if new else ():
                asked = [edge for edge in placement.edges if extra in extras_in(edge.marker)]
                follow(str(placement), asked, bits & new, frozenset({extra}))
        return needs


def _doubles(selected: SelectedBuilds) -> tuple[LockFinding, ...]:
    found = []
    for name, rows in selected.chosen.items():
        by_build: dict[Build, int] = {}
        for placement, bits in rows:
            by_build[placement.build] = by_build.get(placement.build, 0) | bits
        where = _union(one & other for one, other in combinations(by_build.values(), 2))
        if where:
            builds = tuple(sorted(build for build, bits in by_build.items() if bits & where))
            what = f"{name}: {', '.join(map(str, builds))}"
            found.append(LockFinding(name, what, selected.machines.names(where), builds=builds))
    return tuple(sorted(found, key=lambda double: double.name))


def _gaps(
    selected: SelectedBuilds, needs: Mapping[str, PackageNeed], terms: Terms, variant: str | None
) -> Iterator[LockFinding]:
    families = load_families()
    for name, need in sorted(needs.items()):
        if name in terms.provided_none:
            continue
        missing = _union(need.demands.values()) & ~selected.bits(name)
        refused: set[str] = set()
        for twin in families.twins(name):
            for placement, bits in selected.chosen.get(twin, ()):
                if _serves(placement.build, need, bits):
                    missing &= ~bits
                elif bits & missing:
                    refused.add(str(placement))
        if missing:
            unfit = f"; {', '.join(sorted(refused))} cannot replace it" if refused else ""
            where, parents = selected.machines.names(missing), need.parents(missing)
            if refused:
                way = "Require another version of one of them"
            elif any(parent.startswith(THE_PROJECT) for parent in parents):
                way = _OLDER
            else:
                way = _way_to_fill(name, variant, terms, where)
            yield LockFinding(name, f"{name} is missing{unfit}", where, parents, way, is_gap=True)


def _serves(build: Build, need: PackageNeed, bits: int) -> bool:
    """Say whether a twin has a version that everyone accepts who requires the other name on these machines."""
    version = Version.parse(build.version)
    return all(
        parse_constraint(edge.constraint).allows(version)
        for (_, edge), on in need.demands.items()
        if on & bits
    )


def _way_to_fill(name: str, variant: str | None, terms: Terms, targets: tuple[str, ...]) -> str:
    """Return what to write into the variant's group, for the machines that its own requirements leave out."""
    where = f"For {', '.join(sorted(set(map(platform_of, targets))))}, add"
    markers = [read_marker(edge.marker) for edge in terms.wants.get(variant or "", ()) if edge.name == name]
    if variant is None or not markers:
        return f'{where} `{name} = "*"` to {variant or "the project"}'
    rest = reduce(lambda one, other: one.union(other), markers).invert()
    return (
        f"{where} `{{ version = \"*\", markers = '{rest}' }}` to {name} in {variant}"
        f" (several requirements on one package are a list: `{name} = [{{ ... }}, {{ ... }}]`)"
    )


def _ways_around(found: Iterable[tuple[str, LockFinding]], machines: Machines, terms: Terms | None) -> str:
    """Return how the project says that it is not for the machines with a gap, or that an absence is meant."""
    gaps = [one for _, one in found if one.is_gap]
    if any(one.way_out == _OLDER for one in gaps):
        return "Run `poetry lock`: it says what is missing then."
    here = machines.names(machines.for_backend(None, terms or Terms()))
    without = {platform_of(name) for gap in gaps for name in gap.targets}
    others = json.dumps([name for name in dict.fromkeys(map(platform_of, here)) if name not in without])
    ways = ["Each line names its solution"]
    if gaps and others != "[]":
        ways.append(f"where the project is not for these machines, `platforms = {others}`")
    if gaps:
        names = json.dumps(sorted({gap.name for gap in gaps}))
        ways.append(f"where the package is left out on purpose, `provided-none = {names}`")
    table = " in [tool.poetry-aiops.hardware]" if gaps else ""
    return f"{'; or, '.join(ways)}{table}. Then run `poetry lock`."


def _overwriting(
    selected: SelectedBuilds, needs: Mapping[str, PackageNeed], terms: Terms, variant: str | None
) -> Iterator[LockFinding]:
    for family in load_families().families:
        present = sorted(family.members & selected.chosen.keys())
        for one, other in combinations(present, 2):
            both = selected.bits(one) & selected.bits(other) & ~_together(selected, one, other)
            if both:
                parents = dict.fromkeys(
                    parent.replace(" (", f" ({name} ", 1)
                    for name in (one, other)
                    if name in needs
                    for parent in needs[name].parents(both)
                )
                yield LockFinding(
                    one,
                    f"{one} and {other} overwrite each other's files ({', '.join(family.imports)})",
                    selected.machines.names(both),
                    tuple(parents),
                    _way_to_one(family.members, {one, other}, selected.installed, terms, variant),
                )


def _way_to_one(
    members: frozenset[str], pair: set[str], installed: Installed, terms: Terms, variant: str | None
) -> str:
    """Return how a variant comes to have one of two packages of a family; its own serves whatever requires the other."""
    if variant in installed.extras:
        return "Make the variants optional groups: these are solved one by one, extras all together"
    declared = {
        group: members & {edge.name for edge in edges} for group, edges in terms.wants.items() if edges
    }
    own = declared.get(variant or "", frozenset())
    if pair <= own:
        return f"Take one of them out of {variant}"
    shared = frozenset[str]().union(
        *(declared.get(group, ()) for group in installed.groups if group != variant)
    )
    if installed.extras:
        return f"Install {variant} without this extra, or take {min(pair - own)} out of it"
    name = min((pair & shared) or pair - own)
    backends = [backend for group, backend in terms.backends.items() if not declared.get(group)]
    if not backends:
        return f"Take {name} out of the shared groups: what each variant declares replaces it"
    return f"Run `poetry hw-add {name} --variants {','.join(dict.fromkeys(backends))}`"


def _together(selected: SelectedBuilds, one: str, other: str) -> int:
    """Return the machines on which one of two packages requires the other, so that they are made to be together."""
    pairs = ((one, other), (other, one))
    return _union(
        bits & selected.machines.where(edge.marker)
        for name, wanted in pairs
        for placement, bits in selected.chosen[name]
        for edge in placement.edges
        if edge.name == wanted
    )


def _foreign_companions(selected: SelectedBuilds, variant: str | None, terms: Terms) -> Iterator[LockFinding]:
    jetson = variant is not None and family_of(terms.backends[variant]) == "jetson"
    for framework, companions in load_families().companions.items():
        for name in sorted(companions & selected.chosen.keys()):
            for main, here in selected.chosen.get(framework, ()):
                for companion, there in selected.chosen[name]:
                    foreign = main.build.source != companion.build.source and (
                        jetson or _build_tag(main.build) != _build_tag(companion.build)
                    )
                    if foreign and here & there:
                        yield LockFinding(
                            name,
                            f"{companion} comes from {_index(companion.build)}, but {main} from {_index(main.build)}:"
                            " the two are compiled for each other",
                            selected.machines.names(here & there),
                            (),
                            f"Declare {name} in {variant or 'the same group'} with the source of {framework}",
                        )


def _build_tag(build: Build) -> str:
    return build.version.partition("+")[2]


def _index(build: Build) -> str:
    return build.source or "the default index"


def _variant(installed: Installed, terms: Terms) -> str | None:
    """Return the variant that an installation takes, None without one."""
    names = installed.groups | installed.extras
    return next((variant for variant in terms.backends if variant in names), None)


def _on(targets: tuple[str, ...]) -> str:
    more = f" and {len(targets) - 1} more kinds of machine" if len(targets) > 1 else ""
    return f"on {targets[0]}{more}"


def _union(sets: Iterable[int]) -> int:
    result = 0
    for bits in sets:
        result |= bits
    return result
