"""Depth: how many packages stand one behind the other.

d is the longest chain, in edges from the project, on the condensation of the dependency graph (each cycle is one
node); s = max(0, 100 - 8 * max(0, d - 5)). A node is a
package name, an edge any dependency between two locked names, needed by an extra or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.metric import Metric
from poetry_aiops.project.lock_graph import longest_chain as steps_of_longest_chain
from poetry_aiops.project.lock_graph import names_of_lock


if TYPE_CHECKING:
    from poetry_aiops.health.metric import Input
    from poetry_aiops.project.model import Lock, Project


_FREE: Final = 5
_COST: Final = 8


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
    return Chain(steps_of_longest_chain(names_of_lock(lock, project)))
