"""Poetry's solver, run once for each hardware variant and merged into one result.

The private names of Poetry that this module touches, compared across 2.1 to 2.5 and listed in
``compatibility.py``:

* ``Solver._package``, ``_pool``, ``_installed_packages``, ``_locked_packages``, ``_io``, ``_progress`` and
  ``_aggregate_solved_packages``
* ``Provider._env``, ``_source_root`` and ``_deferred_cache``
* ``DependencyGroup._dependencies``
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from poetry.core.constraints.version import Version, VersionRange
from poetry.core.packages.dependency_group import DependencyGroup
from poetry.core.version.markers import EmptyMarker
from poetry.packages.transitive_package_info import TransitivePackageInfo
from poetry.puzzle.exceptions import SolverProblemError
from poetry.puzzle.provider import IncompatibleConstraintsError
from poetry.puzzle.solver import Solver

from poetry_aiops.accelerators.families import load_families
from poetry_aiops.errors import LockConflictError
from poetry_aiops.locking.model import (
    Build,
    Demand,
    NoSolutionError,
    Placement,
    SolverOffer,
    build_tag,
    of_group,
    under_extras,
)
from poetry_aiops.locking.pool import OfferingPool
from poetry_aiops.locking.provides import Provision
from poetry_aiops.project.model import LockedDependency
from poetry_aiops.project.targets import extras_in, marker_applies


if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName
    from poetry.core.constraints.version import VersionConstraint
    from poetry.core.packages.dependency import Dependency
    from poetry.core.packages.package import Package
    from poetry.core.packages.project_package import ProjectPackage
    from poetry.core.version.markers import BaseMarker
    from poetry.repositories import RepositoryPool

    from poetry_aiops.cli.output import Output
    from poetry_aiops.locking.provides import Builds
    from poetry_aiops.project.targets import Target

    SolvedPackages = dict[Package, TransitivePackageInfo]


_OTHER_BUILD = (
    "A package with one build in a variant and another in the shared groups belongs in the variants alone:"
    " delete it from the shared group's dependencies in pyproject.toml, then run `poetry lock`."
)


def build_of(package: Package) -> Build:
    """Return what distinguishes this package from other builds of the same name."""
    source = package.source_resolved_reference or package.source_reference or package.source_url or ""
    return Build(package.name, package.version.text, source)


def unknown_extras(root: Package, packages: Iterable[Package]) -> list[str]:
    """Return what the project requires without effect, such as ``torch[foo]``: the locked build has no such extra."""
    locked: dict[str, list[Package]] = {}
    for package in packages:
        locked.setdefault(package.name, []).append(package)
    return sorted(
        {
            f"{dependency.pretty_name}[{extra}] ({package.pretty_version})"
            for dependency in root.all_requires
            for extra in dependency.extras
            for package in locked.get(dependency.name, ())
            if extra not in package.extras and dependency.constraint.allows(package.version)
        }
    )


def wants_of(root: Package) -> dict[str, tuple[LockedDependency, ...]]:
    """Return what each dependency group of the project requires, included groups followed."""
    return {
        group: tuple(
            _edge(dependency, root) for dependency in root.dependency_group(group).dependencies_for_locking
        )
        for group in root.dependency_group_names(include_optional=True)
    }


def _edge(dependency: Dependency, package: Package) -> LockedDependency:
    """Return a requirement as the lock holds it, with the extras that require it in its marker."""
    marker = str(dependency.marker)
    if dependency.is_optional():
        asking = dependency.in_extras or [
            extra
            for extra, wanted in package.extras.items()
            if any(one.name == dependency.name for one in wanted)
        ]
        marker = under_extras(marker, asking)
    extras = tuple(sorted(dependency.extras))
    return LockedDependency(
        dependency.name, str(dependency.constraint), extras, marker, dependency.is_optional()
    )


def declared_by(root: Package, group: str, targets: Sequence[Target]) -> dict[str, Builds]:
    """Return the names that a dependency group requires on some machine, each with the builds that it selects."""
    asked: dict[str, set[tuple[str, str, str]]] = {}
    for dependency in root.dependency_group(group).dependencies_for_locking:
        marker = str(dependency.marker)
        if any(marker_applies(marker, target, extras_in(marker)) for target in targets):
            source = dependency.source_name or ""
            asked.setdefault(dependency.name, set()).add(
                (
                    "" if source.lower() == "pypi" else source,
                    dependency.source_url or "",
                    build_tag(str(dependency.constraint)),
                )
            )
    return {name: frozenset(builds) for name, builds in asked.items()}


@dataclass(frozen=True)
class PoetrySolution:
    """One variant as Poetry solved it."""

    root: ProjectPackage
    packages: SolvedPackages

    @cached_property
    def placements(self) -> tuple[Placement, ...]:
        """Every build of the solution, where it goes, and what it requires."""
        return tuple(
            Placement(
                build_of(package),
                {group: str(marker) for group, marker in info.markers.items()},
                tuple(_edge(dependency, package) for dependency in package.requires),
            )
            for package, info in self.packages.items()
        )

    def demands_on(self, name: str) -> tuple[Demand, ...]:
        """Return who in this solution requires ``name``, the project's groups first."""
        return tuple(
            Demand(_title(parent, dependency), dependency.pretty_constraint)
            for parent in (self.root, *self.packages)
            for dependency in parent.all_requires
            if dependency.name == name
        )

    def every_parent_accepts(self, build: Build) -> bool:
        """Tell whether all demands on the build's name allow its version."""
        version = Version.parse(build.version)
        return all(
            dependency.constraint.allows(version)
            for parent in (self.root, *self.packages)
            for dependency in parent.all_requires
            if dependency.name == build.name
        )


