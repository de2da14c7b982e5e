"""Poetry's installer with a solver that knows hardware variants.

Poetry's installer imports ``poetry.puzzle.solver.Solver`` inside the methods that solve (2.1 to 2.5), so for the
length of ``run()`` that one module attribute is exchanged and nothing else in the process sees it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import poetry.puzzle.solver as poetry_solver_module
from packaging.utils import NormalizedName
from poetry.installation.installer import Installer
from poetry.installation.operations import Uninstall, Update
from poetry.puzzle.solver import Solver
from poetry.puzzle.transaction import Transaction
from poetry.utils.env import NullEnv

from poetry_aiops.accelerators.families import load_families
from poetry_aiops.errors import AiopsError
from poetry_aiops.locking.agreement import Agreeing
from poetry_aiops.locking.declaration import refuse_several_variants
from poetry_aiops.locking.model import NoSolutionError
from poetry_aiops.locking.notes import lock_report, note_beyond
from poetry_aiops.locking.provides import provision
from poetry_aiops.locking.solver import (
    PoetrySolution,
    PoetryVariantSolver,
    declared_by,
    merged,
    wants_of,
)
from poetry_aiops.locking.verify import Installed, every_installation, verify
from poetry_aiops.locking.whole_writes import write_whole_files
from poetry_aiops.system.signals import fewer_collections


if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from poetry.console.commands.installer_command import InstallerCommand
    from poetry.core.constraints.version import Version
    from poetry.core.packages.package import Package
    from poetry.installation.operations.operation import Operation
    from poetry.utils.env import Env
    from poetry.utils.env.base_env import MarkerEnv

    from poetry_aiops.locking.provides import Provision
    from poetry_aiops.locking.session import VariantSession
    from poetry_aiops.locking.solver import SolvedPackages
    from poetry_aiops.locking.verify import Terms


class MarkersOfAnotherMachine(NullEnv):
    """An environment that answers as the given one does, but with marker values of another machine."""

    def __init__(self, env: Env, markers: Mapping[str, str]) -> None:
        super().__init__(env.path, env.base)
        self._env = env
        self._markers = markers

    def get_marker_env(self) -> MarkerEnv:
        return cast("MarkerEnv", {**self._env.marker_env, **self._markers})


class VariantInstaller(Installer):
    """Poetry's installer for a project whose poetry.lock holds several hardware variants."""

    session: VariantSession
    clear: frozenset[str] = frozenset()
    """Variants whose packages are removed when nothing else needs them; Poetry's install leaves them behind."""
    brought: frozenset[str] = frozenset()
    """Names that the variant before brought into the environment; they are removed where no lock holds them any more."""

    def pretend(self, markers: Mapping[str, str]) -> None:
        """Choose packages as on a machine with these marker values; for dry runs only."""
        self._env = MarkersOfAnotherMachine(self._env, markers)

    def run(self) -> int:
        """Run as Poetry's installer does; an error of ours is reported and becomes the exit code."""
        try:
            if self.executor.enabled and self._groups is not None and self.session.kind == "groups":
                refuse_several_variants(self.session.variants, self._groups)
            with fewer_collections(), self._variant_solver(), self.session.guard.watching(self._locker):
                return super().run()
        except AiopsError as error:
            self.session.output.error(error)
            return error.exit_code

    @contextmanager
    def _variant_solver(self) -> Iterator[None]:
        original = poetry_solver_module.Solver
        poetry_solver_module.Solver = partial(  # type: ignore[assignment,misc]  # a drop-in for the class
            OneLockSolver, session=self.session, locked_groups=self._locked_groups
        )
        try:
            yield
        finally:
            poetry_solver_module.Solver = original  # type: ignore[misc]  # the class itself again

    def _execute(self, operations: list[Operation]) -> int:
        if self.is_updating():
            self.session.guard.require()
        takes_variant = self.clear or not set(self.session.variants).isdisjoint(self._groups or ())
        if takes_variant and self._locker.is_locked_groups_and_markers():
            locked = self._locker.locked_packages()
            operations = self._with_changed_builds(operations, locked)
            operations = [*self._leftovers(operations, locked), *operations]
            operations = self._without_overwritten_files(operations)
        return super()._execute(operations)

    def _without_overwritten_files(self, operations: list[Operation]) -> list[Operation]:
        """Remove installed twins of what is wanted first, and install again what shared its files with them.

        Two packages of one family own the same files: removing one takes them from the other.
        """
        installed = {package.name: package for package in self._installed_repository.packages}
        system = {package.name for package in self._installed_repository.system_site_packages}
        going = [one for one in operations if isinstance(one, Uninstall)]
        coming = [
            one for one in operations if one not in going and one.skip_reason in {None, "Already installed"}
        ]
        replaced = installed.keys() - system - {one.package.name for one in coming}
        families = load_families()
        twins = {one: replaced & families.twins(one.package.name) for one in coming}
        more = {name for names in twins.values() for name in names} - {one.package.name for one in going}
        again = [one for one, names in twins.items() if names and one.skipped]
        return [
            *(Uninstall(installed[name]) for name in sorted(more)),
            *(
                Update(installed[one.package.name], one.package) if one in again else one
                for one in operations
            ),
        ]

    def _leftovers(self, operations: list[Operation], locked: SolvedPackages) -> list[Operation]:
        """Return removals of installed packages that only the cleared variants hold."""
        installed = {package.name: package for package in self._installed_repository.packages}
        system = {package.name for package in self._installed_repository.system_site_packages}
        wanted = {o.package.name for o in operations if not (o.skipped and o.skip_reason == "Not required")}
        left = {name for name, holders in self._holders(locked).items() if holders <= self.clear}
        left |= {name for name in installed if name in self.brought} - {package.name for package in locked}
        return [Uninstall(installed[name]) for name in sorted((left & installed.keys()) - wanted - system)]

    def _holders(self, locked: SolvedPackages) -> dict[NormalizedName, set[str]]:
        """Return the groups that bring each package into this environment; variants that are extras, ``""`` for none."""
        found: dict[NormalizedName, set[str]] = {}
        extras = self.session.kind == "extras"
        for package, info in locked.items():
            for holder in map(NormalizedName, ("", *self.session.variants)) if extras else info.groups:
                marker = info.get_marker(info.groups if extras else [holder])
                extra = {"extra": {holder} - {""}} if extras else {}
                if marker.validate({**self._env.marker_env, **extra}):
                    found.setdefault(package.name, set()).add(holder)
        return found

    def _with_changed_builds(self, operations: list[Operation], locked: SolvedPackages) -> list[Operation]:
        """Replace a skipped operation by an update where another build of the same version may be installed.

        Poetry takes a build of another index for installed when its version is the same.
        """
        builds: dict[tuple[str, Version], set[str]] = {}
        for package in locked:
            builds.setdefault((package.name, package.version), set()).add(package.source_reference or "")
        installed = {package.name: package for package in self._installed_repository.packages}
        return [
            Update(installed[operation.package.name], operation.package)
            if operation.skipped
            and operation.package.name in installed
            and len(builds.get((operation.package.name, operation.package.version), ())) > 1
            and operation.skip_reason == "Already installed"
            else operation
            for operation in operations
        ]

    def _locked_groups(self) -> Mapping[Package, Collection[str]]:
        if not self._locker.is_locked_groups_and_markers():
            return {}
        return {package: info.groups for package, info in self._locker.locked_packages().items()}


