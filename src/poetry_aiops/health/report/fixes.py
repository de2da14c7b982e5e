"""What ``poetry health --fix`` did to the lock, as plain lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.cli.plain import counted
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.health.fixes import FixOutcome, ProposedFix


def outcome_lines(outcome: FixOutcome, *, dry_run: bool) -> tuple[str, ...]:
    """Return the whole difference of the lock with a reason for each package, then what is left and why."""
    return tuple(one_line(line) for line in (*_changes(outcome, dry_run=dry_run), *_left(outcome)))


def _changes(outcome: FixOutcome, *, dry_run: bool) -> Iterator[str]:
    if not outcome.changes:
        yield "poetry.lock stays as it is." if outcome.fixes else "There is nothing to fix."
        return
    verb = "would change" if dry_run else "changed"
    count = counted(len(outcome.changes), "package")
    solves = counted(outcome.solves, "solve") if outcome.solves else "without solving"
    yield f"poetry.lock {verb}: {count} ({solves}, {outcome.seconds:.1f} s; verified and audited again)"
    for change in outcome.changes:
        older = " (an older version)" if change.is_downgrade else ""
        yield f"  {change}{older}: {change.why}"
    if outcome.refreshed:
        yield f"  and the list of files of {counted(len(outcome.refreshed), 'package')}, as the index has it now"
    if dry_run:
        yield "Nothing was written. `poetry health --fix` writes it."
    else:
        yield "`poetry sync` brings it into the environment."


def _left(outcome: FixOutcome) -> Iterator[str]:
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