def _title(parent: Package, dependency: Dependency) -> str:
    if parent.is_root():
        return of_group(*sorted(dependency.groups))
    return f"{parent.pretty_name} {parent.pretty_version}"


@dataclass
class PoetryVariantSolver:
    """Solves the project for one hardware variant at a time with Poetry's own solver."""

    root: ProjectPackage
    pool: RepositoryPool
    installed: list[Package]
    locked: Mapping[str, list[Package]]
    """The packages that poetry.lock holds for each variant (its own and those of the base)."""
    use_latest: frozenset[NormalizedName]
    variants: frozenset[str]
    provision: Provision
    output: Output
    """What Poetry's solver reports its steps to."""
    source_root: Path | None
    _known: dict[Build, Package] = field(default_factory=dict)
    _pool: OfferingPool = field(init=False)
    _deferred: dict[Dependency, Package] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pool = OfferingPool(self.pool, {})  # shares what one solve read with the next

    def solve(self, variant: str, offer: SolverOffer) -> PoetrySolution:
        """Solve the project with this variant only; raises NoSolutionError."""
        root = self.root.without_dependency_groups(self.variants - {variant})
        preferred = [self._known[build] for build in sorted(offer.preferred)]
        rules = _offering_rules(offer)
        fixed = {package.name for package in preferred}
        locked = preferred + [
            package
            for package in self.locked[variant]
            if package.name not in fixed and (package.name not in rules or rules[package.name](package))
        ]
        pool = OfferingPool(self._pool, rules)
        packages = self._packages(variant, root, pool, locked, self.use_latest - fixed)
        if stricter := self._twins_that_fit(variant, packages):
            with suppress(NoSolutionError):  # then the checker says who refuses the version of the twin
                pool = OfferingPool(pool, stricter)
                packages = self._packages(variant, root, pool, locked, self.use_latest - fixed)
        self._known.update((build_of(package), package) for package in packages)
        return PoetrySolution(root, packages)

    def tightest_first(self, variants: Sequence[str]) -> tuple[str, ...]:
        """Return the variants in the order to solve them: those first that keep shared packages lowest.

        The others then prefer versions that suit these, and need no second solve. Known before a solve is what a
        variant declares, and, of what the releases that it pins require, what those of other variants require, too.
        """
        known = {variant: self._known_demands(variant) for variant in variants}

        def caps(variant: str) -> int:
            declared = {one.name for one in self.root.dependency_group(variant).dependencies_for_locking}
            return sum(
                not constraint.allows_all(others.get(name, VersionRange()))
                for name, constraint in known[variant].items()
                if all(part.max for part in constraint.flatten())
                for others in known.values()
                if name in declared or name in others
            )

        return tuple(sorted(variants, key=caps, reverse=True))

    def _known_demands(self, variant: str) -> dict[str, VersionConstraint]:
        found: dict[str, VersionConstraint] = {}
        for declared in self.root.dependency_group(variant).dependencies_for_locking:
            for one in (declared, *self._required_by_pin(declared)):
                if one.name not in self.provision.names and self.root.python_constraint.allows_any(
                    one.python_constraint
                ):
                    found[one.name] = one.constraint.intersect(found.get(one.name, one.constraint))
        return found

    def _required_by_pin(self, declared: Dependency) -> Iterator[Dependency]:
        """Yield what the one release requires that an exact requirement lets through."""
        exact = isinstance(declared.constraint, Version) and not declared.is_direct_origin()
        releases = self._pool.find_packages(declared) if exact else []
        if len(releases) == 1:
            release = self._pool.package(declared.name, releases[0].version, declared.source_name)
            for one in release.requires:
                asked = not one.in_extras or declared.extras.intersection(one.in_extras)
                if asked and not one.marker.without_extras().intersect(declared.marker).is_empty():
                    yield one

    def _packages(
        self,
        variant: str,
        root: ProjectPackage,
        pool: OfferingPool,
        locked: list[Package],
        use_latest: Collection[NormalizedName],
    ) -> SolvedPackages:
        solver = _SingleVariantSolver(root, pool, self.installed, locked, self.output.io)
        solver.split(variant, self.variants, self.provision)
        solver.provider._source_root = self.source_root  # noqa: SLF001 - Poetry hands it on only to its own
        solver.provider._deferred_cache = self._deferred  # noqa: SLF001 - else git and paths are read again
        try:
            return solver.solve(use_latest=use_latest).get_solved_packages()
        except SolverProblemError as error:
            raise NoSolutionError(str(error)) from error
        except IncompatibleConstraintsError as error:
            what, *details = str(error).splitlines()
            raise LockConflictError(what, details=tuple(details), hint=_OTHER_BUILD) from error

    def _twins_that_fit(self, variant: str, packages: SolvedPackages) -> dict[str, Callable[[Package], bool]]:
        """Return rules for packages that replace another name in a version which those who require that refuse."""
        families = load_families()
        rules: dict[str, Callable[[Package], bool]] = {}
        for name in self.provision.replaced[variant]:
            wanted = [
                dependency.constraint
                for parent in packages
                if parent.name not in families.twins(name)
                for dependency in parent.requires
                if dependency.name == name and not dependency.is_optional()
            ]
            for package in packages:
                if (
                    package.name in families.twins(name)
                    and package.name not in self.provision.replaced[variant]
                ):
                    fits = partial(_accepted_by, wanted)
                    if not fits(package):
                        rules[package.name] = fits
        return rules


