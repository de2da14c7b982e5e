"""A lock as one directed graph: what the project demands, which builds and extras that brings, and through what.

Nodes are ``LockNode`` values: the project, each of its demands, each locked build, and each build together with one of
its extras. An extra that is required is a node of its own because it leads further than the package without it:
``qdrant-client`` needs ``httpx[http2]``, and only that needs ``h2``. Every edge has the tuple ``requirements`` of
``project.model`` values that it comes from, empty where a build with an extra leads to the build itself.

Which extras switch a line on, and that any one of several does, is Poetry's rule (``Provider.complete_package``).
"""

from __future__ import annotations

from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

import networkx as nx  # type: ignore[import-untyped]

from poetry_aiops.errors import InputError
from poetry_aiops.project.constraints import allows
from poetry_aiops.project.extras import own_extras, switching_extras
from poetry_aiops.project.targets import machines_for, marker_applies


if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from poetry_aiops.project.model import Lock, LockedDependency, Package, Project, Requirement


class LockNode(NamedTuple):
    """A node of the graph.

    A demand has no ``name``, its place among the demands from 1 on as ``build``, and its group as ``extra``; the project
    is place 0. A package has its name, the place of the build among those of the name, and one of its extras.
    """

    name: str
    build: int = 0
    extra: str = ""


PROJECT: Final = LockNode("")
NEVER: Final = " never"
"""The extra of lines that nothing switches on; no requirement can name it, because no extra's name has a space."""


def lock_graph(
    packages: Iterable[tuple[Package, Iterable[LockedDependency]]],
    demands: Iterable[tuple[str, Requirement]],
    python: str = "*",
    holds: Callable[[Package, LockedDependency, str], bool] = lambda *_: True,
) -> nx.DiGraph:
    """Return the graph of locked builds with their lines and of the project's demands as (group, requirement) pairs.

    Package nodes have the attribute ``package``, demands ``demand`` and ``group``. ``python`` says on which machines
    two markers may meet, ``holds`` whether a line counts for one of its package's extras, ``""`` for none. A
    requirement leads to the builds of its name that it allows, to all when it allows none.
    """
    rows = tuple((package, tuple(lines)) for package, lines in packages)
    return _GraphBuilder(rows, python, holds).graph(demands)


def names_of_lock(lock: Lock, project: Project) -> nx.DiGraph:
    """Return the names that each locked name leads to, ``""`` for the project: every line counts, whatever its marker."""
    locked = {package.name for package in lock.packages}
    asked = (("", one.name) for group in project.groups.values() for one in group.requirements)
    lines = ((package.name, one.name) for package in lock.packages for one in package.edges)
    names = nx.DiGraph()
    names.add_nodes_from(sorted({"", *locked}))
    names.add_edges_from(
        sorted({(one, two) for one, two in (*asked, *lines) if one != two and two in locked})
    )
    return names


def by_name(graph: nx.DiGraph, within: Container[str] | None = None) -> nx.DiGraph:
    """Return the graph with one node for each name, ``""`` for the project, without edges from a name to itself.

    ``within`` are the names that count besides the project, all without it.
    """
    kept = sorted({node.name for node in graph if not node.name or within is None or node.name in within})
    names = nx.DiGraph()
    names.add_nodes_from(kept)
    names.add_edges_from(
        sorted(
            {
                (one.name, two.name)
                for one, two in graph.edges
                if one.name != two.name and two.name and one.name in names and two.name in names
            }
        )
    )
    return names


def longest_chain(names: nx.DiGraph, start: str = "") -> tuple[tuple[str, ...], ...]:
    """Return the steps of a longest path from ``start``, a cycle being one step of sorted names; the first by name.

    ``start`` itself is no step. Longest paths are found on the condensation of the strongly connected components.
    """
    components = [tuple(sorted(found)) for found in nx.strongly_connected_components(names)]
    home = {name: place for place, members in enumerate(components) for name in members}
    length = [0] * len(components)
    following = [-1] * len(components)
    for place, members in enumerate(components):  # what is reached comes before what reaches it
        below = {home[target] for name in members for target in names[name]} - {place}
        if below:
            following[place] = min(below, key=lambda other: (-length[other], components[other]))
            length[place] = length[following[place]] + 1
    steps = []
    place = following[home[start]]
    while place >= 0:
        steps.append(components[place])
        place = following[place]
    return tuple(steps)


