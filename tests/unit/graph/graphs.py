"""Analyses for the reports' tests: a friendly graph and one that means harm."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from tests.unit.graph.small import edge, graph_of

from poetry_aiops.graph.analysis import analyse
from poetry_aiops.graph.answers import Answers, Comparison
from poetry_aiops.graph.constraints import holds_back
from poetry_aiops.graph.cuts import to_lose
from poetry_aiops.graph.diff import diff
from poetry_aiops.graph.dominance import removal
from poetry_aiops.graph.model import Analysis, Build, DependencyGraph, Node
from poetry_aiops.graph.paths import focus, why


HOSTILE = (
    "</script><script>alert(1)</script>",
    '"]; evil [label="x',
    "a\\",
    "x\x1b[31m\x00\x07red\u202egnp",
    "%%{init: {'securityLevel': 'loose'}}%%",
    "`|[link](javascript:alert(1))|`",
    "![img](https://evil.example/x.png) @everyone www.evil.example",
    "&lt;b&gt;<b>\n# heading\r\n- item",
    "]]><!--",
)

WEB = graph_of(
    "web tool",
    edge("web", "base", ">=1,<2"),
    edge("web", "speed", "*", extra="fast"),
    "speed web",
    edge("tool", "base", ">=1", marker="sys_platform == 'win32'"),
    alone="orphan",
    versions={"base": ("1.5", "1.6")},
)


def friendly() -> Analysis:
    return analyse(WEB)


def every_answer(graph: DependencyGraph = WEB) -> Answers:
    first = graph.direct[0]
    return Answers(
        why=(why(graph, "base"), why(graph, "orphan")) if graph is WEB else (why(graph, first),),
        cuts=(to_lose(graph, first),),
        focus=focus(graph, first),
        removal=removal(graph, [first]),
        held=holds_back(graph, "base" if graph is WEB else graph.edges[0].target, ["1.9", "2.5"]),
        comparison=Comparison("v1", "poetry.lock", diff(graph_of("web old", "old gone"), graph)),
    )


def hostile() -> DependencyGraph:
    """Return a graph whose every text tries to get out of its place."""
    nodes = tuple(
        Node(text, text, (Build(text, text),), (text,), direct=True, description=text)
        for text in sorted(HOSTILE)
    )
    edges = tuple(
        edge(one.id, two.id, "<2", extra=one.id if place % 2 else "", marker=two.id if place % 2 else "")
        for place, (one, two) in enumerate(pairwise(nodes))
    )
    demands = tuple(
        replace(demand, name=node.id, pretty_name=node.id, group=node.id, constraint=node.id, marker=node.id)
        for node, demand in zip(nodes, graph_of("a b c d e f g h i").demands, strict=True)
    )
    return DependencyGraph(HOSTILE[0], nodes, edges, demands, dangling=HOSTILE, python=">=3.11")
