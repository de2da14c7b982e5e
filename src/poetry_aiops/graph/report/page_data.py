"""What the graph page reads: columns instead of rows and shared texts, so that 650 packages fit into 200 KB.

``page/src/model.js`` turns it back into objects. Texts that are repeated (constraints, markers, group names) are
numbers in ``texts``; packages are numbers in ``nodes.id``.
"""

from __future__ import annotations

import unicodedata
from itertools import chain
from typing import TYPE_CHECKING, Any

from poetry_aiops.graph.constraints import bound_text, upper_bound
from poetry_aiops.graph.layout import places_of
from poetry_aiops.graph.report.words import audit_extent


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import networkx as nx  # type: ignore[import-untyped]

    from poetry_aiops.graph.answers import Answers
    from poetry_aiops.graph.model import (
        Analysis,
        Arrival,
        Cycle,
        DependencyEntry,
        DependencyGraph,
        Diff,
        Edge,
        Node,
        NodeBuild,
    )
    from poetry_aiops.graph.overlay import Overlay


SCHEMA = "poetry-aiops/graph-page/1"
_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


def page_document(
    analysis: Analysis,
    answers: Answers,
    overlay: Overlay,
    variants: Mapping[str, str],
    old: DependencyGraph | None,
) -> dict[str, Any]:
    """Return the document that the page's script reads, with control and direction characters made visible."""
    return _PageWriter(analysis, answers, overlay, variants, old).document()


