"""Rule 1: one set of solutions, one for each variant, that share everything a variant does not own.

A dependency group of poetry.lock can hold only one answer. So the groups that are no variant (the base) must be
solved alike beside every variant. The variants are solved one after the other, each preferring the base that the
one before it found; where that does not end in agreement, bases are tried as fixed choices, and where none fits
every variant the error says who wants what.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Generic
from typing import TypeVar

from poetry_aiops.errors import LockConflictError
from poetry_aiops.locking.explain import disagreement
from poetry_aiops.locking.model import NoSolutionError
from poetry_aiops.locking.model import Solution
from poetry_aiops.locking.model import builds_by_group
from poetry_aiops.locking.model import newest
from poetry_aiops.locking.verify import double_builds


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_aiops.locking.model import Build
    from poetry_aiops.locking.model import VariantSolver
    from poetry_aiops.locking.verify import DoubleBuild
    from poetry_aiops.project.targets import Target


_HEALING_ROUNDS = 4

SolutionT = TypeVar("SolutionT", bound=Solution)


@dataclass(slots=True)
class Agreement(Generic[SolutionT]):
    """The solutions of all variants, and what it took to find them."""

    solutions: dict[str, SolutionT]
    healed: dict[str, Build] = field(default_factory=dict)
    """Packages of which the solver chose two builds for one machine, and the one that was kept."""
    pinned: tuple[Build, ...] = ()
    """Base packages that had to be held at one version so that every variant fits."""


@dataclass(frozen=True, slots=True)
class Agreeing(Generic[SolutionT]):
    """Finds an agreement between ``variants`` on everything in ``base_groups``."""

    variants: Sequence[str]
    base_groups: frozenset[str]
    solver: VariantSolver[SolutionT]
    targets: Sequence[Target]

    def run(self) -> Agreement[SolutionT]:
        """Return solutions with a common base; raises LockConflictError and NoSolutionError."""
        result: Agreement[SolutionT] = Agreement({})
        self._solve_in_turn(result)
        if self._differing(result.solutions):
            self._settle(result)
        return result

    # -- solving one after the other ----------------------------------------------------------------

    def _solve_in_turn(self, result: Agreement[SolutionT]) -> None:
        """Solve every variant, each preferring the base of the one before; go round until it is stable."""
        base: frozenset[Build] = frozenset()
        for variant in self.variants:
            result.solutions[variant] = self._solve(variant, result, preferred=base)
            base = self._base(result.solutions[variant])
        for variant in self.variants[:-1]:
            if self._base(result.solutions[variant]) != base:
                result.solutions[variant] = self._solve(variant, result, preferred=base)
                base = self._base(result.solutions[variant])

    # -- where preferring is not enough -------------------------------------------------------------

    def _settle(self, result: Agreement[SolutionT]) -> None:
        """Hold the packages in dispute at the builds of one variant's base, for each of them in turn."""
        disputed = self._differing(result.solutions)
        for pins in self._candidate_pins(result.solutions, disputed):
            trial: Agreement[SolutionT] = Agreement({}, dict(result.healed), pins)
            try:
                for variant in self.variants:
                    trial.solutions[variant] = self._solve(
                        variant, trial, preferred=self._any_base(trial), pinned=pins
                    )
            except NoSolutionError:
                continue
            if not self._differing(trial.solutions):
                result.solutions, result.healed, result.pinned = trial.solutions, trial.healed, pins
                return
        raise disagreement(result.solutions, self.base_groups, disputed)

    def _candidate_pins(
        self, solutions: Mapping[str, Solution], disputed: frozenset[str]
    ) -> Iterable[tuple[Build, ...]]:
        seen = set()
        for solution in solutions.values():
            pins = tuple(sorted(build for build in self._base(solution) if build.name in disputed))
            if pins and pins not in seen:
                seen.add(pins)
                yield pins

    def _any_base(self, result: Agreement[SolutionT]) -> frozenset[Build]:
        return next((self._base(solution) for solution in result.solutions.values()), frozenset())

    # -- one variant --------------------------------------------------------------------------------

    def _solve(
        self,
        variant: str,
        result: Agreement[SolutionT],
        *,
        preferred: Iterable[Build] = (),
        pinned: Sequence[Build] = (),
    ) -> SolutionT:
        """Solve one variant and heal it: of a doubled package only what every parent accepts is offered."""
        groups = self.base_groups | {variant}
        cures: dict[str, Build] = {}
        for _ in range(_HEALING_ROUNDS):
            offered = [*(build for build in pinned if build.name not in cures), *cures.values()]
            solution = self.solver.solve(variant, preferred=preferred, pinned=offered)
            doubles = double_builds(solution.placements, groups, self.targets)
            if not doubles:
                result.healed |= cures
                return solution
            more = _cures(doubles, solution)
            if more.keys() <= cures.keys():
                break
            cures |= more
        raise LockConflictError(
            f"the solution for variant {variant} would install two builds of one package on the same machine",
            details=tuple(str(double) for double in doubles),
            hint="Narrow the requirement of the packages that pull them in, so that one build fits everywhere.",
        )

    def _base(self, solution: Solution) -> frozenset[Build]:
        groups = builds_by_group(solution.placements)
        return frozenset().union(*(groups.get(group, frozenset()) for group in self.base_groups))

    def _differing(self, solutions: Mapping[str, Solution]) -> frozenset[str]:
        """Return the names whose builds in some base group are not the same beside every variant."""
        by_variant = [builds_by_group(solution.placements) for solution in solutions.values()]
        names: set[str] = set()
        for group in self.base_groups:
            held = [groups.get(group, frozenset()) for groups in by_variant]
            names.update(build.name for build in frozenset().union(*held) - frozenset.intersection(*held))
        return frozenset(names)


def _cures(doubles: Iterable[DoubleBuild], solution: Solution) -> dict[str, Build]:
    cures = {}
    for double in doubles:
        accepted = [build for build in double.builds if solution.every_parent_accepts(build)]
        if accepted:
            cures[double.name] = newest(accepted)
    return cures