class Reachable:
    """What the project reaches in a graph, and what it would no longer reach without something."""

    def __init__(self, graph: nx.DiGraph) -> None:
        self.graph = graph
        self.reached: frozenset[LockNode] = frozenset({PROJECT} | nx.descendants(graph, PROJECT))
        self.of: dict[str, list[LockNode]] = {}
        for node in graph:
            self.of.setdefault(node.name, []).append(node)
        self.demands: dict[str, list[LockNode]] = {}
        for node in graph[PROJECT]:
            self.demands.setdefault(graph.nodes[node]["demand"].name, []).append(node)

    def without(self, names: Iterable[str]) -> frozenset[LockNode]:
        """Return the nodes that go when the project no longer requires these names.

        A name that it never required is removed itself, as if nothing needed it any more.
        """
        cut = {node for name in names for node in self.demands.get(name) or self.of.get(name, [])}
        below = set(cut)
        waiting = list(cut)
        while waiting:
            for target in self.graph[waiting.pop()]:
                if target not in below:
                    below.add(target)
                    waiting.append(target)
        below &= self.reached
        kept: set[LockNode] = set()
        waiting = [
            node
            for node in below - cut
            if any(one in self.reached and one not in below for one in self.graph.pred[node])
        ]
        while waiting:
            node = waiting.pop()
            if node not in kept:
                kept.add(node)
                waiting += [target for target in self.graph[node] if target in below and target not in cut]
        return frozenset(below - kept)

    def names_without(self, names: Iterable[str]) -> frozenset[str]:
        """Return the package names of which no build is left without these names."""
        gone = self.without(names)
        return frozenset(
            name
            for name in {node.name for node in gone if node.name}
            if all(node in gone for node in self.of[name] if node in self.reached)
        )

    def frees(self) -> dict[str, int]:
        """Return how many package names go without each name: the sizes of ``names_without``, all in one go."""
        tree = self._dominators
        size: dict[object, int] = {}
        for node in nx.dfs_postorder_nodes(tree, PROJECT):
            size[node] = isinstance(node, str) + sum(size[below] for below in tree[node] if below != PROJECT)
        found = {}
        for name, nodes in self.of.items():
            here = [node for node in nodes if node in self.reached]
            if name in self.demands:
                found[name] = size[(name,)]
            else:
                found[name] = (
                    size[here[0]] if len(here) == 1 else len(self.names_without([name])) if here else 0
                )
        return found

    def brought_by(self) -> dict[str, str]:
        """Return for each name that goes with one demanded name alone that name."""
        tree = self._dominators
        return {
            name: gate[0]
            for gate in tree[PROJECT]
            if not isinstance(gate, LockNode | str)
            for name in nx.descendants(tree, gate)
            if isinstance(name, str)
        }

    @cached_property
    def _dominators(self) -> nx.DiGraph:
        """The dominator tree of the demanded names, as ``(name,)``, the reached nodes, and the names, as ``name``.

        The demands of a name become one node, and every name one that each of its builds and extras leads to. Only a
        name that is not demanded and has several nodes is not one node.
        """
        graph = nx.DiGraph()
        graph.add_node(PROJECT)
        for one, two in self.graph.edges:
            if one in self.reached and one != PROJECT:
                graph.add_edge(self._gate(one), two)
        for name in self.demands:
            graph.add_edge(PROJECT, (name,))
        graph.add_edges_from((node, node.name) for node in self.reached if node.name)
        tree = nx.DiGraph([(PROJECT, PROJECT)])
        tree.add_edges_from(
            (top, node) for node, top in nx.immediate_dominators(graph, PROJECT).items() if node != PROJECT
        )
        return tree

    def _gate(self, node: LockNode) -> LockNode | tuple[str]:
        return node if node.name else (self.graph.nodes[node]["demand"].name,)


