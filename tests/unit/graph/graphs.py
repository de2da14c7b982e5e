"""Analyses for the reports' tests: a friendly graph and one that means harm."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.unit.graph.small import edge, graph_of

from poetry_aiops.graph.analysis import analyse, removal
from poetry_aiops.graph.answers import Answers
from poetry_aiops.graph.constraints import holds_back
from poetry_aiops.graph.diff import diff
from poetry_aiops.graph.paths import focus, why
from poetry_aiops.project.model import Requirement


if TYPE_CHECKING:
    from poetry_aiops.graph.model import Analysis, DependencyGraph


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
    edge("tool", "web", "*", asks=("fast",)),
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
        focus=focus(graph, first),
        removal=removal(graph, [first]),
        held=holds_back(graph, "base" if graph is WEB else graph.edges[0].target),
        diff=diff(graph_of("web old", "old gone"), graph, ("v1", "poetry.lock")),
    )


def hostile() -> DependencyGraph:
    """Return a graph whose every text tries to get out of its place."""
    texts = sorted(HOSTILE)
    demands = tuple((text, Requirement(text, text, constraint=text)) for text in texts)
    graph = graph_of(
        "",
        *(edge(one, two, "<2") for one, two in pairwise(texts)),
        demands=demands,
        versions={text: (text,) for text in texts},
    )
    edges = tuple(
        one._replace(hard=not place % 2, extras=(one.source,) * (place % 2), marker=one.target * (place % 2))
        for place, one in enumerate(graph.edges)
    )
    nodes = tuple(
        node._replace(
            groups=(node.id,),
            description=node.id,
            builds=tuple(replace(build, source=node.id) for build in node.builds),
        )
        for node in graph.nodes
    )
    asked = tuple(demand._replace(marker=demand.name) for demand in graph.demands)
    return replace(graph, project=HOSTILE[0], nodes=nodes, edges=edges, demands=asked, dangling=HOSTILE)