def shown(text: str) -> str:
    """Return ``text`` with every control, direction and surrogate character replaced, so that none can mislead."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(sign) in _HIDDEN else sign for sign in text
    )


class _PageWriter:
    def __init__(
        self,
        analysis: Analysis,
        answers: Answers,
        overlay: Overlay,
        variants: Mapping[str, str],
        old: DependencyGraph | None,
    ) -> None:
        self.analysis = analysis
        self.graph = analysis.graph
        self.answers = answers
        self.diff = answers.diff if old is not None else None
        self.overlay = overlay
        self.variants = variants
        self.places = places_of(self.graph, *([old] if old is not None else []))
        self.texts: dict[str, int] = {"": 0}
        present = {node.id for node in self.graph.nodes}
        before = old.nodes if old is not None else ()
        self.nodes = [*self.graph.nodes, *(node for node in before if node.id not in present)]
        self.number = {node.id: index for index, node in enumerate(self.nodes)}
        self.links: nx.DiGraph = self.graph.links
        self.link_number = {
            node: index
            for index, node in enumerate(sorted(one for one in self.links if one.name in self.number))
        }

    def document(self) -> dict[str, Any]:
        document = {
            "schema": SCHEMA,
            "project": shown(self.graph.project),
            "lock": self.graph.lock_version or "",
            "python": shown(self.graph.python),
            "scope": _scope(self.analysis),
            "summary": self._summary(),
            "groups": self._groups(),
            "nodes": self._node_columns(),
            "edges": self._edge_columns(),
            "links": self._links(),
            "demands": self._demands(),
            "cycles": [self._cycle(cycle) for cycle in self.analysis.cycles],
            "diff": self._diff(self.diff) if self.diff else None,
            "sizes": {
                str(self.number[name]): size
                for name, size in self.overlay.bytes_by_name.items()
                if name in self.number
            },
            "advisories": self._advisories(),
            "audited": audit_extent(self.overlay.vulnerabilities),
            "focus": self.number.get(self.answers.focus.name, -1) if self.answers.focus else -1,
        }
        return {**document, "bounds": self._bounds(), "texts": list(self.texts)}

    def _text(self, text: str) -> int:
        return self.texts.setdefault(shown(text), len(self.texts))

    def _texts(self, texts: Iterable[str]) -> list[int]:
        return [self._text(text) for text in texts]

    def _numbers(self, names: Iterable[str]) -> list[int]:
        return [self.number[name] for name in names if name in self.number]

    def _summary(self) -> dict[str, Any]:
        summary = self.analysis.summary
        return {
            "packages": summary.packages,
            "edges": summary.edges,
            "hard": summary.edges_hard,
            "direct": summary.direct,
            "depth": summary.depth,
            "longest": summary.longest_chain,
            "chain": self._numbers(summary.chain),
            "missing": [shown(name) for name in summary.direct_missing_from_lock],
            "dangling": [shown(name) for name in summary.dangling],
            "loops": self._numbers(summary.self_loops),
        }

    def _groups(self) -> list[list[str]]:
        asked = [demand.group for demand in self.graph.demands]
        brought = sorted(set(chain.from_iterable(node.groups for node in self.nodes)))
        names = dict.fromkeys(["main"] if "main" in {*asked, *brought} else [])
        names.update(dict.fromkeys([*asked, *brought]))
        return [[shown(name), shown(self.variants.get(name, ""))] for name in names]

    def _node_columns(self) -> dict[str, Any]:
        places = [self.places[node.id] for node in self.nodes]
        present = len(self.graph.nodes)
        brought = self.graph.reach.brought_by()
        return {
            "id": [shown(node.id) for node in self.nodes],
            "name": {
                str(index): shown(node.name) for index, node in enumerate(self.nodes) if node.name != node.id
            },
            "about": [shown(node.description) for node in self.nodes],
            "groups": [self._texts(node.groups) for node in self.nodes],
            "builds": [[self._build(build) for build in node.builds] for node in self.nodes],
            "flags": "".join(map(_flags, self.nodes)),
            "x": [place.x for place in places],
            "y": [place.y for place in places],
            "layer": [place.layer for place in places],
            "frees": [one.frees for one in self.analysis.metrics],
            "brought": [self.number.get(brought.get(node.id, ""), -1) for node in self.graph.nodes],
            "lost": list(range(present, len(self.nodes))),
        }

    def _build(self, build: NodeBuild) -> list[Any]:
        row: list[Any] = [
            self._text(build.version),
            self._text(build.source),
            self._text("" if build.python_versions == "*" else build.python_versions),
            self._texts(build.groups),
            [[self._text(group), self._text(marker)] for group, marker in sorted(build.markers.items())],
        ]
        while row and not row[-1]:
            row.pop()
        return row

    def _edge_columns(self) -> dict[str, Any]:
        edges = list(self.graph.edges)
        lost = [edge for edge in (self.diff.edges_removed if self.diff else ()) if self._known(edge)]
        every = [*edges, *lost]
        return {
            "from": [self.number[edge.source] for edge in every],
            "to": [self.number[edge.target] for edge in every],
            "hard": "".join("1" if edge.hard else "0" for edge in every),
            "entries": [[self._entry(entry, edge) for entry in edge.entries] or [[0]] for edge in every],
            "marker": [self._text(edge.marker) for edge in every],
            "lost": list(range(len(edges), len(every))),
        }

    def _known(self, edge: Edge) -> bool:
        return edge.source in self.number and edge.target in self.number

    def _entry(self, entry: DependencyEntry, edge: Edge) -> int | list[Any]:
        """Return the constraint alone where there is no more to say, and the version only where builds differ."""
        builds = self.nodes[self.number[edge.source]].builds
        row: list[Any] = [
            self._text(entry.constraint),
            self._text(entry.marker),
            self._texts(entry.asks),
            self._texts(entry.extras),
            self._text(entry.version) if len(builds) > 1 else 0,
        ]
        while len(row) > 1 and not row[-1]:
            row.pop()
        return row[0] if len(row) == 1 else row

    def _bounds(self) -> list[list[Any]]:
        """Return of each constraint with an upper bound its text, its rank among the bounds, 0 the lowest, and the bound."""
        constraints = {entry.constraint for edge in self.graph.edges for entry in edge.entries}
        constraints |= {demand.constraint for demand in self.graph.demands}
        bounds = {text: found for text in constraints if (found := upper_bound(text))}
        ranks = {bound: rank for rank, bound in enumerate(sorted(set(bounds.values())))}
        return [
            [self._text(text), ranks[bounds[text]], shown(bound_text(bounds[text]))]
            for text in sorted(bounds)
        ]

    def _links(self) -> dict[str, Any]:
        """Return the lock's own graph: for each build and build with an extra its package, and what it leads to."""
        return {
            "of": [self.number[node.name] for node in self.link_number],
            "build": [node.build for node in self.link_number],
            "extra": [self._text(node.extra) for node in self.link_number],
            "to": [
                sorted(self.link_number[target] for target in self.links[node] if target in self.link_number)
                for node in self.link_number
            ],
        }

    def _demands(self) -> list[list[Any]]:
        return [
            [
                self.number[demand.name],
                self._text(demand.group),
                self._text(demand.constraint),
                self._text(demand.marker),
                self._texts(demand.asks),
                self._texts(demand.in_extras),
                sorted(self.link_number[target] for target in self.links[node] if target in self.link_number),
            ]
            for demand, node in self.graph.demand_nodes()
            if demand.name in self.number
        ]

    def _cycle(self, cycle: Cycle) -> dict[str, Any]:
        return {
            "members": self._numbers(cycle.members),
            "kind": cycle.kind,
            "example": self._numbers(cycle.example),
            "broken": [
                [self.number[breaker.source], self.number[breaker.target], shown(breaker.text)]
                for breaker in cycle.broken_by
                if breaker.source in self.number and breaker.target in self.number
            ],
        }

    def _diff(self, diff: Diff) -> dict[str, Any]:
        came = {(edge.source, edge.target) for edge in diff.edges_added}
        return {
            "old": shown(diff.old),
            "new": shown(diff.new),
            "added": [self._arrival(arrival) for arrival in diff.added],
            "removed": [self._arrival(arrival) for arrival in diff.removed],
            "changed": [
                [self.number[change.name], [*map(shown, change.old)], [*map(shown, change.new)], change.kind]
                for change in diff.changed
                if change.name in self.number
            ],
            "edges_added": [
                index for index, edge in enumerate(self.graph.edges) if (edge.source, edge.target) in came
            ],
            "direct_added": [shown(name) for name in diff.direct_added],
            "direct_removed": [shown(name) for name in diff.direct_removed],
            "unchanged": diff.unchanged,
        }

    def _arrival(self, arrival: Arrival) -> list[Any]:
        return [
            self.number.get(arrival.name, -1),
            [*map(shown, arrival.builds)],
            self._numbers(arrival.because),
            arrival.direct,
        ]

    def _advisories(self) -> dict[str, Any]:
        known = self.overlay.vulnerabilities
        return {
            str(self.number[name]): [
                [shown(found.id), found.severity, shown(found.summary), [*map(shown, found.fixed_in)]]
                for found in advisories
            ]
            for name, advisories in (known.found if known else {}).items()
            if name in self.number
        }


def _flags(node: Node) -> str:
    """Return one digit: 1 for direct, 2 for optional, 4 for not reached, added up."""
    return str(node.direct + 2 * node.optional + 4 * (not node.reached))


def _scope(analysis: Analysis) -> str:
    scope = analysis.graph.scope
    parts = []
    if scope.groups is not None:
        parts.append(f"groups {', '.join(scope.groups)}")
    if scope.extras is not None:
        parts.append(f"extras {', '.join(scope.extras) or 'none'}")
    if scope.target is not None:
        parts.append(f"on {scope.target.name}")
    if scope.variant:
        parts.append(f"with {scope.variant}")
    return shown("; ".join(parts))
