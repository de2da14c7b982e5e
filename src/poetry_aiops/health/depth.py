"""Depth: how many packages stand one behind the other.

d is the longest chain, in edges from the project, on the condensation of the dependency graph (each cycle is one
node; Tarjan, "Depth-first search and linear graph algorithms", 1972); s = max(0, 100 - 8 * max(0, d - 5)). A node is a
package name, an edge any dependency between two locked names, needed by an extra or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from typing import Final

from poetry_aiops.health.demands import direct_names
from poetry_aiops.health.metric import Metric


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from poetry_aiops.health.metric import Input
    from poetry_aiops.project.model import Lock
    from poetry_aiops.project.model import Project


Graph = dict[str, tuple[str, ...]]

_FREE: Final = 5
_COST: Final = 8
_ROOT: Final = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """A longest chain: the packages of each step, first the direct dependency; a cycle is one step."""

    steps: tuple[tuple[str, ...], ...]

    @property
    def length(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        return " -> ".join("/".join(step) for step in self.steps)


def score_of(depth: int) -> float:
    """Return max(0, 100 - 8 * max(0, d - 5))."""
    return float(max(0, 100 - _COST * max(0, depth - _FREE)))


def depth_metric(lock: Lock, project: Project) -> Metric:
    """Return the metric; it needs nothing but the lock, so it is always known."""
    chain = longest_chain(lock, project)
    inputs: dict[str, Input] = {"longest_chain": chain.length, "chain": str(chain)}
    return Metric("depth", score_of(chain.length), 100.0, (), "", MappingProxyType(inputs))


def longest_chain(lock: Lock, project: Project) -> Chain:
    """Return a longest chain from the project; among equals the alphabetically first."""
    graph = graph_of(lock, project)
    components = tuple(_components(graph, _ROOT))
    home = {name: number for number, members in enumerate(components) for name in members}
    length = [0] * len(components)
    following: list[int | None] = [None] * len(components)
    for number, members in enumerate(components):  # Tarjan gives what is reached before what reaches it
        below = {home[child] for name in members for child in graph[name]} - {number}
        best = min(below, key=lambda other: (-length[other], sorted(components[other])), default=None)
        following[number] = best
        length[number] = 0 if best is None else length[best] + 1
    return Chain(tuple(_steps(components, following, home[_ROOT])))


def graph_of(lock: Lock, project: Project) -> Graph:
    """Return the locked names that each locked name asks for; the project itself is ``""``."""
    locked = {package.name for package in lock.packages}
    children: dict[str, set[str]] = {name: set() for name in locked}
    for package in lock.packages:
        children[package.name].update(edge.name for edge in package.edges if edge.name in locked)
    graph: Graph = {name: tuple(sorted(names)) for name, names in children.items()}
    graph[_ROOT] = tuple(sorted(direct_names(project) & locked))
    return graph


def _steps(
    components: tuple[frozenset[str], ...], following: list[int | None], start: int
) -> Iterator[tuple[str, ...]]:
    here = following[start]
    while here is not None:
        yield tuple(sorted(components[here]))
        here = following[here]


def _components(graph: Mapping[str, Iterable[str]], root: str) -> Iterator[frozenset[str]]:
    """Yield the strongly connected components that ``root`` reaches, each after all that it leads to.

    Tarjan's algorithm without recursion: a chain may be longer than Python's stack.
    """
    index: dict[str, int] = {root: 0}
    low: dict[str, int] = {root: 0}
    open_names, is_open = [root], {root}
    work: list[tuple[str, Iterator[str]]] = [(root, iter(graph[root]))]
    while work:
        name, children = work[-1]
        for child in children:
            if child not in index:
                index[child] = low[child] = len(index)
                open_names.append(child)
                is_open.add(child)
                work.append((child, iter(graph[child])))
                break
            if child in is_open:
                low[name] = min(low[name], index[child])
        else:
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[name])
            if low[name] == index[name]:
                yield _closed(name, open_names, is_open)


def _closed(name: str, open_names: list[str], is_open: set[str]) -> frozenset[str]:
    """Take everything above ``name`` off the stack: it is one component."""
    members = open_names[open_names.index(name) :]
    del open_names[-len(members) :]
    is_open.difference_update(members)
    return frozenset(members)
