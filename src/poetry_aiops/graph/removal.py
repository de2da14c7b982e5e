"""What goes away when the project no longer asks for packages; every report takes its figure from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.graph.answers import KeptPackage, Removal


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.graph.model import DependencyGraph


def removal(graph: DependencyGraph, names: Iterable[str]) -> Removal:
    """Return what goes away when ``names`` leave pyproject.toml together, as after ``poetry remove``.

    A direct dependency that something else still needs stays, but what only its extras brought goes. For a package
    that the project never named the answer is what goes when nothing needs it any more. Raises UsageError for a name
    that the lock does not hold.
    """
    asked = sorted({graph.find(name, "--without-package") for name in names})
    nodes = graph.reach.without(asked)
    gone = graph.reach.names_without(asked)
    left = graph.reach.reached - nodes
    kept = tuple(
        KeptPackage(
            name,
            tuple(
                sorted({one.name for node in stays for one in graph.links.pred[node] if one in left} - {name})
            ),
        )
        for name in asked
        if name in graph.reach.demands and (stays := left.intersection(graph.reach.of[name]))
    )
    transitive = tuple(name for name in asked if name not in graph.reach.demands)
    return Removal(tuple(asked), tuple(sorted(gone)), kept, transitive)
