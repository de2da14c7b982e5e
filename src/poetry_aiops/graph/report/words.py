"""The graph's answers as plain sentences; the text and the Markdown report show the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from poetry_aiops.graph.advisories import SEVERITIES
from poetry_aiops.graph.overlay import NO_OVERLAY
from poetry_aiops.graph.report.tree import focus_lines
from poetry_aiops.system.text import counted, one_line


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.graph.advisories import ReportedAdvisory, Vulnerabilities
    from poetry_aiops.graph.answers import Answers, PathStep, Removal, Why
    from poetry_aiops.graph.model import (
        Analysis,
        Arrival,
        BuildChange,
        Cycle,
        DependencyGraph,
        Diff,
        Held,
        Holder,
        Scope,
        Summary,
    )
    from poetry_aiops.graph.overlay import Overlay
    from poetry_aiops.graph.sizes import Sizes


ARROW: Final = " -> "
NOT_AUDITED: Final = "not audited: no report of poetry health about this lock"
NAMED: Final = 40
"""How many names a sentence lists before it says how many more there are."""

_NEXT_UNIT: Final = 999.5
_NO_FRACTION: Final = 99.95
_KINDS: Final = {
    "hard": "a real cycle",
    "extra": "only through an extra",
    "marker": "on no single machine",
}


class TextSection(NamedTuple):
    """A heading and the lines below it; ``is_tree`` says that the lines are a drawing."""

    title: str
    lines: tuple[str, ...]
    is_tree: bool = False


def sections(answers: Answers, graph: DependencyGraph, overlay: Overlay = NO_OVERLAY) -> list[TextSection]:
    """Return a section for everything that was asked; with sizes, what goes away is weighed, too."""
    found = [_why(why) for why in answers.why]
    if focus := answers.focus:
        known = focus.name in graph.by_id
        around = focus_lines(graph, focus.name, focus.depth) if known else [_not_needed(focus.name)]
        found.append(TextSection(f"Around {focus.name}", tuple(around), is_tree=known))
    found += [_removal(answers.removal, graph, overlay)] if answers.removal else []
    found += [_held(held) for held in answers.held]
    found += [_diff(answers.diff, overlay)] if answers.diff else []
    return [
        section._replace(title=one_line(section.title), lines=tuple(map(one_line, section.lines)))
        for section in found
    ]


def scope_text(scope: Scope) -> str:
    """Return what is left of the lock, such as ``groups main; on linux-x86_64-py3.13``; empty for all of it."""
    parts = [
        f"groups {', '.join(scope.groups)}" if scope.groups is not None else "",
        f"extras {', '.join(scope.extras) or 'none'}" if scope.extras is not None else "",
        f"on {scope.target.name}" if scope.target else "",
        f"with the variant {scope.variant}" if scope.variant else "",
    ]
    return "; ".join(filter(None, parts))


def figures(summary: Summary) -> list[tuple[str, str]]:
    """Return the figures of a graph, each with its name."""
    packages = str(summary.packages)
    if summary.packages != summary.nodes:
        packages += f", {summary.nodes} names"
    optional = summary.edges - summary.edges_hard
    edges = f"{summary.edges}, {optional} of them through extras" if optional else str(summary.edges)
    return [
        ("Packages", packages),
        ("Direct", str(summary.direct)),
        ("Edges", edges),
        ("Depth", str(summary.depth)),
        ("Longest chain", f"{summary.longest_chain}: {one_line(ARROW.join(summary.chain))}"),
    ]


def oddities(analysis: Analysis) -> list[tuple[str, str]]:
    """Return what looks wrong in the lock, or worth a look, each with the names that it is about."""
    summary = analysis.summary
    rows = [
        ("Declared but not locked", summary.direct_missing_from_lock),
        ("Locked but not needed by the project", summary.orphans),
        ("Locked in several builds", summary.several_versions),
        ("Requires itself", summary.self_loops),
        ("Needed but not locked", summary.dangling),
    ]
    return [(title, one_line(listed(names))) for title, names in rows if names]


def overlay_rows(analysis: Analysis, overlay: Overlay) -> list[tuple[str, str]]:
    """Return what the overlay says in a line or two: what the download weighs, what is vulnerable."""
    rows = _size_rows(overlay.sizes) if overlay.sizes else []
    known = overlay.vulnerabilities
    versions = {node.id: ", ".join(node.versions) for node in analysis.graph.nodes}
    found = [
        f"{name} {versions[name]} ({one[0].severity or 'not rated'})" for name, one in worst_first(known)
    ]
    return [
        *rows,
        ("Vulnerable", f"{one_line(listed(found))}; {audit_extent(known)}" if found else audit_extent(known)),
    ]


def audit_extent(known: Vulnerabilities | None) -> str:
    """Return how much of the graph was audited, and that nothing is known only where something was."""
    if known is None or not (known.found or known.audited):
        return NOT_AUDITED
    if known.found:
        return known.extent
    return f"none known ({known.extent})" if known.is_complete else f"{known.extent}, none found in these"


def worst_first(known: Vulnerabilities | None) -> list[tuple[str, tuple[ReportedAdvisory, ...]]]:
    """Return packages with their advisories, by the severity of their worst one, then by name."""
    found = known.found if known else {}
    return sorted(found.items(), key=lambda item: (SEVERITIES.index(item[1][0].severity), item[0]))


def in_bytes(size: int) -> str:
    """Return a size as people read it: ``802 MB``, ``1.2 GB``; units of 1,000."""
    number, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while number >= _NEXT_UNIT and len(units) > 1:
        number /= 1000
        del units[0]
    whole = number >= _NO_FRACTION or units[0] == "B"
    return f"{number:.0f} {units[0]}" if whole else f"{number:.1f} {units[0]}"


def largest(sizes: Sizes, limit: int) -> list[tuple[str, int]]:
    """Return the largest packages with their bytes."""
    return sorted(sizes.by_name().items(), key=lambda item: (-item[1], item[0]))[:limit]


def _size_rows(sizes: Sizes) -> list[tuple[str, str]]:
    known = sizes.by_name()
    said = f"{in_bytes(sizes.total)} for {counted(len(known), 'package')}" if known else "not known"
    rows = [("Download", f"{said} on {one_line(sizes.machine)}")]
    if most := ", ".join(f"{name} ({in_bytes(size)})" for name, size in largest(sizes, 5)):
        rows.append(("Largest", one_line(most)))
    reasons: dict[str, dict[str, None]] = {}
    for one in sizes.unknown:
        reasons.setdefault(one.reason, {})[f"{one.name} {one.version}"] = None
    unknown = (f"{listed(list(names), limit=5)} ({reason})" for reason, names in reasons.items())
    return [*rows, *(("Size not known", one_line(text)) for text in unknown)]


def cycle_lines(cycle: Cycle) -> list[str]:
    """Say which packages need each other, what kind of cycle that is, and what breaks it."""
    circle = ARROW.join([*cycle.example, cycle.example[0]])
    size = "" if len(cycle.members) == len(cycle.example) else f", {len(cycle.members)} packages in all"
    broken = [f"broken: {breaker.text}" for breaker in cycle.broken_by]
    return [one_line(line) for line in (f"{circle} ({_KINDS[cycle.kind]}{size})", *broken)]


def listed(names: Sequence[str], limit: int = NAMED) -> str:
    """Return names in one line; beyond ``limit`` it says how many more there are."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def _why(why: Why) -> TextSection:
    title = f"Why {why.name} is there" if why.start is None else f"How {why.start} leads to {why.name}"
    if not why.needed:
        return TextSection(title, (_not_needed(why.name),))
    if not why.paths:
        nothing = "No requirement of the project leads to it: it is left over in the lock."
        return TextSection(title, (nothing if why.start is None else f"{why.start} does not lead to it.",))
    lines = []
    if why.start is None:
        leads = counted(len(why.leading), "direct dependency leads", "direct dependencies lead")
        lines.append(f"{leads} to it: {listed(why.leading)}")
        lines.append("A shortest path for each, with what each step requires, the tightest last step first:")
    lines += [f"  {path_text(steps)}" for steps in why.steps]
    lines += [f"  and {why.more} more"] if why.more else []
    for held in why.held:
        tight = [_holder(holder) for holder in held.holders if holder.tightest]
        limit = f"; tightest: {listed(tight, limit=3)}" if tight else ", without an upper bound"
        lines.append(f"Locked is {held.name} {held.version}; all together allow {held.allowed}{limit}")
    return TextSection(title, tuple(lines))


