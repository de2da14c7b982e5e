"""Every analysis of a graph in one go, for the reports that show all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.graph.cuts import separating
from poetry_aiops.graph.cycles import cycles
from poetry_aiops.graph.dominance import immediate_dominators, subtree_sizes
from poetry_aiops.graph.metrics import betweenness, summary
from poetry_aiops.graph.model import Analysis, Standing
from poetry_aiops.graph.numbered import UNREACHED, distances, numbered


if TYPE_CHECKING:
    from poetry_aiops.graph.model import DependencyGraph


def analyse(graph: DependencyGraph) -> Analysis:
    """Return everything that the reports show of a graph."""
    numbers = numbered(graph)
    depths = distances(numbers.after, numbers.roots)
    dominators = immediate_dominators(numbers.after, numbers.roots)
    frees = subtree_sizes(dominators)
    between, exact = betweenness(numbers.after, numbers.roots)
    separate = set(separating(numbers.after))
    standings = tuple(
        Standing(
            name=name,
            depth=None if depths[index] == UNREACHED else depths[index] + 1,
            needs=len(numbers.after[index]),
            needed_by=len(numbers.before[index]),
            betweenness=between[index],
            articulation=index in separate,
            dominator=numbers.names[dominators[index]] if dominators[index] >= 0 else None,
            frees=frees[index],
        )
        for index, name in enumerate(numbers.names)
    )
    return Analysis(graph, summary(graph), cycles(graph), standings, exact)
