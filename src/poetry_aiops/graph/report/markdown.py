"""``dependency_analysis.md``: the graph's analyses as Markdown that GitHub and GitLab show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.graph.answers import NO_ANSWERS
from poetry_aiops.graph.overlay import NO_OVERLAY
from poetry_aiops.graph.report.words import (
    ARROW,
    audit_extent,
    cycle_lines,
    figures,
    in_bytes,
    largest,
    oddities,
    scope_text,
    sections,
    worst_first,
)
from poetry_aiops.system.text import counted, one_line


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.graph.answers import Answers
    from poetry_aiops.graph.model import Analysis, DependencyGraph
    from poetry_aiops.graph.overlay import Overlay


_SHOWN: Final = 15
_SPECIAL: Final = frozenset("\\`*_{}[]()#+!|~$")
_ENTITIES: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;"}
_ADDRESSES: Final = {"://": "&#58;//", "www.": "www&#46;"}  # what GitHub makes a link of without being asked


def graph_markdown(analysis: Analysis, answers: Answers = NO_ANSWERS, overlay: Overlay = NO_OVERLAY) -> str:
    """Return the report; it has no date, so that it changes only when the lock does."""
    project = inert(analysis.graph.project or "the project")
    blocks = [
        f"# Dependencies of {project}",
        _scope(analysis),
        _table(("Figure", "Value"), figures(analysis.summary)),
    ]
    blocks += _answers(answers, analysis.graph, overlay)
    blocks += _vulnerable(analysis, overlay)
    blocks += _sizes(overlay)
    blocks += ["## Cycles", _cycles(analysis), "## What removing a dependency frees", _removals(analysis)]
    blocks += ["## Groups", _groups(analysis)]
    odd = oddities(analysis)
    blocks += ["## Worth a look", _table(("What", "Packages"), odd)] if odd else []
    return "\n\n".join(block for block in blocks if block) + "\n"


def inert(text: str) -> str:
    """Return a text in which Markdown and HTML find nothing to act on, neither links nor mentions."""
    signs = one_line(text).replace(ARROW, " → ")
    found = "".join(_ENTITIES.get(sign, f"\\{sign}" if sign in _SPECIAL else sign) for sign in signs)
    for address, harmless in _ADDRESSES.items():
        found = found.replace(address, harmless)
    return f"\\{found}" if found.startswith("- ") else found  # else a list in the list, without the sign


def _scope(analysis: Analysis) -> str:
    chosen = scope_text(analysis.graph.scope)
    return inert(f"Only {chosen}.") if chosen else "Every locked package, all groups and extras included."


def _answers(answers: Answers, graph: DependencyGraph, overlay: Overlay) -> list[str]:
    blocks = []
    for section in sections(answers, graph, overlay):
        blocks.append(f"## {inert(section.title)}")
        if section.is_tree:
            blocks.append("\n".join(["```text", *(line.replace("`", "'") for line in section.lines), "```"]))
            continue
        bullets = ("  - " if line.startswith("  ") else "- " for line in section.lines)
        lines = zip(bullets, section.lines, strict=True)
        blocks.append("\n".join(f"{bullet}{inert(line.strip())}" for bullet, line in lines))
    return blocks


def _vulnerable(analysis: Analysis, overlay: Overlay) -> list[str]:
    known = overlay.vulnerabilities
    extent = audit_extent(known)
    said = f"{extent[0].upper()}{extent[1:]}."
    if known is None or not known.found:
        return ["## Known vulnerabilities", said]
    versions = {node.id: ", ".join(node.versions) for node in analysis.graph.nodes}
    rows = [
        (
            name,
            versions[name],
            one.id,
            one.severity or "not rated",
            ", ".join(one.fixed_in) or "no version yet",
            one.summary,
        )
        for name, found in worst_first(known)
        for one in found
    ]
    head = ("Package", "Version", "Advisory", "Severity", "Fixed in", "What")
    return ["## Known vulnerabilities", said, _table(head, rows)]


def _sizes(overlay: Overlay) -> list[str]:
    if overlay.sizes is None:
        return []
    sizes = overlay.sizes
    rows = [(name, in_bytes(size)) for name, size in largest(sizes, _SHOWN)]
    said = f"{in_bytes(sizes.total)} to download on {sizes.machine}, for {counted(len(sizes.by_name()), 'package')}."
    unknown = [(one.name, one.version, one.reason) for one in sizes.unknown]
    return [
        "## Sizes",
        inert(said),
        _table(("Package", "Download"), rows) if rows else "",
        _table(("Size not known", "Version", "Why"), unknown) if unknown else "",
    ]


def _cycles(analysis: Analysis) -> str:
    if not analysis.cycles:
        return "None."
    lines = []
    for cycle in analysis.cycles:
        first, *rest = cycle_lines(cycle)
        lines += [f"- {inert(first)}", *(f"  - {inert(line)}" for line in rest)]
    return "\n".join(lines)


def _removals(analysis: Analysis) -> str:
    rows = [(one.name, str(one.frees), str(one.needed_by)) for one in analysis.freeing()[:_SHOWN]]
    if not rows:
        return "No direct dependency has a package to itself."
    return _table(("Direct dependency", "Packages that go with it", "Needed by"), rows)


def _groups(analysis: Analysis) -> str:
    graph = analysis.graph
    names = dict.fromkeys([*(demand.group for demand in graph.demands), *_locked_groups(analysis)])
    rows = []
    for group in names:
        direct = len({demand.name for demand in graph.demands if demand.group == group and demand.locked})
        brought = [node for node in graph.nodes if group in node.groups]
        alone = sum(len(node.groups) == 1 for node in brought)
        rows.append((group, str(direct), str(len(brought)), str(alone)))
    return _table(("Group", "Direct", "Packages", "In no other group"), rows) if rows else "None."


def _locked_groups(analysis: Analysis) -> Iterable[str]:
    return sorted({group for node in analysis.graph.nodes for group in node.groups})


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(inert(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)