def path_text(steps: Sequence[PathStep]) -> str:
    """Return a path with what each step requires: ``main: web[fast] >=1 -> base ^2 ; sys_platform == "linux"``."""
    first = steps[0]
    extras = f" with the extra {' or '.join(first.extras)}" if first.extras else ""
    text = f"{first.group or 'main'}{extras}: " if first.source is None else first.source
    for step in steps:
        text += ARROW if step.source else ""
        asks = f"[{','.join(step.asks)}]" if step.asks else ""
        text += f"{step.target}{asks} {step.constraint}"
        text += f" (of {step.source}[{' or '.join(step.extras)}])" if step.source and step.extras else ""
        text += f" (of {step.source} {' | '.join(step.source_versions)})" if step.source_versions else ""
        text += f" ; {step.marker}" if step.marker else ""
    last = steps[-1]
    is_exact = last.allows.lstrip("<=") == last.constraint.lstrip("=")
    return text + (f"  (allows {last.allows})" if last.allows and not is_exact else "")


def _not_needed(name: str) -> str:
    return f"{name} is locked, but nothing in this selection leads to it."


def _removal(removal: Removal, graph: DependencyGraph, overlay: Overlay) -> TextSection:
    title = f"Without {', '.join(removal.asked)}"
    lines = [_not_needed(name) for name in removal.asked if name not in graph.by_id]
    lines += [f"{kept.name} stays: it is still needed by {listed(kept.needed_by)}" for kept in removal.kept]
    lines += [
        f"{name} is not in pyproject.toml: this is what goes when nothing needs it any more"
        for name in removal.transitive
        if name in graph.by_id
    ]
    if not removal.gone:
        return TextSection(title, (*lines, "Nothing goes away."))
    goes = counted(len(removal.gone), "package goes", "packages go")
    sizes = overlay.bytes_by_name
    weight = sum(sizes.get(name, 0) for name in removal.gone)
    away = f"{goes} away{f', {in_bytes(weight)} less to download' if weight else ''}"
    return TextSection(title, (*lines, f"{away}: {listed(removal.gone, limit=400)}"))


