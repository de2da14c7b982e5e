"""What sizes and advisories add to the graph's text, Markdown and JSON."""

from __future__ import annotations

import json

import pytest
from tests.support.every import for_each
from tests.support.schemas import conforming
from tests.unit.graph.graphs import friendly
from tests.unit.graph.small import graph_of

from poetry_aiops.graph.advisories import ReportedAdvisory, Vulnerabilities
from poetry_aiops.graph.answers import Answers, Removal
from poetry_aiops.graph.overlay import Overlay
from poetry_aiops.graph.report.document import graph_document
from poetry_aiops.graph.report.markdown import graph_markdown
from poetry_aiops.graph.report.text import answers_text, graph_text
from poetry_aiops.graph.report.words import in_bytes
from poetry_aiops.graph.sizes import BuildSize, Sizes


SIZES = Sizes(
    "linux-x86_64-py3.12",
    (
        BuildSize("base", "1.5", "", "base-1.5.whl", 1_240_000_000),
        BuildSize("base", "1.6", "", "base-1.6.whl", 12_000),
        BuildSize("web", "1.0", "", "web.whl", 802_400_000),
        BuildSize("speed", "1.0", reason="it comes from a git repository"),
    ),
)
FOUND = {"web": (ReportedAdvisory("GHSA-x", "high", "Reads | too <far>", ("1.1",)), ReportedAdvisory("B"))}
NAMES = tuple(node.id for node in friendly().graph.nodes)
OVERLAY = Overlay(SIZES, Vulnerabilities(FOUND, frozenset(NAMES), len(NAMES)))


def test_text_says_what_the_download_weighs_and_what_is_vulnerable() -> None:
    text = " ".join(graph_text(friendly(), overlay=OVERLAY).split())
    assert "Download: 2.0 GB for 2 packages on linux-x86_64-py3.12" in text
    assert "Largest: base (1.2 GB), web (802 MB)" in text
    assert "Size not known: speed 1.0 (it comes from a git repository)" in text
    assert f"Vulnerable: web 1.0 (high); {len(NAMES)} of {len(NAMES)} audited" in text


@pytest.mark.parametrize(
    ("audited", "said"),
    [
        ((), "not audited"),
        (NAMES[:2], f"2 of {len(NAMES)} audited, none found in these"),
        (NAMES, f"none known ({len(NAMES)} of {len(NAMES)} audited)"),
    ],
)
def test_nothing_is_known_only_of_what_was_audited(audited: tuple[str, ...], said: str) -> None:
    overlay = Overlay(None, Vulnerabilities({}, frozenset(audited), len(NAMES)))
    text, markdown = graph_text(friendly(), overlay=overlay), graph_markdown(friendly(), overlay=overlay)
    assert f"Vulnerable: {said}" in " ".join(text.split())
    assert said.casefold() in " ".join(markdown.partition("## Known vulnerabilities")[2].split()).casefold()
    document = graph_document(friendly(), overlay=overlay)
    assert document["audit"] == {"audited": len(audited), "packages": len(NAMES)}
    assert {node["id"] for node in document["nodes"] if "advisories" in node} == set(audited)


def test_without_a_report_nothing_was_audited() -> None:
    assert "Vulnerable: not audited" in " ".join(graph_text(friendly()).split())
    assert "## Known vulnerabilities\n\nNot audited" in graph_markdown(friendly())
    assert graph_document(friendly())["audit"]["audited"] == 0


def test_unknown_sizes_are_told_by_their_reasons() -> None:
    builds = tuple(BuildSize(f"p{place}", "1", reason="fruit: it cannot be reached") for place in range(7))
    text = " ".join(graph_text(friendly(), overlay=Overlay(Sizes("linux", builds))).split())
    assert "Download: not known on linux" in text
    assert "Size not known: p0 1, p1 1, p2 1, p3 1, p4 1 and 2 more (fruit: it cannot be reached)" in text


def test_what_goes_away_is_weighed() -> None:
    gone = Answers(removal=Removal(("web",), ("base", "web")))
    text = answers_text(gone, graph_of(""), OVERLAY)
    assert "2 packages go away, 2.0 GB less to download: base, web" in text
    assert "less to download" not in answers_text(gone, graph_of(""))


def test_markdown_has_a_table_of_each_with_inert_texts() -> None:
    text = graph_markdown(friendly(), overlay=OVERLAY)
    assert "| web | 1.0 | GHSA-x | high | 1.1 | Reads \\| too &lt;far&gt; |" in text
    assert "| web | 1.0 | B | not rated | no version yet |  |" in text
    assert "| base | 1.2 GB |" in text


def test_json_has_the_facts_only_where_somebody_asked() -> None:
    document = conforming(
        json.dumps({"schema": "poetry-aiops/graph/1", **graph_document(friendly(), overlay=OVERLAY)})
    )
    nodes = {node["id"]: node for node in document["nodes"]}
    assert nodes["base"]["size"] == 1_240_000_000
    assert [build["size"] for build in nodes["base"]["builds"]] == [1_240_000_000, 12_000]
    assert nodes["speed"]["size"] is None
    assert [one["id"] for one in nodes["web"]["advisories"]] == ["GHSA-x", "B"]
    assert nodes["base"]["advisories"] == []
    assert document["sizes"]["unknown"][0]["reason"] == "it comes from a git repository"
    plain_document = graph_document(friendly())
    assert "sizes" not in plain_document
    assert "size" not in plain_document["nodes"][0]


@for_each(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (999_600, "1.0 MB"),
        (10**16, "10000 TB"),
    ],
)
def test_bytes_are_told_in_units_of_a_thousand(size: int, words: str) -> None:
    assert in_bytes(size) == words
