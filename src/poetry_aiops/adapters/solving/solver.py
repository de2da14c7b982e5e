"""Poetry's solver, run once for each hardware variant and merged into one result.

The private names of Poetry that this module touches, compared across 2.1 to 2.5 and listed in
``compatibility.py``:

* ``Solver._package``, ``_pool``, ``_installed_packages``, ``_locked_packages``, ``_io``, ``_progress`` and
  ``_aggregate_solved_packages``
* ``Provider._env``, ``_source_root`` and ``_deferred_cache``
* ``DependencyGroup._dependencies``
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Any

from poetry.core.constraints.version import Version
from poetry.core.packages.dependency_group import DependencyGroup
from poetry.packages.transitive_package_info import TransitivePackageInfo
from poetry.puzzle.exceptions import SolverProblemError
from poetry.puzzle.provider import IncompatibleConstraintsError
from poetry.puzzle.solver import Solver

from poetry_aiops.adapters.solving.pool import OfferingPool
from poetry_aiops.locking.model import THE_PROJECT
from poetry_aiops.locking.model import Build
from poetry_aiops.locking.model import Demand
from poetry_aiops.locking.model import NoSolutionError
from poetry_aiops.locking.model import Placement


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path

    from cleo.io.io import IO
    from packaging.utils import NormalizedName
    from poetry.core.packages.dependency import Dependency
    from poetry.core.packages.package import Package
    from poetry.core.packages.project_package import ProjectPackage
    from poetry.repositories import RepositoryPool

    from poetry_aiops.locking.model import Offer

    SolvedPackages = dict[Package, TransitivePackageInfo]


def build_of(package: Package) -> Build:
    """Return what tells this package apart from other builds of the same name."""
    source = package.source_resolved_reference or package.source_reference or package.source_url or ""
    return Build(package.name, package.version.text, source)


def unknown_extras(root: Package, packages: Iterable[Package]) -> list[str]:
    """Return what the project asks for in vain, such as ``torch[foo]``: the locked build has no such extra."""
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


def declared_by(root: Package, group: str) -> dict[str, frozenset[tuple[str, ...]]]:
    """Return the names that a dependency group asks for, each with how it asks (constraint, source, ...)."""
    wishes: dict[str, set[tuple[str, ...]]] = {}
    for dependency in root.dependency_group(group).dependencies_for_locking:
        how = (
            str(dependency.constraint),
            dependency.source_name or "",
            dependency.source_url or "",
            ",".join(sorted(dependency.extras)),
            str(dependency.marker),
        )
        wishes.setdefault(dependency.name, set()).add(how)
    return {name: frozenset(how) for name, how in wishes.items()}


@dataclass(frozen=True)
class PoetrySolution:
    """One variant as Poetry solved it."""

    root: ProjectPackage
    packages: SolvedPackages

    @cached_property
    def placements(self) -> tuple[Placement, ...]:
        """Every build of the solution and where it goes."""
        return tuple(
            Placement(build_of(package), {group: str(marker) for group, marker in info.markers.items()})
            for package, info in self.packages.items()
        )

    def demands_on(self, name: str) -> tuple[Demand, ...]:
        """Return who in this solution asks for ``name``, the project itself first."""
        return tuple(
            Demand(self._title(parent), dependency.pretty_constraint)
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

    def _title(self, package: Package) -> str:
        return THE_PROJECT if package.is_root() else f"{package.pretty_name} {package.pretty_version}"


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
    provides: frozenset[str]
    io: IO
    source_root: Path | None
    _known: dict[Build, Package] = field(default_factory=dict)
    _deferred: dict[Dependency, Package] = field(default_factory=dict)

    def solve(self, variant: str, offer: Offer) -> PoetrySolution:
        """Solve the project with this variant only; raises NoSolutionError."""
        root = self.root.without_dependency_groups(self.variants - {variant})
        preferred = [self._known[build] for build in sorted(offer.preferred)]
        rules = _offering_rules(offer)
        fixed = {package.name for package in preferred} | rules.keys()
        locked = [*preferred, *(package for package in self.locked[variant] if package.name not in fixed)]
        pool = OfferingPool(self.pool, rules) if rules else self.pool
        solver = _SingleVariantSolver(root, pool, self.installed, locked, self.io)
        solver.split(variant, self.variants, self.provides)
        solver.provider._source_root = self.source_root  # noqa: SLF001 - Poetry hands it on only to its own
        solver.provider._deferred_cache = self._deferred  # noqa: SLF001 - else git and paths are read again
        try:
            transaction = solver.solve(use_latest=self.use_latest - fixed)
        except (SolverProblemError, IncompatibleConstraintsError) as error:
            raise NoSolutionError(str(error)) from error
        packages = transaction.get_solved_packages()
        self._known.update((build_of(package), package) for package in packages)
        return PoetrySolution(root, packages)


def _offering_rules(offer: Offer) -> dict[str, Callable[[Package], bool]]:
    """Return, for each name that is not offered freely, which of its packages are."""
    rules: dict[str, Callable[[Package], bool]] = {
        name: lambda package: all(w.every_parent_accepts(build_of(package)) for w in offer.witnesses)
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
    _provides: frozenset[str] = frozenset()

    def split(self, variant: str, variants: frozenset[str], provides: frozenset[str]) -> None:
        """Say which group is the variant, and which packages only variants may hold."""
        self._variant = variant
        self._provides = provides
        groups = self._package.dependency_group_names(include_optional=True)
        self._base_groups = frozenset(groups - variants)

    @contextmanager
    def _progress(self) -> Iterator[None]:
        yield  # the enclosing solver shows the progress

    def _aggregate_solved_packages(self, packages: list[Package]) -> SolvedPackages:
        """Attribute packages to groups, but never through an edge from the base into a provided package.

        The base and the variant are walked apart, so that markers of the base do not carry over what only a
        provided package (torch) wants. A provided package that the variant does not declare itself is
        attributed to the variant all the same.
        """
        if not self._provides:
            return super()._aggregate_solved_packages(packages)
        whole = self._package
        try:
            with _edges_cut(packages, self._provides):
                base = self._aggregate(whole.with_dependency_groups(self._base_groups, only=True), packages)
            optional_in_base = {id(package): package.optional for package in base}
            self._package = whole
            own = self._aggregate(self._own_root(packages, base), packages)
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

    def _own_root(self, packages: list[Package], base: SolvedPackages) -> ProjectPackage:
        """Return a root that requires what the variant declares, and what else only variants may hold."""
        root = self._package.with_dependency_groups([self._variant], only=True)
        held = {package.name for package in _reachable(root, packages)}
        group = DependencyGroup(self._variant, optional=True)
        for dependency in root.dependency_group(self._variant).dependencies_for_locking:
            group.add_dependency(dependency)
        for package in packages:
            if package.name in self._provides and package.name not in held and package not in base:
                group.add_dependency(_in_group(package.to_dependency(), self._variant))
        root.add_dependency_group(group)
        return root


def _in_group(dependency: Dependency, group: str) -> Dependency:
    if hasattr(dependency, "with_groups"):
        return dependency.with_groups([group])
    clone = dependency.clone()  # Poetry 2.1 has no public way
    setattr(clone, "_groups", frozenset({group}))  # noqa: B010 - later versions have no such attribute
    return clone


@contextmanager
def _edges_cut(packages: list[Package], provides: frozenset[str]) -> Iterator[None]:
    """Hide, for a while, the requirements of other packages on the provided ones."""
    saved: list[tuple[Any, list[Dependency]]] = []
    for package in packages:
        if package.name in provides:
            continue
        for group in package._dependency_groups.values():  # noqa: SLF001 - there is no public way to hide an edge
            kept = [d for d in group._dependencies if d.name not in provides]  # noqa: SLF001
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
