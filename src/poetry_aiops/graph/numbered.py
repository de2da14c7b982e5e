"""A graph as plain numbers: what every algorithm of this package works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import UsageError
from poetry_aiops.project.checks import did_you_mean, normalised


if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from poetry_aiops.graph.model import DependencyGraph


Adjacency = tuple[tuple[int, ...], ...]

UNREACHED: Final = -1


@dataclass(frozen=True, slots=True)
class Numbered:
    """Node ``i`` is ``names[i]``; names, ``after[i]`` (what it needs) and ``before[i]`` are in ascending order.

    ``roots`` are the nodes that the project itself asks for.
    """

    names: tuple[str, ...]
    number: Mapping[str, int]
    after: Adjacency
    before: Adjacency
    roots: tuple[int, ...]

    def named(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """Return the names of some nodes, sorted."""
        return tuple(self.names[index] for index in sorted(numbers))

    def find(self, name: str, where: str = "") -> int:
        """Return the node of a package by any spelling of its name; UsageError when the graph has none."""
        found = self.number.get(normalised(name), self.number.get(name))
        if found is None:
            hint = did_you_mean(normalised(name), self.names) or "`poetry show` lists what is locked."
            raise UsageError(
                f'the graph holds no package "{name[:120]}"', where=where or None, hint=hint
            ) from None
        return found


def numbered(graph: DependencyGraph) -> Numbered:
    """Return the graph's nodes and edges as numbers."""
    names = tuple(node.id for node in graph.nodes)
    number = {name: index for index, name in enumerate(names)}
    pairs = [(number[edge.source], number[edge.target]) for edge in graph.edges]
    roots = tuple(index for index, node in enumerate(graph.nodes) if node.direct)
    return Numbered(names, number, adjacency(len(names), pairs), adjacency(len(names), swapped(pairs)), roots)


def adjacency(size: int, pairs: Iterable[tuple[int, int]]) -> Adjacency:
    """Return the successors of each of ``size`` nodes, ascending."""
    found: list[list[int]] = [[] for _ in range(size)]
    for source, target in pairs:
        found[source].append(target)
    return tuple(tuple(sorted(targets)) for targets in found)


def swapped(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(target, source) for source, target in pairs]


def distances(after: Sequence[Sequence[int]], start: Iterable[int]) -> list[int]:
    """Return the number of edges from the nearest node of ``start``, ``UNREACHED`` where no path leads."""
    layer = list(dict.fromkeys(start))
    found = [UNREACHED] * len(after)
    for index in layer:
        found[index] = 0
    step = 0
    while layer:
        step += 1
        following: list[int] = []
        for index in layer:
            for target in after[index]:
                if found[target] == UNREACHED:
                    found[target] = step
                    following.append(target)
        layer = following
    return found


def reached(
    after: Sequence[Sequence[int]], start: Iterable[int], without: Collection[int] = ()
) -> frozenset[int]:
    """Return every node that ``start`` leads to, itself included, as if the nodes ``without`` were not there."""
    seen = set(without)
    waiting = [index for index in start if index not in seen]
    found: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index not in found:
            found.add(index)
            waiting.extend(target for target in after[index] if target not in seen and target not in found)
    return frozenset(found)