def exchange_installer(command: InstallerCommand, session: VariantSession) -> None:
    """Give the command a VariantInstaller in place of Poetry's, with the same environment and executor."""
    poetry, given = command.poetry, command.installer
    write_whole_files(poetry, both=command.name in {"add", "remove"})
    # Solving again from the lock (the default up to Poetry 2.2) knows no groups and could mix variants.
    poetry.config.merge({"installer": {"re-resolve": False}})
    installer = VariantInstaller(
        session.output.io,
        command.env,
        poetry.package,
        poetry.locker,
        poetry.pool,
        poetry.config,
        installed=given._installed_repository,  # noqa: SLF001 - reading the environment again would cost time
        executor=given.executor,
        disable_cache=poetry.disable_cache,
    )
    installer.session = session
    command.set_installer(installer)


class OneLockSolver(Solver):
    """Solves once for each variant and merges the solutions into one that a single poetry.lock can hold."""

    def __init__(
        self,
        *poetrys: Any,  # noqa: ANN401 - Poetry's own parameters are passed through as they come
        session: VariantSession,
        locked_groups: Callable[[], Mapping[Package, Collection[str]]],
        **named: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*poetrys, **named)
        self._session = session
        self._locked_groups = locked_groups

    def solve(self, use_latest: Collection[NormalizedName] | None = None) -> Transaction:
        """Solve as Poetry does, and verify; raises LockConflictError when no common base exists."""
        package, extras = self._package, self._session.kind == "extras"
        groups = frozenset(package.dependency_group_names(include_optional=True))
        known = package.extras.keys() if extras else groups
        variants = tuple(variant for variant in self._session.variants if variant in known)
        installs_from_lock = self.provider._env is not None  # noqa: SLF001 - set while re-resolving for one environment
        if installs_from_lock:
            return super().solve(use_latest)
        every = every_installation(variants, groups, extras=extras)
        if extras or not variants:
            transaction = super().solve(use_latest)
            solution = PoetrySolution(package, transaction.get_solved_packages())
            verify(solution.placements, every, self._session.targets, self._terms())
        else:
            transaction = self._solve_variants(variants, groups, every, frozenset(use_latest or ()))
        self._session.guard.verified(transaction.get_solved_packages())
        return transaction

    def _solve_variants(
        self,
        variants: tuple[str, ...],
        groups: frozenset[str],
        every: tuple[Installed, ...],
        use_latest: frozenset[NormalizedName],
    ) -> Transaction:
        base_groups, targets, terms = groups.difference(variants), self._session.targets, self._terms()
        solver = self._solver_for(variants, base_groups, use_latest)
        try:
            with self._progress():
                agreement = Agreeing(solver.tightest_first(variants), base_groups, solver, targets).run()
        except NoSolutionError as error:
            # Poetry's users know how to read its solver's own explanation.
            raise error.__cause__ or error from None
        solution = PoetrySolution(
            self._package, merged(agreement.solutions[variant].packages for variant in variants)
        )
        verify(solution.placements, every, targets, terms)
        lock_report(self._session, agreement, solution)
        note_beyond(self._session, solution.placements, terms)
        self._warn_about_yanked(solution.packages)
        return Transaction(
            self._locked_packages,
            solution.packages,
            installed_packages=self._installed_packages,
            root_package=self._package,
        )

    def _terms(self) -> Terms:
        """Return the terms of the project as it is locked: `poetry add` has not written pyproject.toml yet."""
        return replace(self._session.terms, project=self._package.name, wants=wants_of(self._package))

    def _solver_for(
        self, variants: tuple[str, ...], base_groups: frozenset[str], use_latest: frozenset[NormalizedName]
    ) -> PoetryVariantSolver:
        output = self._session.output
        return PoetryVariantSolver(
            root=self._package,
            pool=self._pool,
            installed=self._installed_packages,
            locked={variant: self._locked_for(base_groups | {variant}) for variant in variants},
            use_latest=use_latest,
            variants=frozenset(variants),
            provision=self._provision(variants, base_groups),
            output=output if output.is_very_verbose else output.silent(),
            source_root=self.provider._source_root,  # noqa: SLF001 - the inner solvers need the same
        )

    def _locked_for(self, groups: frozenset[str]) -> list[Package]:
        """Rule 3: a variant sees only its own locked packages, or a refresh would drift."""
        known = self._locked_groups() if self._locked_packages else {}
        return [p for p in self._locked_packages if p not in known or groups.intersection(known[p])]

    def _provision(self, variants: tuple[str, ...], base_groups: frozenset[str]) -> Provision:
        targets, hardware = self._session.targets, self._session.hardware
        declared = {variant: declared_by(self._package, variant, targets) for variant in variants}
        base_direct = frozenset(
            name for group in base_groups for name in declared_by(self._package, group, targets)
        )
        return provision(declared, base_direct, hardware.provides, hardware.provided_none)

    def _warn_about_yanked(self, packages: Iterable[Package]) -> None:
        for package in packages:
            if package.yanked:
                reason = f" Reason for being yanked: {package.yanked_reason}" if package.yanked_reason else ""
                self._io.write_error_line(
                    f"<warning>Warning: The locked version {package.pretty_version} for {package.pretty_name}"
                    f" is a yanked version.{reason}</warning>"
                )
