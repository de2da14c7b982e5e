"""Graphs and pages for the tests and benchmarks of the graph page; the same on every run."""

from __future__ import annotations

import random
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from poetry_aiops.graph.advisories import ReportedAdvisory, Vulnerabilities
from poetry_aiops.graph.analysis import analyse
from poetry_aiops.graph.answers import Answers
from poetry_aiops.graph.diff import diff
from poetry_aiops.graph.model import DependencyEntry, DependencyGraph, Edge, Node, NodeBuild, ProjectDemand
from poetry_aiops.graph.overlay import Overlay
from poetry_aiops.graph.report.page import graph_page
from poetry_aiops.graph.sizes import BuildSize, Sizes
from poetry_aiops.project.lock_graph import lock_graph
from poetry_aiops.project.model import LockedDependency as Line
from poetry_aiops.project.model import Package, Requirement


if TYPE_CHECKING:
    import networkx as nx  # type: ignore[import-untyped]


HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=2'>&lt;\u202e\u0007"


def node(id_: str, version: str = "1.0", groups: tuple[str, ...] = ("main",), **more: Any) -> Node:
    builds = more.pop("builds", (NodeBuild(version, groups=groups),))
    return Node(id_, more.pop("name", id_), builds, groups, **more)


def edge(source: str, target: str, constraint: str = ">=1", **more: Any) -> Edge:
    entry = DependencyEntry(
        "1.0", constraint, more.get("marker", ""), (), not more.get("hard", True), more.get("extras", ())
    )
    return Edge(source, target, constraint=constraint, entries=(entry,), **more)


def graph_of(
    nodes: list[Node], edges: list[Edge], demands: list[ProjectDemand], project: str = "demo"
) -> DependencyGraph:
    return DependencyGraph(
        project,
        tuple(sorted(nodes, key=lambda each: each.id)),
        tuple(sorted(edges, key=lambda each: (each.source, each.target))),
        tuple(demands),
        links_of(nodes, edges, demands),
        python=">=3.11",
    )


def links_of(nodes: list[Node], edges: list[Edge], demands: list[ProjectDemand]) -> nx.DiGraph:
    """Return the lock graph that these nodes, edges and demands stand for."""
    lines = [
        (
            one.source,
            Line(one.target, line.constraint, line.asks, line.marker, optional=line.optional),
            line.extras,
        )
        for one in edges
        for line in one.entries
    ]
    packages = [
        (
            Package(
                name=one.id,
                pretty_name=one.name,
                version=build.version,
                description=one.description,
                optional=one.optional,
                python_versions="*",
                groups=build.groups,
                markers=build.markers,
                files=(),
                edges=(),
                extras={
                    extra: (line.name,)
                    for source, line, extras in lines
                    if source == one.id
                    for extra in extras
                },
                source=None,
            ),
            [line for source, line, _ in lines if source == one.id],
        )
        for one in nodes
        for build in one.builds
    ]
    asked = [
        (one.group, Requirement(one.name, one.pretty_name, one.constraint, one.asks, one.marker))
        for one in demands
    ]
    return lock_graph(packages, asked, ">=3.11")


