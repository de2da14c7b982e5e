"""What changed between two locks."""

from __future__ import annotations

import pytest
from tests.unit.graph.small import graph_of

from poetry_aiops.errors import InputError
from poetry_aiops.graph.diff import diff, graph_at
from poetry_aiops.graph.model import Scope


OLD = graph_of("web old", "web base", "old gone", versions={"web": ("1.0",)})
NEW = graph_of("web new", "web base speed", "speed deep", "new deep", versions={"web": ("2.0",)})


def test_a_newcomer_is_explained_by_what_was_there_or_is_asked_for() -> None:
    found = {one.name: (one.because, one.direct) for one in diff(OLD, NEW).added}
    assert found == {
        "new": (("new",), True),
        "speed": (("web", "speed"), False),
        "deep": (("new", "deep"), True),
    }


def test_what_left_is_explained_the_same_way() -> None:
    found = {one.name: (one.because, one.direct) for one in diff(OLD, NEW).removed}
    assert found == {"old": (("old",), True), "gone": (("old", "gone"), True)}


def test_versions_edges_and_direct_dependencies() -> None:
    found = diff(OLD, NEW)
    assert [(one.name, one.old, one.new) for one in found.changed] == [("web", ("1.0",), ("2.0",))]
    assert [(one.source, one.target) for one in found.edges_removed] == [("old", "gone")]
    assert ("web", "speed") in {(one.source, one.target) for one in found.edges_added}
    assert (found.direct_added, found.direct_removed, found.unchanged) == (("new",), ("old",), 1)


def test_a_package_that_became_direct_is_no_newcomer() -> None:
    found = diff(graph_of("a", "a b"), graph_of("a b", "a b"))
    assert (found.added, found.direct_added, found.is_empty) == ((), ("b",), False)


def test_an_orphan_newcomer_has_no_explanation_but_itself() -> None:
    (found,) = diff(graph_of("a"), graph_of("a", alone="x")).added
    assert (found.because, found.direct) == (("x",), False)


def test_the_same_lock_gives_nothing() -> None:
    assert diff(OLD, OLD).is_empty


PYPROJECT = b"""[project]
name = "app"
version = "1"
dependencies = ["a"]
"""
LOCK = b"""[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
content-hash = "0"
"""


def test_a_graph_of_bytes() -> None:
    assert graph_at("main", PYPROJECT, LOCK, Scope()).demands[0].name == "a"


@pytest.mark.parametrize("data", [b"\xff", b"<<<<<<< HEAD\n"])
def test_a_broken_file_of_a_revision_is_named_with_it(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        graph_at("main~2", PYPROJECT, data, Scope())
    assert caught.value.where == "poetry.lock at main~2"
