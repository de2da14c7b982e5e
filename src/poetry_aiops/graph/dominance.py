"""What stands or falls with what: dominators, exclusive closures, and what goes away when the project lets go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.graph.answers import Kept, Removal
from poetry_aiops.graph.model import Closure
from poetry_aiops.graph.numbered import numbered, reached


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.graph.model import DependencyGraph


BY_THE_PROJECT: Final = -1
"""The immediate dominator of a node to which paths share nothing but the project."""

NOT_REACHED: Final = -2
"""The immediate dominator of a node that the project does not lead to."""


def closures(graph: DependencyGraph) -> tuple[Closure, ...]:
    """Return the exclusive closure of every package that the project reaches, in the graph's order.

    Its size is what ``frees`` says: how many packages are there only through it, itself included.
    """
    numbers = numbered(graph)
    below = subtrees(immediate_dominators(numbers.after, numbers.roots))
    return tuple(
        Closure(numbers.names[index], numbers.named(members))
        for index, members in enumerate(below)
        if members
    )


def removal(graph: DependencyGraph, names: Iterable[str]) -> Removal:
    """Return what goes away when ``names`` leave pyproject.toml together.

    A direct dependency that something else still needs stays. For a package that the project never named the answer
    is what goes when nothing needs it any more. Raises UsageError for a name that the graph does not hold.
    """
    numbers = numbered(graph)
    asked = {numbers.find(name, "--without-package") for name in names}
    direct = asked & set(numbers.roots)
    without = asked - direct
    before = reached(numbers.after, numbers.roots)
    roots = [root for root in numbers.roots if root not in asked]
    after = reached(numbers.after, roots, without)
    kept = tuple(
        Kept(numbers.names[index], numbers.named(after & set(numbers.before[index])))
        for index in sorted(direct & after)
    )
    gone = (before | without) - after
    return Removal(numbers.named(asked), numbers.named(gone), kept, numbers.named(without))


def subtrees(dominators: Sequence[int]) -> list[list[int]]:
    """Return the members of each node's subtree in the dominator tree; empty for a node that is not reached."""
    children: list[list[int]] = [[] for _ in dominators]
    tops = []
    for node, dominator in enumerate(dominators):
        if dominator >= 0:
            children[dominator].append(node)
        elif dominator == BY_THE_PROJECT:
            tops.append(node)
    found: list[list[int]] = [[] for _ in dominators]
    for node in reversed(_from_the_top(tops, children)):
        found[node] = [node, *(member for child in children[node] for member in found[child])]
    return found


def subtree_sizes(dominators: Sequence[int]) -> list[int]:
    """Return the size of each node's subtree in the dominator tree; 0 for a node that is not reached."""
    children: list[list[int]] = [[] for _ in dominators]
    for node, dominator in enumerate(dominators):
        if dominator >= 0:
            children[dominator].append(node)
    tops = [node for node, dominator in enumerate(dominators) if dominator == BY_THE_PROJECT]
    sizes = [0] * len(dominators)
    for node in reversed(_from_the_top(tops, children)):
        sizes[node] = 1 + sum(sizes[child] for child in children[node])
    return sizes


def immediate_dominators(after: Sequence[Sequence[int]], roots: Iterable[int]) -> list[int]:
    """Return each node's immediate dominator seen from a project that asks for ``roots``.

    A node's number, ``BY_THE_PROJECT``, or ``NOT_REACHED`` (Lengauer and Tarjan 1979 with path compression,
    O(edges * log nodes), without recursion).
    """
    project = len(after)
    graph = [*after, tuple(dict.fromkeys(roots))]
    order, parent = _depth_first(graph, project)
    dominators = _lengauer_tarjan(graph, order, parent)
    found = [NOT_REACHED] * project
    for node in order[1:]:
        found[node] = BY_THE_PROJECT if dominators[node] == project else dominators[node]
    return found


def _from_the_top(tops: Iterable[int], children: Sequence[Sequence[int]]) -> list[int]:
    """Return the nodes of a forest, each before its children."""
    found = list(tops)
    for node in found:
        found.extend(children[node])
    return found


def _depth_first(graph: Sequence[Sequence[int]], start: int) -> tuple[list[int], list[int]]:
    """Return the nodes in depth-first order and each one's parent in the tree (-1 when not reached)."""
    parent = [-1] * len(graph)
    seen = bytearray(len(graph))
    seen[start] = 1
    order = [start]
    work = [(start, iter(graph[start]))]
    while work:
        node, targets = work[-1]
        for target in targets:
            if not seen[target]:
                seen[target] = 1
                parent[target] = node
                order.append(target)
                work.append((target, iter(graph[target])))
                break
        else:
            work.pop()
    return order, parent


def _lengauer_tarjan(graph: Sequence[Sequence[int]], order: list[int], parent: list[int]) -> list[int]:
    size = len(graph)
    time = [-1] * size
    for moment, node in enumerate(order):
        time[node] = moment
    before: list[list[int]] = [[] for _ in range(size)]
    for node in order:
        for target in graph[node]:
            before[target].append(node)
    semi = time[:]
    forest = _Forest(size, semi)
    dominator = [-1] * size
    waiting: list[list[int]] = [[] for _ in range(size)]
    for node in reversed(order[1:]):
        semi[node] = min(semi[forest.best(source)] for source in before[node])
        waiting[order[semi[node]]].append(node)
        above = parent[node]
        forest.parent[node] = above
        for other in waiting[above]:
            lowest = forest.best(other)
            dominator[other] = lowest if semi[lowest] < semi[other] else above
        waiting[above].clear()
    for node in order[1:]:
        if dominator[node] != order[semi[node]]:
            dominator[node] = dominator[dominator[node]]
    return dominator


class _Forest:
    """The linked part of the depth-first tree; ``best`` is the node with the lowest semidominator on the way up."""

    __slots__ = ("label", "parent", "semi")

    def __init__(self, size: int, semi: list[int]) -> None:
        self.semi = semi
        self.parent = [-1] * size
        self.label = list(range(size))

    def best(self, node: int) -> int:
        parent, label, semi = self.parent, self.label, self.semi
        if parent[node] < 0:
            return node
        trail = []
        top = node
        while parent[parent[top]] >= 0:
            trail.append(top)
            top = parent[top]
        for below in reversed(trail):
            above = parent[below]
            if semi[label[above]] < semi[label[below]]:
                label[below] = label[above]
            parent[below] = parent[above]
        return label[node]