def small_graph(*, newer: bool = True) -> DependencyGraph:
    """Return a graph with one of everything: variants, extras, a cycle, an orphan, several versions."""
    torch = tuple(
        NodeBuild(
            f"2.9.0+{kind}",
            f"pytorch-{kind}",
            (f"ml-{kind}",),
            MappingProxyType({f"ml-{kind}": "sys_platform == 'linux'"}),
        )
        for kind in ("cpu", "cu126")
    )
    nodes = [
        node("api", "2.0" if newer else "1.9", direct=True, description="Serves the model over HTTP"),
        node("http-core", description="Low level HTTP"),
        node("bytes-kit"),
        node("ring-a", description="One half of a cycle"),
        node("ring-b"),
        node("torch", builds=torch, groups=("ml-cpu", "ml-cu126"), direct=True, optional=True),
        node("cuda-runtime", groups=("ml-cu126",), optional=True),
        node("speed", optional=True, description="Only with the extra fast"),
        node("tester", groups=("test",), direct=True),
        node("plug", groups=("test",)),
        node("stray", groups=(), reached=False),
        node("new-thing" if newer else "old-thing", description="Came or went"),
    ]
    edges = [
        edge("api", "http-core", ">=1,<2"),
        edge("api", "ring-a"),
        edge("api", "new-thing" if newer else "old-thing"),
        edge("http-core", "bytes-kit"),
        edge("http-core", "speed", hard=False, extras=("fast",)),
        edge("ring-a", "ring-b"),
        edge("ring-b", "ring-a", hard=False, extras=("more",)),
        edge("torch", "cuda-runtime", marker="platform_machine == 'x86_64'"),
        edge("torch", "bytes-kit"),
        edge("tester", "plug"),
        edge("plug", "bytes-kit", ">=0.9"),
    ]
    demands = [
        ProjectDemand("api", "api", "main", ">=2"),
        ProjectDemand("torch", "torch", "ml-cpu", "==2.9.0"),
        ProjectDemand("torch", "torch", "ml-cu126", "==2.9.0"),
        ProjectDemand("tester", "tester", "test", "*"),
    ]
    return graph_of(nodes, edges, demands)


def full_page() -> str:
    """Return the page with every optional part."""
    new, old = small_graph(), small_graph(newer=False)
    sizes = [BuildSize(each.id, "1", size=40_000 * (place + 1)) for place, each in enumerate(new.nodes)]
    advisories = {"bytes-kit": (ReportedAdvisory("GHSA-demo", "high", "Reads too far", ("1.1",)),)}
    return page_of(
        new,
        old,
        variants={"ml-cpu": "cpu", "ml-cu126": "cu126"},
        overlay=Overlay(
            Sizes("here", tuple(sizes)),
            Vulnerabilities(advisories, frozenset({"bytes-kit"}), len(new.nodes)),
        ),
    )


def page_of(new: DependencyGraph, old: DependencyGraph | None = None, **more: Any) -> str:
    answers = Answers(diff=diff(old, new, ("v1.0", "working tree")) if old else None)
    return graph_page(analyse(new), answers, old=old, **more)


def hostile_page() -> str:
    """Return a page whose every free text tries to leave its place."""
    nodes = [
        node("bad", HOSTILE, (HOSTILE,), direct=True, description=HOSTILE, name=HOSTILE),
        node("worse", groups=(HOSTILE,), description="<!--<script>"),
    ]
    return page_of(
        graph_of(
            nodes,
            [edge("bad", "worse", HOSTILE, marker=HOSTILE)],
            [ProjectDemand("bad", "bad", HOSTILE, HOSTILE)],
            HOSTILE,
        ),
        overlay=Overlay(
            vulnerabilities=Vulnerabilities(
                {"bad": (ReportedAdvisory(HOSTILE, "high", HOSTILE, (HOSTILE,)),)}, frozenset(), 1
            )
        ),
    )


def large_graph(count: int, seed: int = 7) -> DependencyGraph:
    """Return ``count`` packages with the shape of real locks: few popular leaves, most needed once or twice."""
    chance = random.Random(seed)
    names = [f"package-{number:04}" for number in range(count)]
    pairs: set[tuple[int, int]] = set()
    for number in range(1, count):
        pairs.add((int(number * chance.random() ** 0.6), number))
        for _ in range(int(chance.expovariate(0.55))):
            popular = count - 1 - int(count * chance.random() ** 2.2)
            if popular > number:
                pairs.add((number, popular))
    direct = set(range(count // 6))
    nodes = [
        node(
            name,
            f"{number % 9}.{number % 7}.{number % 5}",
            direct=number in direct,
            description=f"Does one thing well, number {number}",
        )
        for number, name in enumerate(names)
    ]
    edges = [edge(names[source], names[target]) for source, target in sorted(pairs) if source != target]
    return graph_of(
        nodes,
        edges,
        [ProjectDemand(names[number], names[number], "main") for number in sorted(direct)],
        "large",
    )
