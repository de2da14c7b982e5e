"""The graph in every format: what it says, that it is the same twice, and that hostile text stays inert."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from tests.support.every import for_each
from tests.support.schemas import conforming
from tests.unit.graph.graphs import WEB, every_answer, friendly, hostile
from tests.unit.graph.small import LINUX, edge, graph_of

from poetry_aiops.graph.analysis import analyse
from poetry_aiops.graph.answers import Answers
from poetry_aiops.graph.model import Scope
from poetry_aiops.graph.report.document import graph_document
from poetry_aiops.graph.report.dot import graph_dot, quoted
from poetry_aiops.graph.report.graphml import graph_graphml
from poetry_aiops.graph.report.markdown import graph_markdown, inert
from poetry_aiops.graph.report.mermaid import MAX_CHARACTERS, MAX_EDGES, graph_mermaid
from poetry_aiops.graph.report.text import ASCII, answers_text, graph_text, summary_text
from poetry_aiops.graph.report.tree import focus_lines, tree_lines
from poetry_aiops.project.model import Requirement
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_aiops.graph.model import Analysis


def as_json(analysis: Analysis, answers: Answers | None = None) -> str:
    content = graph_document(analysis, answers or Answers())
    return json.dumps({"schema": "poetry-aiops/graph/1", **content})


FORMATS: dict[str, Callable[[Analysis], str]] = {
    "json": as_json,
    "markdown": graph_markdown,
    "dot": graph_dot,
    "mermaid": graph_mermaid,
    "graphml": graph_graphml,
    "text": graph_text,
}
HIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


@for_each("write", FORMATS.values())
def test_two_runs_give_the_same_bytes(write: Callable[[Analysis], str]) -> None:
    assert write(friendly()) == write(friendly())


@for_each("write", FORMATS.values())
def test_no_format_passes_control_or_direction_characters_on(write: Callable[[Analysis], str]) -> None:
    assert not HIDDEN.search(write(analyse(hostile())))


@for_each("write", FORMATS.values())
def test_an_empty_graph_can_be_written(write: Callable[[Analysis], str]) -> None:
    assert write(analyse(graph_of("")))


def test_plain_text_is_one_line_of_visible_signs() -> None:
    assert one_line("a\x1b[31m\nb\u202ec\ud800") == "a[31m bc"
    assert one_line("naïve café 包") == "naïve café 包"


class TestJson:
    def test_it_meets_its_schema_with_every_answer(self) -> None:
        document = conforming(as_json(friendly(), every_answer()))
        assert {"why", "focus", "removal", "held", "diff"} <= document.keys()

    def test_hostile_text_meets_it_too(self) -> None:
        graph = hostile()
        conforming(as_json(analyse(graph), every_answer(graph)))

    def test_a_scope_is_named(self) -> None:
        graph = replace(WEB, scope=Scope(("main",), (), LINUX))
        document = conforming(as_json(analyse(graph)))
        assert document["graph"]["scope"] == {
            "groups": ["main"],
            "extras": [],
            "target": "linux-x86_64-py3.12",
            "variant": None,
        }

    def test_the_contract_of_nodes_edges_and_cycles(self) -> None:
        document = json.loads(as_json(friendly()))
        node = next(node for node in document["nodes"] if node["id"] == "base")
        assert node["versions"] == ["1.5", "1.6"]
        assert {"groups", "direct", "optional"} <= node.keys()
        assert {
            "source": "web",
            "target": "speed",
            "hard": False,
            "extras": ["fast"],
            "marker": 'extra == "fast"',
            "constraint": "*",
            "asks": [],
        } in document["edges"]
        assert [(one["members"], one["kind"]) for one in document["cycles"]] == [(["speed", "web"], "extra")]
        assert document["summary"]["orphans"] == ["orphan"]

    def test_a_question_that_nobody_asked_has_no_key(self) -> None:
        assert "why" not in graph_document(friendly())

    def test_networkx_reads_it(self) -> None:
        networkx = pytest.importorskip("networkx", reason="networkx reads node-link documents")
        read = networkx.node_link_graph(json.loads(as_json(friendly())), edges="edges")
        assert set(read.edges) == {(one.source, one.target) for one in WEB.edges}
        assert read.is_directed()


class TestDot:
    def test_edges_and_their_kinds(self) -> None:
        text = graph_dot(friendly())
        assert '  "" -> "web";' in text
        assert '  "web" -> "speed" [style=dashed, color="#c1121f", tooltip="[fast]"];' in text
        assert """  "tool" -> "base" [tooltip="sys_platform == 'win32'"];""" in text

    def test_nothing_leaves_its_quotes(self) -> None:
        string = r'"(?:[^"\\]|\\.)*"'
        look = rf" \[(?:\w+=(?:{string}|\w+)(?:, )?)+\]"
        line = re.compile(rf"  {string}(?: -> {string})?(?:{look})?;")
        body = [one for one in graph_dot(analyse(hostile())).splitlines() if one.startswith('  "')]
        assert len(body) > 20
        assert all(line.fullmatch(one) for one in body)

    def test_a_backslash_is_no_escape(self) -> None:
        assert quoted('a\\n"') == '"a\\\\n\\""'


class TestGraphml:
    def test_networkx_reads_what_was_written(self) -> None:
        networkx = pytest.importorskip("networkx", reason="networkx reads GraphML")
        read = networkx.parse_graphml(graph_graphml(friendly()))
        assert set(read.edges) == {(one.source, one.target) for one in WEB.edges}
        assert read.nodes["web"]["direct"] is True
        assert read.nodes["web"]["depth"] == 1
        assert read.edges["web", "speed"]["hard"] is False

    def test_hostile_text_is_data(self) -> None:
        root = ET.fromstring(graph_graphml(analyse(hostile())))
        space = "{http://graphml.graphdrawing.org/xmlns}"
        assert {child.tag for child in root.iter()} == {
            f"{space}{name}" for name in ("graphml", "key", "graph", "node", "edge", "data")
        }
        ids = {node.get("id") for node in root.iter(f"{space}node")}
        assert {one.get("source") for one in root.iter(f"{space}edge")} <= ids


class TestMermaid:
    LINE = re.compile(
        r"flowchart LR|  %% .*|  classDef \w+ [\w:#.-]+"
        r'|  \w+(?:\["[^"]*"\]|\(\["[^"]*"\]\))(?::::\w+)?|  \w+ (?:-->|-\.->) \w+'
    )

    def large(self, size: int = 700) -> Analysis:
        names = [f"package-number-{place:04}" for place in range(size)]
        edges = [edge(names[place // 2], names[place]) for place in range(1, size)]
        edges += [edge(names[place // 3], names[place]) for place in range(6, size)]
        return analyse(graph_of(names[0], *edges))

    def test_every_line_is_one_that_mermaid_knows(self) -> None:
        for analysis in (friendly(), analyse(hostile()), self.large()):
            assert [
                line for line in graph_mermaid(analysis).splitlines() if not self.LINE.fullmatch(line)
            ] == []

    def test_a_small_graph_is_whole(self) -> None:
        text = graph_mermaid(friendly())
        assert '["web 1.0"]:::cycle' in text
        assert "-.->" in text
        assert "Shown" not in text

    def test_a_large_graph_is_cut_to_the_limits_and_says_so(self) -> None:
        text = graph_mermaid(self.large())
        arrows = sum("-->" in line or "-.->" in line for line in text.splitlines())
        assert arrows <= MAX_EDGES
        assert len(text) <= MAX_CHARACTERS
        assert re.search(r"note\[\"Shown: \d+ of 700 packages", text)
        assert '["package-number-0000 1.0"]' in text

    def test_the_characters_are_limited_too(self) -> None:
        text = graph_mermaid(self.large(), max_characters=3000)
        assert len(text) <= 3000
        assert "Shown" in text

    def test_directives_and_markup_in_names_are_codes(self) -> None:
        text = graph_mermaid(analyse(hostile()))
        assert "%%{" not in text
        assert not set(text) & set("<`|{}")


class TestText:
    def test_a_package_is_shown_once_and_then_named(self) -> None:
        lines = tree_lines(graph_of("a b", "a x", "b x", "x y"))
        assert lines == [
            "a 1.0",
            "└── x 1.0",
            "    └── y 1.0",
            "b 1.0",
            "└── (*) x",
        ]

    def test_what_is_optional_or_bound_to_a_marker_says_so(self) -> None:
        text = graph_text(friendly())
        assert "orphan 1.0  (not needed by the project)" in text
        lines = tree_lines(graph_of("a", edge("a", "b", marker="sys_platform == 'win32'")))
        assert lines[1] == '└── b 1.0  ; sys_platform == "win32"'
        asked = graph_of(
            "", edge("a", "b", extra="x"), "a c", demands=(("main", Requirement("a", "a", extras=("x",))),)
        )
        assert tree_lines(asked) == ["a[x] 1.0", "├── b 1.0  (extra x)", "└── c 1.0"]

    def test_builds_that_exclude_each_other_have_a_line_each_with_what_only_they_need(self) -> None:
        graph = graph_of(
            "a",
            edge("a", "lib", "<2"),
            edge("b", "lib", ">=2"),
            "b",
            "lib base",
            versions={"lib": ("1.0", "2.0")},
        )
        assert tree_lines(graph)[:3] == ["a 1.0", "└── lib 1.0", "    └── base 1.0"]
        assert any("not needed" in line for line in tree_lines(graph) if line.startswith("lib 2.0"))

    def test_the_tree_around_a_package_goes_up_to_the_project_and_down(self) -> None:
        graph = graph_of(
            "web", edge("web", "mid", ">=1,<3", asks=("tls",)), edge("mid", "low", "^2"), "tool mid"
        )
        assert focus_lines(graph, "mid") == [
            "Needed by",
            "mid 1.0",
            "└── web 1.0  wants [tls] >=1,<3",
            "    └── the project (main)",
            "Needs",
            "mid 1.0",
            "└── low 1.0  wants ^2",
        ]
        assert focus_lines(graph, "mid", 1)[:2] == ["Needed by", "mid 1.0"]
        assert focus_lines(graph, "tool") == ["Nothing leads to it."]

    def test_it_never_has_more_than_two_lines_for_a_package(self) -> None:
        size = 60
        edges = [edge(f"p{one:02}", f"p{two:02}") for one in range(size) for two in range(one + 1, size)]
        lines = tree_lines(graph_of("p00", *edges))
        assert len(lines) <= 2 * size

    def test_it_can_do_without_line_signs(self) -> None:
        assert graph_text(friendly()).translate(ASCII).isascii()

    def test_it_can_be_cut_at_a_depth(self) -> None:
        graph = graph_of("a", "a b", "b c", "c d")
        assert len(tree_lines(graph, 2)) == 2
        assert len(tree_lines(graph, 1)) == 1

    def test_a_chain_of_thousands_needs_no_recursion(self) -> None:
        size = 3000
        edges = [edge(f"p{place:04}", f"p{place + 1:04}") for place in range(size)]
        assert len(tree_lines(graph_of("p0000", *edges))) == size + 1

    def test_the_summary_names_cycles_and_what_breaks_them(self) -> None:
        text = summary_text(friendly())
        assert "speed -> web -> speed (only through an extra)" in text
        assert "without the extra fast of web, it does not need speed" in text
        assert "Locked but not needed by the project: orphan" in re.sub(" +", " ", text)

    def test_every_answer_is_said(self) -> None:
        text = answers_text(every_answer(), WEB)
        for words in (
            "Why base is there",
            "2 direct dependencies lead to it: tool, web",
            "main: web * -> base >=1,<2",
            "it is left over in the lock",
            "Around tool",
            "Without tool",
            "What limits base 1.5",
            "tightest: web 1.0 wants >=1,<2",
            "From v1 to poetry.lock",
            "- gone 1.0 (old -> gone; old left pyproject.toml)",
        ):
            assert words in text


class TestMarkdown:
    def test_its_sections(self) -> None:
        text = graph_markdown(friendly(), every_answer())
        headings = [line for line in text.splitlines() if line.startswith("#")]
        assert headings[0] == "# Dependencies of app"
        assert {"## Cycles", "## Groups", "## Worth a look", "## Why base is there"} <= set(headings)

    def test_hostile_text_is_neither_markup_nor_link_nor_mention(self) -> None:
        graph = hostile()
        text = graph_markdown(analyse(graph), every_answer(graph))
        fence = "`" * 3
        before, tree, after = re.split(rf"^{fence}.*\n", text, flags=re.MULTILINE)
        assert "`" not in tree
        text = before + after
        assert not re.search(r"<|(?<!\\)\[|(?<!\\)`|@|www\.|://", text)
        assert [line for line in text.splitlines() if line.startswith("# heading")] == []

    def test_a_pipe_does_not_end_a_cell(self) -> None:
        rows = [line for line in graph_markdown(analyse(hostile())).splitlines() if line.startswith("|")]
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} <= {3, 4, 5}


def test_names_are_counted_beside_packages_only_where_a_name_has_several() -> None:
    one, several = graph_of("a", "a b"), graph_of("a", "a b", versions={"b": ("1.0", "2.0")})
    assert re.search(r"^Packages: +2$", summary_text(analyse(one)), re.MULTILINE)
    assert re.search(r"^Packages: +3, 2 names$", summary_text(analyse(several)), re.MULTILINE)


def test_the_minus_of_what_went_away_is_shown_and_begins_no_list() -> None:
    assert inert("- ecdsa 1.0") == "\\- ecdsa 1.0"
    assert inert("-") == "-"
