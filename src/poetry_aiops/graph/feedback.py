"""Which edges to take away so that no cycle is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.graph.numbered import adjacency


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_TRIED_ALONE: Final = 400
"""Up to how many edges each one is tried on its own."""

_STEPS: Final = 300_000
"""How many nodes may be looked at to spare edges in a knot that no real lock has."""


def breaking_set(size: int, pairs: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Return the places in ``pairs`` of edges without which the graph of ``size`` nodes has no cycle.

    Edges at the end of ``pairs`` are given up first. One edge where one is enough (up to 400 edges); else a set from
    which no edge could be spared, as far as 300,000 steps go. Finding the smallest set is NP-hard (Karp 1972).
    """
    if len(pairs) <= _TRIED_ALONE:
        if _is_acyclic(size, pairs):
            return frozenset()
        for place in reversed(range(len(pairs))):
            if _is_acyclic(size, [*pairs[:place], *pairs[place + 1 :]]):
                return frozenset({place})
    order = _Order(size, pairs)
    return frozenset(place for place, (source, target) in enumerate(pairs) if not order.add(source, target))


def _is_acyclic(size: int, pairs: Sequence[tuple[int, int]]) -> bool:
    """Say whether the edges can be put in order (Kahn 1962)."""
    after = adjacency(size, pairs)
    waiting_for = [0] * size
    for _, target in pairs:
        waiting_for[target] += 1
    ready = [node for node in range(size) if not waiting_for[node]]
    for node in ready:
        for target in after[node]:
            waiting_for[target] -= 1
            if not waiting_for[target]:
                ready.append(target)
    return len(ready) == size


class _Order:
    """A topological order that takes edges one by one and refuses those that would close a cycle.

    Pearce and Kelly 2006; the first order is a depth-first one, so that few edges have to move anything.
    """

    def __init__(self, size: int, pairs: Sequence[tuple[int, int]]) -> None:
        self.after: list[list[int]] = [[] for _ in range(size)]
        self.before: list[list[int]] = [[] for _ in range(size)]
        self.rank = [0] * size
        self.steps = _STEPS
        finished = _finished(adjacency(size, pairs))
        for rank, node in enumerate(reversed(finished)):
            self.rank[node] = rank

    def add(self, source: int, target: int) -> bool:
        """Take an edge; False when it would close a cycle."""
        if source == target:
            return False
        if self.rank[target] < self.rank[source] and not self._make_room(source, target):
            return False
        self.after[source].append(target)
        self.before[target].append(source)
        return True

    def _make_room(self, source: int, target: int) -> bool:
        if self.steps < 0:
            return False
        below = self._within(self.after, target, lambda rank: rank <= self.rank[source])
        if source in below:
            return False
        above = self._within(self.before, source, lambda rank: rank >= self.rank[target])
        moved = [*sorted(above, key=self.rank.__getitem__), *sorted(below, key=self.rank.__getitem__)]
        for rank, node in zip(sorted(self.rank[node] for node in moved), moved, strict=True):
            self.rank[node] = rank
        return True

    def _within(self, beside: list[list[int]], start: int, keeps: Callable[[int], bool]) -> set[int]:
        found = {start}
        waiting = [start]
        while waiting:
            for node in beside[waiting.pop()]:
                if node not in found and keeps(self.rank[node]):
                    found.add(node)
                    waiting.append(node)
        self.steps -= len(found)
        return found


def _finished(after: Sequence[Sequence[int]]) -> list[int]:
    """Return the nodes as a depth-first search leaves them."""
    seen = bytearray(len(after))
    finished = []
    for start in range(len(after)):
        if seen[start]:
            continue
        seen[start] = 1
        work = [(start, iter(after[start]))]
        while work:
            node, targets = work[-1]
            for target in targets:
                if not seen[target]:
                    seen[target] = 1
                    work.append((target, iter(after[target])))
                    break
            else:
                work.pop()
                finished.append(node)
    return finished