def _held(held: Held) -> TextSection:
    title = f"What limits {held.name} {held.version}".strip()
    if not held.version:
        return TextSection(title, (_not_needed(held.name),))
    if not held.holders:
        return TextSection(title, ("Nothing requires it.",))
    lines = [f"All together allow {held.allowed}"]
    tight = [holder for holder in held.holders if holder.tightest]
    lines += [f"tightest: {_holder(holder)}" for holder in tight]
    if not tight:
        lines.append("Nothing limits it.")
    rest = [holder for holder in held.holders if not holder.tightest]
    lines += [_holder(holder) for holder in rest[:NAMED]]
    if len(rest) > NAMED:
        lines.append(f"and {len(rest) - NAMED} more, none of them tighter")
    return TextSection(title, tuple(lines))


def _holder(holder: Holder) -> str:
    owner = f"{holder.owner} {holder.owner_version}".strip()
    owner += f" ({holder.group})" if holder.group else ""
    text = f"{owner} wants {holder.constraint}"
    text += f" ; {holder.marker}" if holder.marker else ""
    return text + (" (optional)" if holder.optional else "")


def _diff(diff: Diff, overlay: Overlay) -> TextSection:
    title = f"From {diff.old} to {diff.new}"
    if diff.is_empty:
        return TextSection(title, ("Nothing changed.",))
    counts = (
        f"{len(diff.added)} added, {len(diff.removed)} removed, {len(diff.changed)} changed, {diff.unchanged} as before",
        f"{len(diff.edges_added)} edges added, {len(diff.edges_removed)} removed",
    )
    lines = ["; ".join(counts)]
    more = overlay.sizes.change(diff) if overlay.sizes else None
    if more is not None:
        lines.append(f"{in_bytes(abs(more))} {'less' if more < 0 else 'more'} to download")
    lines += [f"+ {_arrival(one, 'is new in pyproject.toml')}" for one in diff.added]
    lines += [f"- {_arrival(one, 'left pyproject.toml')}" for one in diff.removed]
    lines += [f"~ {_change(one)}" for one in diff.changed]
    return TextSection(title, tuple(lines))


def _change(change: BuildChange) -> str:
    note = {"downgrade": " (downgrade)", "major": " (major)"}.get(change.kind, "")
    return f"{change.name} {', '.join(change.old)}{ARROW}{', '.join(change.new)}{note}"


def _arrival(arrival: Arrival, what: str) -> str:
    chain, is_alone = ARROW.join(arrival.because), len(arrival.because) == 1
    if arrival.direct:
        reason = what if is_alone else f"{chain}; {arrival.because[0]} {what}"
    else:
        reason = "nothing that the project requires leads to it" if is_alone else chain
    return f"{arrival.name} {', '.join(arrival.builds)} ({reason})"
