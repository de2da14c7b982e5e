"""Strongly connected components, and the graph that is left when each is one node."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Sequence


def strongly_connected(after: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Return the components, each ascending, what is needed before what needs it (Tarjan 1972, without recursion)."""
    size = len(after)
    order = [0] * size  # 0: not met yet
    low = [0] * size
    open_ = bytearray(size)
    trail: list[int] = []
    components: list[tuple[int, ...]] = []
    count = 0
    for start in range(size):
        if order[start]:
            continue
        work = [(start, iter(after[start]))]
        count += 1
        order[start] = low[start] = count
        trail.append(start)
        open_[start] = 1
        while work:
            node, targets = work[-1]
            for target in targets:
                if not order[target]:
                    count += 1
                    order[target] = low[target] = count
                    trail.append(target)
                    open_[target] = 1
                    work.append((target, iter(after[target])))
                    break
                if open_[target] and order[target] < low[node]:
                    low[node] = order[target]
            else:
                work.pop()
                if work and low[node] < low[work[-1][0]]:
                    low[work[-1][0]] = low[node]
                if low[node] == order[node]:
                    components.append(_closed(node, trail, open_))
    return components


def component_of(components: Sequence[Sequence[int]], size: int) -> list[int]:
    """Return the number of each node's component."""
    found = [0] * size
    for number, members in enumerate(components):
        for member in members:
            found[member] = number
    return found


def _closed(node: int, trail: list[int], open_: bytearray) -> tuple[int, ...]:
    """Take a finished component off the trail."""
    place = len(trail) - 1
    while trail[place] != node:
        place -= 1
    members = trail[place:]
    del trail[place:]
    for member in members:
        open_[member] = 0
    return tuple(sorted(members))