class _GraphBuilder:
    def __init__(
        self,
        packages: Sequence[tuple[Package, tuple[LockedDependency, ...]]],
        python: str,
        holds: Callable[[Package, LockedDependency, str], bool],
    ) -> None:
        self.packages = packages
        self.python = python
        self.holds = holds
        self.builds: dict[str, list[Package]] = {}
        self.masks: dict[str, int] = {}
        self.found = nx.DiGraph()

    def graph(self, demands: Iterable[tuple[str, Requirement]]) -> nx.DiGraph:
        self.found.add_node(PROJECT)
        nodes = []
        for package, _ in self.packages:
            same = self.builds.setdefault(package.name, [])
            nodes.append(LockNode(package.name, len(same)))
            same.append(package)
            self.found.add_node(nodes[-1], package=package)
        for place, (group, demand) in zip(count(1), demands):
            node = LockNode("", place, group)
            self.found.add_node(node, demand=demand, group=group)
            self._edge(PROJECT, node, demand)
            several = len(self.builds.get(demand.name, ())) > 1
            for build in self._allowed(demand, {group: self._mask(demand.marker)} if several else {}):
                self._ask(node, build, demand)
        for node, (package, lines) in zip(nodes, self.packages, strict=True):
            for line in lines:
                self._line(node, package, line)
        return self.found

    def _line(self, node: LockNode, package: Package, line: LockedDependency) -> None:
        extras: tuple[str, ...] = switching_extras(package, line)
        if not extras and not line.optional:
            extras = ("",)
        several = len(self.builds[package.name]) > 1
        where = (
            self._where(package, line.marker) if several or len(self.builds.get(line.name, ())) > 1 else {}
        )
        if several and not any(where.values()):
            extras = ()  # this build is never installed where the line holds
        for extra in extras or (NEVER,):
            if not self.holds(package, line, extra):
                continue
            source = self._with_extra(node, extra)
            for build in self._allowed(line, where):
                self._ask(source, build, line)

    def _ask(self, source: LockNode, build: LockNode, requirement: LockedDependency | Requirement) -> None:
        self._edge(source, build, requirement)
        for extra in requirement.extras:
            if extra in self.found.nodes[build]["package"].extras:
                self._edge(source, self._with_extra(build, extra), requirement)

    def _with_extra(self, build: LockNode, extra: str) -> LockNode:
        node = build._replace(extra=extra)
        if extra and node not in self.found:
            package = self.found.nodes[build]["package"]
            self.found.add_node(node, package=package)
            self.found.add_edge(node, build, requirements=())
            for other in sorted(own_extras(package, (extra,)) & package.extras.keys() - {extra}):
                self.found.add_edge(node, self._with_extra(build, other), requirements=())
        return node

    def _edge(self, source: LockNode, target: LockNode, requirement: LockedDependency | Requirement) -> None:
        known = self.found.get_edge_data(source, target, {"requirements": ()})["requirements"]
        self.found.add_edge(source, target, requirements=(*known, requirement))

    # -- which of several builds --------------------------------------------------------------------------

    def _allowed(
        self, requirement: LockedDependency | Requirement, where: dict[str, int]
    ) -> Iterator[LockNode]:
        builds = self.builds.get(requirement.name, [])
        places = [
            place
            for place, build in enumerate(builds)
            if len(builds) == 1 or (_takes(requirement, build) and self._meets(build, where))
        ]
        for place in places or range(len(builds)):
            yield LockNode(requirement.name, place)

    def _where(self, package: Package, marker: str) -> dict[str, int]:
        """Return for each group (``""`` in locks without groups) the machines where a build and a marker meet."""
        return {
            group: self._any_mask(package.marker_for((group,))) & self._mask(marker)
            for group in package.groups or ("",)
        }

    def _meets(self, build: Package, where: dict[str, int]) -> bool:
        groups = where.keys() if build.groups is None or "" in where else where.keys() & set(build.groups)
        return any(
            where[group] & self._any_mask(build.marker_for((group,) if group else build.groups or ()))
            for group in groups
        )

    def _any_mask(self, markers: Iterable[str]) -> int:
        found = 0
        for marker in markers:
            found |= self._mask(marker)
        return found

    def _mask(self, marker: str) -> int:
        """Return a bit for each machine where a marker may hold, whatever extras are chosen.

        All for a marker that no known machine meets, such as one about PyPy: of these nothing is known.
        """
        if marker not in self.masks:
            found = 0
            machines = machines_for(self.python)
            everywhere = (1 << len(machines)) - 1
            if marker in {"", "*"}:
                found = everywhere
            else:
                for place, machine in enumerate(machines):
                    found |= marker_applies(marker, machine, None) << place
            self.masks[marker] = found or everywhere
        return self.masks[marker]


def _takes(requirement: LockedDependency | Requirement, build: Package) -> bool:
    """Say whether a requirement names a build's source, where it names one, and allows its version."""
    source: str | None = getattr(requirement, "source", None)
    if source and (build.source.reference if build.source else "pypi") not in {source, source.lower()}:
        return False
    try:
        return allows(requirement.constraint, build.version)
    except (InputError, ValueError):
        return True
