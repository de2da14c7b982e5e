"""Rule 1: one set of solutions, one for each variant, that share everything a variant does not own.

A dependency group of poetry.lock can hold only one answer. So the groups that are no variant (the base) must be
solved alike beside every variant. The variants are solved one after the other, each preferring the base that the
one before it found; where that does not end in agreement, bases are tried as fixed choices, and where none fits
every variant the error says who wants what.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, TypeVar

from poetry_aiops.errors import LockConflictError
from poetry_aiops.locking.explain import disagreement
from poetry_aiops.locking.model import NoSolutionError, Solution, SolverOffer, builds_by_group, newest
from poetry_aiops.locking.verify import double_builds


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
        result = self._solve_in_turn(SolverOffer(), Agreement({}))
        return self._settle(result) if self._differing(result.solutions) else result

    # -- solving one after the other ----------------------------------------------------------------

    def _solve_in_turn(self, offer: SolverOffer, result: Agreement[SolutionT]) -> Agreement[SolutionT]:
        """Solve every variant, each preferring the base of the one before; go round until it is stable.

        Stops early, with some variants unsolved, where going round cannot bring those solved so far together.
        """
        base: frozenset[Build] = frozenset()
        for variant in (*self.variants, *self.variants[:-1]):
            known = result.solutions.get(variant)
            if known is None or (base and self._base(known) != base):
                result.solutions[variant] = self._solve(variant, replace(offer, preferred=base), result)
                if self._differ_by_machine(result.solutions):
                    break
            base = self._base(result.solutions[variant])
        return result

    def _differ_by_machine(self, solutions: Mapping[str, Solution]) -> bool:
        """Tell whether variants differ only in names of which one chose fewer builds of those that another chose.

        The other chose one build for some machines only. To prefer its base, or to have it prefer this one, changes
        nothing then: what is preferred was chosen already.
        """
        disputed = self._differing(solutions)
        bases = [[build for build in self._base(one) if build.name in disputed] for one in solutions.values()]
        chosen = [
            sorted(({build for build in base if build.name == name} for base in bases), key=len)
            for name in disputed
        ]
        return bool(chosen) and all(fewer <= more for builds in chosen for fewer, more in pairwise(builds))

    # -- where preferring is not enough -------------------------------------------------------------

    def _settle(self, first: Agreement[SolutionT]) -> Agreement[SolutionT]:
        """Show the solver less and less of what is in dispute, until the variants agree or nothing is left."""
        return self._with_suitable_versions(first) or self._with_one_base(first)

    def _with_suitable_versions(self, first: Agreement[SolutionT]) -> Agreement[SolutionT] | None:
        """Offer of what is in dispute only the versions that suit every parent of every variant."""
        latest, disputed, offer = first, self._differing(first.solutions), SolverOffer()
        heard: set[str] = set()
        while not (disputed <= offer.shared and heard >= latest.solutions.keys()):
            heard.update(latest.solutions)
            accepted = tuple(one.every_parent_accepts for one in latest.solutions.values())
            offer = SolverOffer(shared=offer.shared | disputed, witnesses=offer.witnesses + accepted)
            try:
                latest = self._solve_in_turn(offer, self._restart(first, offer))
            except NoSolutionError:
                return None
            if not (disputed := self._differing(latest.solutions)):
                return self._held(latest, offer.shared)
        return None

    def _with_one_base(self, first: Agreement[SolutionT]) -> Agreement[SolutionT]:
        """Offer of what is in dispute nothing but the base of one variant, for each of them in turn."""
        for variant in self.variants:
            if variant not in first.solutions:
                first.solutions[variant] = self._solve(variant, SolverOffer(), first)
        disputed = self._differing(first.solutions)
        bases = map(self._base, first.solutions.values())
        for pins in dict.fromkeys(frozenset(b for b in base if b.name in disputed) for base in bases):
            with suppress(NoSolutionError):
                agreed = self._solve_in_turn(SolverOffer(pinned=pins), Agreement({})) if pins else None
                if agreed is not None and not self._differing(agreed.solutions):
                    return self._held(agreed, disputed)
        raise disagreement(first.solutions, self.base_groups, disputed)

    def _restart(self, first: Agreement[SolutionT], offer: SolverOffer) -> Agreement[SolutionT]:
        """Solve the first variant under an offer, from its solution before; nothing may be older than the offer needs.

        Where a package beside those in dispute has to move, others may be free to become newer: then nothing is
        preferred.
        """
        variant = self.variants[0]
        kept = self._apart_from(offer.shared, first.solutions[variant])
        result: Agreement[SolutionT] = Agreement({})
        result.solutions[variant] = self._solve(variant, replace(offer, preferred=kept), result)
        names = {build.name for build in kept}
        now = {build for build in self._base(result.solutions[variant]) if build.name in names}
        return result if now == kept else Agreement({})

    def _apart_from(self, names: frozenset[str], solution: Solution) -> frozenset[Build]:
        """Return the builds of the base without ``names`` and without what these lead to."""
        required: dict[str, set[str]] = {}
        for placement in solution.placements:
            required.setdefault(placement.build.name, set()).update(edge.name for edge in placement.edges)
        left_out, found = set(names), set(names)
        while found:
            found = set().union(*(required.get(name, ()) for name in found)) - left_out
            left_out |= found
        return frozenset(build for build in self._base(solution) if build.name not in left_out)

    def _held(self, agreed: Agreement[SolutionT], names: frozenset[str]) -> Agreement[SolutionT]:
        """Note which builds were agreed on only because others were not offered."""
        bases = frozenset().union(*map(self._base, agreed.solutions.values()))
        agreed.held = frozenset(build for build in bases if build.name in names)
        return agreed

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
