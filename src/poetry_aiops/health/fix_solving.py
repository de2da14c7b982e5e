"""The solves of ``poetry health --fix``: beside the project, in silence, and verified before anyone sees the result."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from packaging.version import Version
from poetry.packages import Locker

from poetry_aiops.errors import IncompleteError, UsageError
from poetry_aiops.health.certificate import Ground, Raised
from poetry_aiops.health.demands import extras_asked_for
from poetry_aiops.health.fix_batch import Batch, Unsolved, largest_batch
from poetry_aiops.locking.api import (
    SOLVER_ERRORS,
    Offering,
    changed_pins,
    explained,
    floors_of,
    in_format_of,
    index_faults_in_words,
    needs_from,
    prepare,
    raised,
    with_locked,
)
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.versions import parsed, public_version
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.record import Record
from poetry_aiops.system.signals import TimeLimitError, time_limit


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from poetry.poetry import Poetry
    from poetry.repositories import RepositoryPool

    from poetry_aiops.health.advisory import Audit, Finding
    from poetry_aiops.health.fixes import ProposedFix
    from poetry_aiops.index.records import Cooldown, IndexAccess
    from poetry_aiops.locking.api import PoetryProject, StagedProject
    from poetry_aiops.project.model import Lock, Package, PackageKey, Project


SECONDS_VARIABLE: Final = "POETRY_AIOPS_FIX_SECONDS"
_SECONDS: Final = 300.0  # of one solve
_TRIES = 3  # solves of one set of fixes, each without the vulnerable versions that the one before chose


@dataclass(frozen=True)
class FixCase:
    """What is to be fixed, and what it takes to find out.

    ``findings`` are those that count (without ignored ones). ``audit_of`` audits any packages against the advisories
    that gave them. ``access`` is how the indexes are reached.
    """

    poetry: Poetry
    project: Project
    lock: Lock
    findings: tuple[Finding, ...]
    audit_of: Callable[[Sequence[Package]], Audit]
    access: IndexAccess
    cooldown: Cooldown
    now: datetime


class SolvedFixes(Record):
    """A lock that fixes what it should: its text, its content, and its audit."""

    text: bytes
    lock: Lock
    audit: Audit


def solved_batch(
    project: PoetryProject, case: FixCase, pins: Sequence[ProposedFix], before: bytes
) -> Batch[SolvedFixes]:
    seconds = solve_seconds(os.environ)
    pyproject = case.poetry.pyproject_path
    text = read_file(pyproject).decode("utf-8")
    lock = before.decode("utf-8")
    ranks = {name: max(one.severity.rank for one in pins if one.package == name) for name in _names(pins)}
    with project.staged(pyproject.parent, text, lock) as staged, index_faults_in_words():
        solver = FixSolver(project, case, staged, with_locked(staged.poetry), lock, seconds)
        batch = largest_batch(ranks, partial(solver.attempt, pins))
        return replace(batch, solves=solver.solves)


def solve_seconds(environment: Mapping[str, str]) -> float:
    """Return how long one solve may take; raises UsageError for a variable that is not a number of seconds."""
    written = environment.get(SECONDS_VARIABLE, "").strip()
    try:
        seconds = float(written or _SECONDS)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise UsageError(
            f"{written!r} is not a number of seconds", where=SECONDS_VARIABLE, hint="Write for example 300."
        )
    return seconds


def _names(fixes: Sequence[ProposedFix]) -> frozenset[str]:
    return frozenset(one.package for one in fixes)


@dataclass
class FixSolver:
    """Runs Poetry's solver for sets of fixes on one staged project."""

    project: PoetryProject
    case: FixCase
    staged: StagedProject
    pool: RepositoryPool
    lock: str
    seconds: float
    solves: int = 0

    def attempt(self, pins: Sequence[ProposedFix], names: frozenset[str]) -> SolvedFixes | Unsolved:
        """Solve the fixes of these packages; a vulnerable version that the solver meets on the way is left out."""
        chosen = [one for one in pins if one.package in names]
        never: set[tuple[str, str]] = set()
        for _ in range(_TRIES):
            answer = self._solve(chosen, frozenset(never))
            if isinstance(answer, Unsolved):
                return answer
            worse = self._worse(answer, chosen)
            if not worse:
                return answer
            never |= worse
        culprits = frozenset(name for name, _ in never) & names
        listed = ", ".join(f"{name} {version}" for name, version in sorted(never))
        return Unsolved(culprits, f"it would introduce vulnerable versions: {listed}")

    def _solve(
        self, chosen: Sequence[ProposedFix], never: frozenset[tuple[str, str]]
    ) -> SolvedFixes | Unsolved:
        targets = {**self._expected_moves(chosen), **{one.key: one.to_version for one in chosen}}
        if not never and self._change_pins(targets):
            return self._solved()
        self.solves += 1
        prepare(self.staged, self.pool, raised(self.lock, targets), self._offering(chosen, never))
        try:
            with time_limit(self.seconds):
                code = self.project.lock(self.staged, quiet=True)
            if code != 0:
                return Unsolved(frozenset(), "no common lock for every hardware variant was found")
            return self._solved()
        except IncompleteError:
            raise
        except TimeLimitError:
            guessed = frozenset(one.package for one in chosen if not one.certified) or _names(chosen)
            why = f"the solver found no solution within {self.seconds:.0f} seconds"
            return Unsolved(guessed, why, all_at_once=True)
        except SOLVER_ERRORS as error:
            return Unsolved(*(explained(error) or (frozenset(), " ".join(str(error).split()))))

    def _expected_moves(self, chosen: Sequence[ProposedFix]) -> dict[PackageKey, str]:
        """Return the small steps that parents are expected to take, for the solver to prefer to large ones."""
        moves: dict[str, str] = {}
        for name, version in (move for one in chosen for move in one.moves):
            moves[name] = max(moves.get(name, version), version, key=_order)
        held = self.case.lock.by_name()
        return {held[name][0].key: version for name, version in moves.items() if len(held.get(name, ())) == 1}

    def _change_pins(self, targets: Mapping[PackageKey, str]) -> bool:
        """Change these pins alone, where that is provably right; False when only a solver can decide what follows."""
        if not self._is_certain(targets):
            return False
        path = self.staged.lock_path
        path.write_bytes(self.lock.encode("utf-8"))
        asked = extras_asked_for(self.case.lock, self.case.project)
        text = changed_pins(self.staged.poetry, self.pool, path, targets, asked)
        if text is not None:
            path.write_bytes(text.encode("utf-8"))
            self.staged.poetry.set_locker(Locker(path, self.staged.poetry.pyproject.data))
        return text is not None

    def _is_certain(self, targets: Mapping[PackageKey, str]) -> bool:
        """Say whether all these versions together fit the rest of the lock as it is."""
        needs = needs_from(self.case.poetry.pool)
        reported = {
            package.key: (targets[package.key], needs(package, targets[package.key]))
            for package in self.case.lock.packages
            if package.key in targets
        }
        raised_to = {
            key: Raised(version, tuple(wanted))
            for key, (version, wanted) in reported.items()
            if wanted is not None
        }
        ground = Ground(self.case.lock, self.case.project)
        return len(raised_to) == len(targets) and ground.holds_together(raised_to)

    def _solved(self) -> SolvedFixes:
        """Return what was solved, verified as it will be read; raises LockConflictError for a lock that is not sound."""
        self.project.verify(self.staged)
        text = in_format_of(self.lock, read_file(self.staged.lock_path).decode("utf-8"))
        lock = replace(read_lock(self.staged.lock_path), path=self.case.lock.path)
        return SolvedFixes(text.encode("utf-8"), lock, self.case.audit_of(lock.packages))

    def _offering(self, chosen: Sequence[ProposedFix], never: frozenset[tuple[str, str]]) -> Offering:
        keys, names = {one.key for one in chosen}, _names(chosen)
        only: dict[str, frozenset[str]] = {name: frozenset() for name in names}
        for one in chosen:
            only[one.package] |= {public_version(version) for version in one.safe}
        for package in self.case.lock.packages:
            if package.name in names and package.key not in keys:
                only[package.name] |= {public_version(package.version)}  # another build, without findings
        return Offering(only, floors_of(self.case.lock), never)

    def _worse(self, solved: SolvedFixes, chosen: Sequence[ProposedFix]) -> set[tuple[str, str]]:
        """Return the versions with findings that the old lock did not have; raises IncompleteError for a blind audit."""
        known = {(one.package, name) for one in self.case.findings for name in one.names}
        fixed = {(one.package, identity) for one in chosen for identity in one.advisories}
        blind = {package.name for package in solved.audit.failed} & _names(chosen)
        if blind:
            raise IncompleteError(
                f"the new lock could not be audited: {', '.join(sorted(blind))}",
                hint="poetry.lock is unchanged. Try again later.",
            )
        keys = {one.key for one in chosen}
        kept = {(one.name, one.version) for one in self.case.lock.packages if one.key not in keys}
        return {
            (build.name, public_version(build.version))
            for build in solved.audit.packages
            if (build.name, build.version) not in kept
            for names in ({(build.name, name) for name in one.names} for one in build.findings)
            if names & fixed or not names & known
        }


def _order(version: str) -> Version:
    return parsed(version) or Version("0")