def _accepted_by(constraints: Iterable[VersionConstraint], package: Package) -> bool:
    return all(constraint.allows(package.version) for constraint in constraints)


def _offering_rules(offer: SolverOffer) -> dict[str, Callable[[Package], bool]]:
    """Return, for each name that is not offered freely, which of its packages are."""
    rules: dict[str, Callable[[Package], bool]] = {
        name: lambda package: all(accepts(build_of(package)) for accepts in offer.witnesses)
        for name in offer.shared
    }
    pinned: dict[str, set[str]] = {}
    for build in offer.pinned:
        pinned.setdefault(build.name, set()).add(build.version)
    for name, versions in pinned.items():
        rules[name] = lambda package, versions=versions: package.version.text in versions  # type: ignore[misc]  # bound early
    return rules


class _SingleVariantSolver(Solver):
    """Poetry's solver for one variant: it keeps the packages that variants provide out of the base."""

    _variant = ""
    _base_groups: frozenset[NormalizedName] = frozenset()
    _provision = Provision()

    def split(self, variant: str, variants: frozenset[str], provision: Provision) -> None:
        """Say which group is the variant, and which packages only variants may hold."""
        self._variant = variant
        self._provision = provision
        groups = self._package.dependency_group_names(include_optional=True)
        self._base_groups = frozenset(groups - variants)

    @contextmanager
    def _progress(self) -> Iterator[None]:
        yield  # the enclosing solver shows the progress

    def _aggregate_solved_packages(self, packages: list[Package]) -> SolvedPackages:
        """Attribute packages to groups, but never through an edge from the base into a provided package.

        The base and the variant are walked apart, so that markers of the base do not carry over what only a
        provided package (torch) wants. A provided package that the variant does not declare itself is
        attributed to the variant all the same, unless a twin of the variant replaces it or none is meant.
        """
        if not self._provision.names:
            return super()._aggregate_solved_packages(packages)
        whole = self._package
        try:
            with _edges_cut(packages, self._provision.names):
                base = self._aggregate(whole.with_dependency_groups(self._base_groups, only=True), packages)
            optional_in_base = {id(package): package.optional for package in base}
            wanted = _where_wanted(self._provision.names - self._provision.none, packages, base)
            self._package = whole
            with _edges_cut(packages, self._provision.replaced[self._variant]):
                own = self._aggregate(self._own_root(packages, base, wanted), packages)
        finally:
            self._package = whole
        for package in own:
            package.optional = package.optional and optional_in_base.get(id(package), True)
        return merged([base, own])

    def _aggregate(self, root: ProjectPackage, packages: list[Package]) -> SolvedPackages:
        self._package = root
        reachable = _reachable(root, packages)
        result = super()._aggregate_solved_packages(reachable)
        return {
            package: TransitivePackageInfo(info.depth, info.groups, info.markers)
            for package, info in result.items()
        }

    def _own_root(
        self, packages: list[Package], base: SolvedPackages, wanted: Mapping[str, BaseMarker]
    ) -> ProjectPackage:
        """Return a root that requires what the variant declares, and what else only variants may hold."""
        root = self._package.with_dependency_groups([self._variant], only=True)
        held = {package.name for package in _reachable(root, packages)}
        group = DependencyGroup(self._variant, optional=True)
        for dependency in root.dependency_group(self._variant).dependencies_for_locking:
            group.add_dependency(dependency)
        for package in packages:
            name = package.name
            if name in wanted and name not in held and package not in base:
                dependency = package.to_dependency()
                dependency.marker = wanted[name].intersect(_where_no_twin(name, group))
                if not dependency.marker.is_empty():
                    group.add_dependency(_in_group(dependency, self._variant))
        root.add_dependency_group(group)
        return root


