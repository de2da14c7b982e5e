"""The graph as text for a terminal: the tree, the figures, and the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.graph.answers import NO_ANSWERS
from poetry_aiops.graph.overlay import NO_OVERLAY
from poetry_aiops.graph.report.tree import REPEATED, tree_lines
from poetry_aiops.graph.report.words import cycle_lines, figures, oddities, overlay_rows, sections
from poetry_aiops.system.text import counted, one_line


if TYPE_CHECKING:
    from poetry_aiops.graph.answers import Answers
    from poetry_aiops.graph.model import Analysis, DependencyGraph
    from poetry_aiops.graph.overlay import Overlay


ASCII: Final = str.maketrans("├└│─", "|`|-")
"""What draws the lines of a tree on a terminal without line signs."""


def graph_text(
    analysis: Analysis,
    answers: Answers = NO_ANSWERS,
    depth: int | None = None,
    overlay: Overlay = NO_OVERLAY,
) -> str:
    """Return the tree, or the one around the package in focus, with the figures and the answers.

    ``depth`` cuts the tree below that many levels.
    """
    lines = [] if answers.focus else [*tree_lines(analysis.graph, depth), ""]
    text = "\n".join(
        [*lines, summary_text(analysis, overlay), *_answer_lines(answers, overlay, analysis.graph)]
    )
    if REPEATED in text:
        text += f"\n\n{REPEATED} is shown in full where it is nearer to the start."
    return text


def summary_text(analysis: Analysis, overlay: Overlay = NO_OVERLAY) -> str:
    """Return the figures, the cycles and what looks odd, without the tree."""
    rows = [
        *figures(analysis.summary),
        *_frees(analysis),
        *oddities(analysis),
        *overlay_rows(analysis, overlay),
    ]
    width = max(len(title) for title, _ in rows) + 2
    lines = [f"{title + ':':<{width}}{text}" for title, text in rows]
    for cycle in analysis.cycles:
        first, *rest = cycle_lines(cycle)
        lines += [f"{'Cycle:':<{width}}{first}", *(f"{'':<{width}}{line}" for line in rest)]
    if not analysis.cycles:
        lines.append(f"{'Cycles:':<{width}}none")
    return "\n".join(lines)


def answers_text(answers: Answers, graph: DependencyGraph, overlay: Overlay = NO_OVERLAY) -> str:
    """Return the answers alone."""
    return "\n".join(_answer_lines(answers, overlay, graph)).strip("\n")


def cycles_text(analysis: Analysis) -> str:
    """Return every cycle with what breaks it, or that there is none."""
    if not analysis.cycles:
        return "There are no dependency cycles."
    lines = [counted(len(analysis.cycles), "circle") + " of packages that need each other"]
    for cycle in analysis.cycles:
        first, *rest = cycle_lines(cycle)
        lines += [f"  {first}", *(f"    {line}" for line in rest)]
    return "\n".join(lines)


def _frees(analysis: Analysis) -> list[tuple[str, str]]:
    most = ", ".join(f"{one.name} ({one.frees})" for one in analysis.freeing()[:5])
    return [("Removing frees most", one_line(most))] if most else []


def _answer_lines(answers: Answers, overlay: Overlay, graph: DependencyGraph) -> list[str]:
    return [
        line
        for section in sections(answers, graph, overlay)
        for line in ("", section.title, *(f"  {line}" for line in section.lines))
    ]
