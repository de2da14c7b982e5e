"""``poetry health --fix``: proposals in milliseconds, one solve for all of them, and a lock that is proved first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError, UsageError
from poetry_aiops.health.blockers import Search
from poetry_aiops.health.certificate import Ground
from poetry_aiops.health.currency import CurrencyOf
from poetry_aiops.health.fix_solving import FixCase, solved_batch
from poetry_aiops.health.fixes import FixOutcome, folded, propose, wanted_fixes, without
from poetry_aiops.health.gate import LACKS
from poetry_aiops.health.lock_diff import lock_changes, refreshed_files
from poetry_aiops.health.security import audit
from poetry_aiops.index.records import IndexAccess, RecordAge, cache_folder, cooldown_of, index_records
from poetry_aiops.locking.api import needs_from
from poetry_aiops.system.files import reported, write_atomically
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.text import counted, one_line


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from poetry_aiops.cli.output import Output
    from poetry_aiops.health.advisory import Audit
    from poetry_aiops.health.audit import HealthLook
    from poetry_aiops.health.fix_batch import Batch
    from poetry_aiops.health.fix_solving import SolvedFixes
    from poetry_aiops.health.fixes import ProposedFix
    from poetry_aiops.health.lock_diff import LockChange
    from poetry_aiops.health.report.model import HealthReport
    from poetry_aiops.locking.api import PoetryProject
    from poetry_aiops.project.model import Package


def fix(output: Output, project: PoetryProject, look: HealthLook, *, dry_run: bool) -> HealthReport:
    """Propose, solve and, unless ``dry_run``, write the fixes; returns the report of the look with the fixes in it.

    Writes what the lock gains and loses. Raises as ``apply_fixes`` does, and UsageError where
    security was not checked.
    """
    case = case_of(look)
    outcome = apply_fixes(project, case, propose_fixes(case), dry_run=dry_run)
    outcome = replace(outcome, fixes=folded(outcome.fixes))
    for line in outcome_lines(outcome, dry_run=dry_run):
        output.line(line)
    return replace(look.report, fixes=outcome.fixes)


def case_of(look: HealthLook) -> FixCase:
    """Return what is to be fixed of a look; findings that the policy ignores stay out."""
    if look.audit is None:
        raise UsageError(
            "it needs the security metric",
            where="--fix",
            hint="Leave out --metric, or add --metric security.",
        )
    poetry, ignored = look.subject.poetry, tuple(one.finding for one in look.sorted.ignored)

    def audit_of(packages: Sequence[Package]) -> Audit:
        return without(audit(packages, look.feeds, look.origins), ignored)

    return FixCase(
        poetry=poetry,
        project=look.subject.project,
        lock=look.subject.lock,
        findings=look.sorted.active,
        audit_of=audit_of,
        access=IndexAccess(
            poetry.pool, poetry.config, cache_folder(poetry.config), RecordAge(offline=look.request.offline)
        ),
        cooldown=cooldown_of(poetry.config),
        now=look.request.now,
    )


def propose_fixes(case: FixCase) -> tuple[ProposedFix, ...]:
    """Return a proposal for every locked package with findings, in lock order; no solver runs, nothing is written.

    Asks the indexes for the records of these packages and for the requirements of the proposed versions.
    """
    ground = Ground(case.lock, case.project)
    look = CurrencyOf(case.lock, ground.demands, case.cooldown, case.now)
    named = {one.package for one in case.findings}
    affected = [package for package in case.lock.packages if package.name in named]
    records = index_records(affected, case.access, now=case.now)
    wanted = wanted_fixes(affected, case.findings, records, look, case.audit_of)
    search = Search(ground, needs_from(case.poetry.pool), _newer_releases(case, look))
    return propose(wanted, search, case.cooldown)


def apply_fixes(
    project: PoetryProject, case: FixCase, fixes: Sequence[ProposedFix], *, dry_run: bool
) -> FixOutcome:
    """Solve all ``pin`` proposals at once and write the lock, unless ``dry_run``; poetry.lock changes whole or not at all.

    The new lock is written after it was verified and audited. Raises UsageError for a lock that does not belong to
    pyproject.toml, IncompleteError when an index or the advisories cannot be read, InputError when the lock changed
    meanwhile; poetry.lock is then as it was.
    """
    pins = [one for one in fixes if one.how == "pin"]
    if not pins:
        return FixOutcome(tuple(fixes))
    problem = ""
    if not case.poetry.locker.is_fresh():
        problem = "it does not match pyproject.toml, so a fix would change more than it shows"
    elif gaps := Ground(case.lock, case.project).gaps:  # locks before Poetry 2.3 pass as fresh in such a case
        problem = f"it {LACKS}: {', '.join(gaps)}"
    if problem:
        raise UsageError(problem, where="poetry.lock", hint="Run `poetry lock` first.")
    before = read_file(case.lock.path)
    batch = solved_batch(project, case, pins, before)
    outcome = _outcome(case, fixes, batch)
    if batch.solution is not None and not dry_run:
        _write(case.lock.path, before, batch.solution.text)
        return replace(outcome, written=True)
    return outcome


# -- proposing ------------------------------------------------------------------------------------------


def _newer_releases(case: FixCase, look: CurrencyOf) -> Callable[[Package], Sequence[str]]:
    """Return a function that gives the newer releases of a package that may be proposed, ascending."""
    known: dict[object, tuple[str, ...]] = {}

    def newer(package: Package) -> tuple[str, ...]:
        if package.key not in known:
            record = index_records([package], case.access, now=case.now).of(package)
            locked = record.release(package.version) if record else None
            releases = reversed(look.newer(package, record, locked)) if record and locked else ()
            known[package.key] = tuple(one.version for one, obstacle in releases if obstacle is None)
        return known[package.key]

    return newer


# -- output and writing ----------------------------------------------------------------------------------


def _outcome(case: FixCase, fixes: Sequence[ProposedFix], batch: Batch[SolvedFixes]) -> FixOutcome:
    solved = batch.solution
    if solved is None:
        reported = tuple(_answered(one, batch, {}) for one in fixes)
        return FixOutcome(reported, solves=batch.solves)
    reasons = {
        name: tuple(dict.fromkeys(i for one in fixes if one.package == name for i in one.advisories))
        for name in batch.names
    }
    changes = lock_changes(case.lock, solved.lock, reasons)
    by_name: dict[str, list[LockChange]] = {}
    for change in changes:
        by_name.setdefault(change.package, []).append(change)
    return FixOutcome(
        fixes=tuple(_answered(one, batch, by_name) for one in fixes),
        changes=changes,
        refreshed=refreshed_files(case.lock, solved.lock),
        after=solved.audit,
        solves=batch.solves,
    )


def _answered(
    fix: ProposedFix, batch: Batch[SolvedFixes], changes: Mapping[str, Sequence[LockChange]]
) -> ProposedFix:
    """Return the proposal with what the solver made of it."""
    if fix.how != "pin":
        return fix
    if fix.package in batch.dropped:
        return replace(fix, how="blocked", blockers=(*fix.blockers, batch.dropped[fix.package]))
    mine = [one for one in changes.get(fix.package, ()) if one.old in {fix.from_version, ""}]
    lines = tuple(line for one in mine for line in one.lines)
    version = next((one.new for one in mine if one.old == fix.from_version and one.new), "")
    return replace(fix, to_version=version, diff=lines)


def _write(path: Path, before: bytes, after: bytes) -> None:
    if read_file(path) != before:
        raise InputError(
            "another program changed it while the fixes were solved",
            where=path.name,
            hint="Nothing was written. Run `poetry health --fix` again.",
        )
    with reported("the file cannot be written", path, "Make it writable, then run this again."):
        write_atomically(path, after)


def outcome_lines(outcome: FixOutcome, *, dry_run: bool) -> tuple[str, ...]:
    """Return the whole difference of the lock with a reason for each package, then what is left and why."""
    return tuple(one_line(line) for line in (*_changes(outcome, dry_run=dry_run), *_left(outcome)))


def _changes(outcome: FixOutcome, *, dry_run: bool) -> Iterator[str]:
    if not outcome.changes:
        yield "poetry.lock is unchanged." if outcome.fixes else "There is nothing to fix."
        return
    verb = "would change" if dry_run else "changed"
    count = counted(len(outcome.changes), "package")
    solves = counted(outcome.solves, "solve") if outcome.solves else "without solving"
    yield f"poetry.lock {verb}: {count} ({solves}; verified and audited again)"
    for change in outcome.changes:
        older = " (an older version)" if change.is_downgrade else ""
        yield f"  {change}{older}: {change.why}"
    if outcome.refreshed:
        yield f"  and the list of files of {counted(len(outcome.refreshed), 'package')}, as the index has it now"
    if dry_run:
        yield "Nothing was written. `poetry health --fix` writes it."
    else:
        yield "Install it with `poetry sync`."


def _left(outcome: FixOutcome) -> Iterator[str]:
    yield from (f"{one.package}: {one.doubt}; a smaller step may do" for one in outcome.fixes if one.doubt)
    open_ones = [one for one in outcome.fixes if not one.diff or one.left]
    if open_ones:
        yield "Not fixed:"
    for fix in open_ones:
        yield f"  {_head(fix)}"
        yield from (f"    {blocker}" for blocker in dict.fromkeys(fix.blockers) if not fix.diff)
        if fix.how == "edit" and fix.edit:
            yield f"    change {fix.edit}, then `poetry lock`"
        if fix.exception:
            yield f"    {fix.exception}"


def _head(fix: ProposedFix) -> str:
    if fix.diff:
        return f"{fix.package} {fix.to_version}: no release fixes {', '.join(fix.left)}"
    target = f", fixed in {fix.to_version}" if fix.to_version else ""
    return f"{fix.package} {fix.from_version}{target} ({', '.join((*fix.advisories, *fix.left))})"
