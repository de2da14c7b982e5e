"""Rule 1: one set of solutions, one for each variant, that share everything a variant does not own.

A dependency group of poetry.lock can hold only one answer. So the groups that are no variant (the base) must be
solved alike beside every variant. The variants are solved one after the other, each preferring the base that the
one before it found; where that does not end in agreement, bases are tried as fixed choices, and where none fits
every variant the error says who wants what.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from poetry_aiops.errors import LockConflictError
from poetry_aiops.locking.explain import disagreement
from poetry_aiops.locking.model import NoSolutionError, Solution, SolverOffer, builds_by_group, newest
from poetry_aiops.locking.verify import double_builds


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from poetry_aiops.locking.model import Build, VariantSolver
    from poetry_aiops.locking.verify import LockFinding
    from poetry_aiops.project.targets import Target


_HEALING_ROUNDS = 4

SolutionT = TypeVar("SolutionT", bound=Solution)


@dataclass(slots=True)
class Agreement(Generic[SolutionT]):
    """The solutions of all variants, and what it took to find them."""

    solutions: dict[str, SolutionT]
    healed: dict[str, Build] = field(default_factory=dict)
    """Packages of which the solver chose two builds for one machine, and the one that was kept."""
    held: frozenset[Build] = frozenset()
    """Builds of the base on which the variants agreed only because others were not offered."""


@dataclass(frozen=True, slots=True)
class Agreeing(Generic[SolutionT]):
    """Finds an agreement between ``variants`` on everything in ``base_groups``."""

    variants: Sequence[str]
    base_groups: frozenset[str]
    solver: VariantSolver[SolutionT]
    targets: Sequence[Target]

    def run(self) -> Agreement[SolutionT]:
        """Return solutions with a common base; raises LockConflictError and NoSolutionError."""
        result = self._solve_in_turn(SolverOffer())
        disputed = self._differing(result.solutions)
        if not disputed:
            return result
        return self._settle(result, disputed)

    # -- solving one after the other ----------------------------------------------------------------

    def _solve_in_turn(self, offer: SolverOffer) -> Agreement[SolutionT]:
        """Solve every variant, each preferring the base of the one before; go round until it is stable."""
        result: Agreement[SolutionT] = Agreement({})
        base: frozenset[Build] = frozenset()
        for variant in (*self.variants, *self.variants[:-1]):
            known = result.solutions.get(variant)
            if known is None or self._base(known) != base:
                result.solutions[variant] = self._solve(variant, replace(offer, preferred=base), result)
            base = self._base(result.solutions[variant])
        return result

    # -- where preferring is not enough -------------------------------------------------------------

    def _settle(self, first: Agreement[SolutionT], disputed: frozenset[str]) -> Agreement[SolutionT]:
        """Show the solver less and less of what is in dispute, until the variants agree or nothing is left.

        First only the versions that suit every parent of every variant, then nothing but the base of one
        variant, for each of them in turn.
        """
        for offer in self._narrowing(first, disputed):
            try:
                trial = self._solve_in_turn(offer)
            except NoSolutionError:
                continue
            if not self._differing(trial.solutions):
                held = frozenset().union(*map(self._base, trial.solutions.values()))
                trial.held = frozenset(build for build in held if build.name in disputed)
                return trial
        raise disagreement(first.solutions, self.base_groups, disputed)

    def _narrowing(self, first: Agreement[SolutionT], disputed: frozenset[str]) -> Iterator[SolverOffer]:
        yield SolverOffer(
            shared=disputed, witnesses=tuple(one.every_parent_accepts for one in first.solutions.values())
        )
        seen = set()
        for solution in first.solutions.values():
            pins = frozenset(build for build in self._base(solution) if build.name in disputed)
            if pins and pins not in seen:
                seen.add(pins)
                yield SolverOffer(pinned=pins)

    # -- one variant --------------------------------------------------------------------------------

    def _solve(self, variant: str, offer: SolverOffer, result: Agreement[SolutionT]) -> SolutionT:
        """Solve one variant and heal it: of a doubled package only what every parent accepts is offered."""
        groups = self.base_groups | {variant}
        cures: dict[str, Build] = {}
        for _ in range(_HEALING_ROUNDS):
            others = frozenset(build for build in offer.pinned if build.name not in cures)
            solution = self.solver.solve(variant, replace(offer, pinned=others | set(cures.values())))
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


def _cures(doubles: Iterable[LockFinding], solution: Solution) -> dict[str, Build]:
    cures = {}
    for double in doubles:
        accepted = [build for build in double.builds if solution.every_parent_accepts(build)]
        if accepted:
            cures[double.name] = newest(accepted)
    return cures
