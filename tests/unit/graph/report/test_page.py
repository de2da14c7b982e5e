"""The graph page as text: what may run, what cannot get out of its element, how large it is."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from tests.support.graph_pages import HOSTILE, full_page, hostile_page, page_of, small_graph

from poetry_aiops.graph.build import build_graph
from poetry_aiops.graph.report import page as page_module
from poetry_aiops.graph.report.page_data import shown
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import read_project


ASSETS = resources.files("poetry_aiops.graph") / "assets"
PAGE = Path(__file__).parents[4] / "page"
MOST_BYTES = 300_000


def data_in(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    parsed: dict[str, Any] = json.loads(found[1])
    return parsed


def sha256_of(element: str, page: str) -> str:
    found = re.search(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
    assert found is not None
    return "sha256-" + base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()


def test_two_runs_give_the_same_bytes() -> None:
    assert full_page() == full_page()


def test_each_requirement_of_an_edge_is_in_the_page() -> None:
    data = data_in(full_page())
    texts = data["texts"]
    shown = [
        texts[row if isinstance(row, int) else row[0]] for rows in data["edges"]["entries"] for row in rows
    ]
    assert [text for text in shown if text], "constraints and not only the empty text"


def test_the_policy_admits_this_script_and_this_style_and_nothing_else() -> None:
    page = full_page()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)

    assert policy is not None
    assert policy[1].split("; ") == [
        "default-src 'none'",
        f"script-src '{sha256_of('script', page)}'",
        f"style-src '{sha256_of('style', page)}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_hostile_text_opens_no_element() -> None:
    page = hostile_page()

    assert page.count("<script") == full_page().count("<script") == 2
    assert "<img" not in page
    assert "\\u003cimg src=x" in page


def test_hostile_text_arrives_whole_but_for_its_control_characters() -> None:
    data = data_in(hostile_page())

    assert data["nodes"]["about"][0] == shown(HOSTILE)
    assert "\u202e" not in shown(HOSTILE)
    assert "\x07" not in shown(HOSTILE)


def test_the_title_is_escaped() -> None:
    page = hostile_page()

    assert "<title>&lt;/script&gt;" in page


def test_nothing_in_the_page_names_an_address() -> None:
    page = full_page().replace("http://www.w3.org/2000/svg", "")

    assert re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]{2,}", page) == []
    assert re.findall(r"url\(|@import|<link|<base|fetch\(|XMLHttpRequest|import\(", page) == []


def test_the_script_parses_no_markup_and_knows_no_clock() -> None:
    script = (ASSETS / "page.js").read_text(encoding="utf-8")

    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|DOMParser", script) == []
    )
    assert re.findall(r"\bDate\b|Math\.random|localStorage|sessionStorage", script) == []


def test_the_script_is_built_from_the_sources_as_they_are() -> None:
    head, _, bundle = (ASSETS / "page.js").read_text(encoding="utf-8").partition("\n")
    names = ["build.js", "package.json", *sorted(f"src/{file.name}" for file in (PAGE / "src").iterdir())]
    sources = [text for name in names for text in (name, (PAGE / name).read_text(encoding="utf-8"))]

    assert head == (
        f"// Built by page/build.js. Sources: {joined_sha256(*sources)}. What follows: {joined_sha256(bundle)}."
    ), "run `make page`"


def joined_sha256(*texts: str) -> str:
    return hashlib.sha256("".join(f"{text}\0" for text in texts).encode()).hexdigest()


def test_every_asset_is_used() -> None:
    used = {"page.html", "page.js", *page_module.STYLES}

    assert {entry.name for entry in ASSETS.iterdir()} == used


def test_the_data_names_every_package_and_edge() -> None:
    graph = small_graph()
    data = data_in(page_of(graph))
    ids = data["nodes"]["id"]

    assert ids == [node.id for node in graph.nodes]
    pairs = {
        (ids[source], ids[target])
        for source, target in zip(data["edges"]["from"], data["edges"]["to"], strict=True)
    }
    assert pairs == {(edge.source, edge.target) for edge in graph.edges}
    assert data["diff"] is None


def test_packages_that_a_diff_lost_are_there_with_a_place_and_marked() -> None:
    data = data_in(full_page())

    assert [data["nodes"]["id"][index] for index in data["nodes"]["lost"]] == ["old-thing"]
    assert len(data["nodes"]["x"]) == len(data["nodes"]["id"])


def test_main_is_the_first_group_and_variants_carry_their_backend() -> None:
    assert data_in(full_page())["groups"] == [
        ["main", ""],
        ["ml-cpu", "cpu"],
        ["ml-cu126", "cu126"],
        ["test", ""],
    ]


def pairs_of_colours() -> dict[str, tuple[str, str]]:
    css = (ASSETS / "tokens.css").read_text(encoding="utf-8")
    return {
        name: (light, dark)
        for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    }


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXT = ("ink", "dim", "accent", "bad", "good", "warn")
GROUNDS = ("ground", "canvas", "panel", "raised")
ON_THEIR_OWN = [
    ("on-accent", "accent"),
    ("bad", "bad-soft"),
    ("good", "good-soft"),
    ("warn", "warn-soft"),
    ("ink", "accent-soft"),
]
SHAPES = ("up", "down", "control", *(f"g{number}" for number in range(8)))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_text_has_enough_contrast(scheme: int) -> None:
    colours = {name: pair[scheme] for name, pair in pairs_of_colours().items()}
    pairs = [*((text, ground) for text in TEXT for ground in GROUNDS), *ON_THEIR_OWN]

    assert {
        pair: contrast(colours[pair[0]], colours[pair[1]])
        for pair in pairs
        if contrast(colours[pair[0]], colours[pair[1]]) < 4.5
    } == {}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_shape_stands_out_from_its_ground(scheme: int) -> None:
    colours = {name: pair[scheme] for name, pair in pairs_of_colours().items()}
    pairs = [(shape, ground) for shape in SHAPES for ground in ("canvas", "panel")]

    assert {
        pair: contrast(colours[pair[0]], colours[pair[1]])
        for pair in pairs
        if contrast(colours[pair[0]], colours[pair[1]]) < 3
    } == {}


def test_the_page_of_the_largest_real_lock_stays_below_300_kilobytes() -> None:
    if "POETRY_AIOPS_CORPUS" not in os.environ:
        pytest.skip("POETRY_AIOPS_CORPUS does not name a folder with real locks")
    folder = Path(os.environ["POETRY_AIOPS_CORPUS"]) / "locks" / "All-Hands-AI__OpenHands"
    graph = build_graph(read_project(folder / "pyproject.toml"), read_lock(folder / "poetry.lock"))

    assert len(graph.nodes) == 648
    assert len(page_of(graph).encode()) < MOST_BYTES
