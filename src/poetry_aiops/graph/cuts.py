"""What it takes to lose a package, and which packages hold the graph together."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from poetry_aiops.graph.answers import Cut
from poetry_aiops.graph.components import component_of, strongly_connected
from poetry_aiops.graph.numbered import numbered, reached


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.graph.model import DependencyGraph


_PROJECT: Final = -1


def to_lose(graph: DependencyGraph, name: str) -> Cut:
    """Return the smallest set of direct dependencies that every path to ``name`` runs through, and all that lead there.

    Both are empty for a package that the project does not reach. Raises UsageError for an unknown name.
    """
    numbers = numbered(graph)
    goal = numbers.find(name)
    leading = reached(numbers.before, [goal])
    cut = smallest_cut(numbers.after, numbers.roots, goal)
    return Cut(numbers.names[goal], numbers.named(cut), numbers.named(leading & set(numbers.roots)))


def smallest_cut(after: Sequence[Sequence[int]], roots: Iterable[int], goal: int) -> frozenset[int]:
    """Return the fewest of ``roots`` without which ``goal`` is not reached, the set nearest to the project.

    Only roots can be cut, so the graph is first reduced to which root leads to which with none in between (linear).
    There a maximum flow with capacity 1 through each root is found (Ford and Fulkerson 1956); by Menger's theorem
    its value is the size of the cut.
    """
    limited = sorted(set(roots))
    if goal in limited:
        return frozenset({goal})
    network = _Network(_between_roots(after, limited, goal))
    while network.augment():
        pass
    return frozenset(limited[place] for place in network.saturated())


def _between_roots(after: Sequence[Sequence[int]], roots: Sequence[int], goal: int) -> list[list[int]]:
    """Return for each root the places of the roots that it leads to with none in between; the goal is the last place."""
    place = {root: number for number, root in enumerate(roots)} | {goal: len(roots)}
    inner = [() if node in place else targets for node, targets in enumerate(after)]
    components = strongly_connected(inner)
    of = component_of(components, len(after))
    leads = [0] * len(components)  # a bit for each place
    for number, members in enumerate(components):  # what is needed comes before what needs it
        if members[0] in place:
            leads[number] = 1 << place[members[0]]
            continue
        for member in members:
            for target in after[member]:
                leads[number] |= leads[of[target]]
    found = []
    for root in roots:
        bits = 0
        for target in after[root]:
            bits |= leads[of[target]]
        found.append([number for number in range(len(roots) + 1) if bits >> number & 1])
    return found


class _Network:
    """Places with an entry ``2 * p``, an exit ``2 * p + 1`` and one unit between; the project leads to every entry.

    ``came[p]`` is the place before on the unit's way, ``_PROJECT`` at its beginning, None where nothing flows.
    """

    def __init__(self, leads: Sequence[Sequence[int]]) -> None:
        self.leads = leads
        self.goal = 2 * len(leads)
        self.came: list[int | None] = [None] * len(leads)

    def augment(self) -> bool:
        """Send one more unit to the goal; False when none gets there."""
        before = self._search()
        if self.goal not in before:
            return False
        path = [self.goal]
        while path[-1] != _PROJECT:
            path.append(before[path[-1]])
        for here, there in pairwise(reversed(path)):
            if there == self.goal or there % 2:
                continue  # what is taken back along the way is overwritten by what comes instead
            self.came[there // 2] = None if here == there + 1 else here if here == _PROJECT else here // 2
        return True

    def saturated(self) -> list[int]:
        """Return the places that can be entered but not left: the cut nearest to the project."""
        before = self._search()
        return [
            place for place in range(len(self.leads)) if 2 * place in before and 2 * place + 1 not in before
        ]

    def _search(self) -> dict[int, int]:
        """Return whence each entry and exit is reached, on what capacity is left."""
        before = {2 * place: _PROJECT for place in range(len(self.leads))}
        queue = list(before)
        for here in queue:
            if here == self.goal:
                break
            for there in self._open(here):
                if there not in before:
                    before[there] = here
                    queue.append(there)
        return before

    def _open(self, here: int) -> list[int]:
        place, leaving = divmod(here, 2)
        came = self.came[place]
        if leaving:
            onward = [2 * following for following in self.leads[place] if following != place]
            return onward if came is None else [*onward, here - 1]
        if came is None:
            return [here + 1]
        return [] if came == _PROJECT else [2 * came + 1]


def articulation_points(graph: DependencyGraph) -> tuple[str, ...]:
    """Return the packages without which the graph, directions left aside, falls into more parts."""
    numbers = numbered(graph)
    return numbers.named(separating(numbers.after))


def separating(after: Sequence[Sequence[int]]) -> list[int]:
    """Return the articulation points of the undirected graph (Hopcroft and Tarjan 1973, without recursion)."""
    beside = _undirected(after)
    size = len(after)
    order = [0] * size  # 0: not met yet
    low = [0] * size
    found = bytearray(size)
    count = 0
    for start in range(size):
        if order[start]:
            continue
        count += 1
        order[start] = low[start] = count
        branches = 0
        work = [(start, -1, iter(beside[start]))]
        while work:
            node, above, others = work[-1]
            for other in others:
                if not order[other]:
                    count += 1
                    order[other] = low[other] = count
                    work.append((other, node, iter(beside[other])))
                    break
                if other != above and order[other] < low[node]:
                    low[node] = order[other]
            else:
                work.pop()
                if above < 0:
                    continue
                low[above] = min(low[above], low[node])
                if above == start:
                    branches += 1
                elif low[node] >= order[above]:
                    found[above] = 1
        found[start] = branches > 1
    return [node for node in range(size) if found[node]]


def _undirected(after: Sequence[Sequence[int]]) -> list[list[int]]:
    beside: list[set[int]] = [set() for _ in after]
    for node, targets in enumerate(after):
        for target in targets:
            if target != node:
                beside[node].add(target)
                beside[target].add(node)
    return [sorted(others) for others in beside]