def _where_wanted(
    names: frozenset[str], packages: list[Package], base: SolvedPackages
) -> dict[str, BaseMarker]:
    """Return, for each of the names that is wanted, the marker under which a package, group or extra leads to it."""
    wanted: dict[str, BaseMarker] = {}
    for parent in packages:
        info = base.get(parent.without_features())
        for dependency in parent.requires:
            if dependency.name in names:
                here = dependency.marker.without_extras()
                here = here.intersect(info.get_marker(info.groups)) if info else here
                wanted[dependency.name] = wanted.get(dependency.name, EmptyMarker()).union(here)
    return wanted


def _where_no_twin(name: str, group: DependencyGroup) -> BaseMarker:
    """Return the marker for the machines on which a group declares no package that replaces ``name``."""
    twins = load_families().twins(name)
    covered: BaseMarker = EmptyMarker()
    for dependency in group.dependencies:
        if dependency.name in twins:
            covered = covered.union(dependency.marker)
    return covered.invert()


def _in_group(dependency: Dependency, group: str) -> Dependency:
    if hasattr(dependency, "with_groups"):
        return dependency.with_groups([group])
    clone = dependency.clone()  # Poetry 2.1 has no public way
    setattr(clone, "_groups", frozenset({group}))  # noqa: B010 - later versions have no such attribute
    return clone


@contextmanager
def _edges_cut(packages: list[Package], names: frozenset[str]) -> Iterator[None]:
    """Hide, for a while, the requirements of other packages on ``names``; twins keep theirs on each other."""
    saved: list[tuple[Any, list[Dependency]]] = []
    families = load_families()
    for package in packages:
        if package.name in names:
            continue
        hidden = names - families.twins(package.name)
        for group in package._dependency_groups.values():  # noqa: SLF001 - there is no public way to hide an edge
            kept = [d for d in group._dependencies if d.name not in hidden]  # noqa: SLF001
            if len(kept) != len(group._dependencies):  # noqa: SLF001
                saved.append((group, group._dependencies))  # noqa: SLF001
                group._dependencies = kept  # noqa: SLF001
    try:
        yield
    finally:
        for group, dependencies in saved:
            group._dependencies = dependencies  # noqa: SLF001


def _reachable(root: Package, packages: list[Package]) -> list[Package]:
    """Return the packages that the root's requirements lead to, in the order given."""
    by_name: dict[str, list[Package]] = {}
    for package in packages:
        by_name.setdefault(package.complete_name, []).append(package)
    seen: set[int] = set()
    stack: list[Package] = [root]
    while stack:
        for dependency in stack.pop().all_requires:
            for package in by_name.get(dependency.complete_name, ()):
                if id(package) not in seen and package.satisfies(dependency):
                    seen.add(id(package))
                    stack.append(package)
    return [package for package in packages if id(package) in seen]


def merged(solutions: Iterable[SolvedPackages]) -> SolvedPackages:
    """Merge solutions by dependency group: a build is installed by every group that any of them names.

    Of equal packages the first object stays and takes over the requirements that only others carry (those of
    other extras). Markers of a group that several solutions hold are joined.
    """
    result: SolvedPackages = {}
    originals: dict[Package, Package] = {}
    for solution in solutions:
        for package, info in solution.items():
            if package not in result:
                result[package] = TransitivePackageInfo(info.depth, set(info.groups), dict(info.markers))
                originals[package] = package
                continue
            _take_over(originals[package], package)
            have = result[package]
            have.depth = max(have.depth, info.depth)
            have.groups |= info.groups
            for group, marker in info.markers.items():
                have.markers[group] = have.markers[group].union(marker) if group in have.markers else marker
    return result


def _take_over(first: Package, other: Package) -> None:
    if first is other:
        return
    first.optional = first.optional and other.optional
    for dependency in other.requires:
        if not any(mine == dependency and mine.marker == dependency.marker for mine in first.requires):
            first.add_dependency(dependency)
