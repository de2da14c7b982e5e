"""pyproject.toml and poetry.lock -> the graph."""

from __future__ import annotations

import pytest
from tests.unit.graph.small import built, names, pairs

from poetry_aiops.graph.analysis import analyse
from poetry_aiops.graph.build import source_label
from poetry_aiops.project.model import PackageSource


APP = """
[project]
name = "app"
version = "1"
requires-python = ">=3.11,<3.14"
dependencies = ["Django_App>=1", "gone"]
[dependency-groups]
dev = ["tool"]
"""

LOCK = """
[[package]] # Django.App 1.5
[package.dependencies]
shared = "*"
maybe = {version = ">=1", optional = true, markers = 'extra == "more"'}
nowhere = "*"
[package.extras]
more = ["maybe (>=1)"]
[[package]] # shared 2.0
groups = ["main", "dev"]
[package.dependencies]
shared = {version = "*", extras = ["x"]}
[[package]] # maybe 1.0
[[package]] # tool 3.0
groups = ["dev"]
[package.dependencies]
shared = ">=2"
[[package]] # orphan 1.0
[package.dependencies]
under = "*"
[[package]] # under 1.0
"""


def test_a_node_is_a_normalised_name_and_an_edge_joins_locked_names() -> None:
    graph = built(APP, LOCK)
    assert names(graph) == ["django-app", "maybe", "orphan", "shared", "tool", "under"]
    assert pairs(graph) == {
        ("django-app", "maybe"),
        ("django-app", "shared"),
        ("orphan", "under"),
        ("tool", "shared"),
    }
    assert graph.by_id["django-app"].name == "Django.App"
    assert graph.direct == ("django-app", "tool")
    assert graph.self_loops == ("shared",)
    assert graph.dangling == ("nowhere",)


def test_an_optional_line_is_not_hard_and_knows_its_extra() -> None:
    found = {(one.source, one.target): one for one in built(APP, LOCK).edges}
    assert not found["django-app", "maybe"].hard
    assert found["django-app", "maybe"].extras == ("more",)
    assert found["django-app", "shared"].hard


def test_an_extra_is_found_by_name_where_old_locks_have_no_marker() -> None:
    lock = LOCK.replace(", markers = 'extra == \"more\"'", "")
    edge = next(one for one in built(APP, lock).edges if one.target == "maybe")
    assert edge.extras == ("more",)


def test_what_looks_wrong_in_the_lock_is_named() -> None:
    found = analyse(built(APP, LOCK)).summary
    assert found.orphans == ("orphan", "under")
    assert found.orphan_roots == ("orphan",)
    assert found.direct_missing_from_lock == ("gone",)


def test_groups_come_from_the_lock() -> None:
    nodes = built(APP, LOCK).by_id
    assert nodes["shared"].groups == ("main", "dev")
    assert nodes["tool"].groups == ("dev",)


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_a_lock_without_groups_gets_them_by_what_each_group_reaches(version: str) -> None:
    lock = "\n".join(line for line in LOCK.splitlines() if not line.startswith("groups"))
    nodes = built(APP, lock, version=version).by_id
    assert nodes["shared"].groups == ("main", "dev")
    assert nodes["tool"].groups == ("dev",)
    assert nodes["orphan"].groups == ()


def test_several_builds_of_a_name_are_one_node_with_the_edges_of_all() -> None:
    graph = built(
        APP,
        """
[[package]] # django-app 1.0
markers = "python_version < '3.12'"
[package.dependencies]
a = "*"
[[package]] # django-app 2.0
markers = "python_version >= '3.12'"
[package.dependencies]
b = "*"
[[package]] # a 1.0
[[package]] # b 1.0
""",
    )
    node = graph.by_id["django-app"]
    assert node.versions == ("1.0", "2.0")
    assert dict(node.builds[0].markers) == {"main": "python_version < '3.12'"}
    assert pairs(graph) == {("django-app", "a"), ("django-app", "b")}
    assert analyse(graph).summary.several_versions == ("django-app",)


def test_markers_of_each_group_are_kept() -> None:
    graph = built(
        APP,
        """
[[package]] # tool 1.0
groups = ["main", "dev"]
[package.markers]
dev = "sys_platform == 'win32'"
""",
    )
    assert dict(graph.nodes[0].builds[0].markers) == {"dev": "sys_platform == 'win32'"}


def test_a_dependency_that_poetry_passes_over_counts_as_missing() -> None:
    graph = built(APP + '[tool.poetry.dependencies]\nforgotten = "*"\npython = ">=3.11"\n', LOCK)
    assert graph.passed_over == ("forgotten",)
    assert "forgotten" in analyse(graph).summary.direct_missing_from_lock


def test_an_empty_lock_is_an_empty_graph() -> None:
    graph = built(APP, "")
    found = analyse(graph).summary
    assert (found.nodes, found.depth, found.longest_chain, found.chain) == (0, 0, 0, ())
    assert found.direct_missing_from_lock == ("django-app", "gone", "tool")


@pytest.mark.parametrize(
    ("source", "label"),
    [
        (None, ""),
        (PackageSource("legacy", "https://user:secret@index.example/cpu", "pytorch-cpu"), "pytorch-cpu"),
        (
            PackageSource("git", "https://token@code.example/a.git", "main", "0123456789abcdef"),
            "git https://code.example/a.git@0123456789ab",
        ),
        (PackageSource("url", "https://u:p@files.example/a.whl"), "url https://files.example/a.whl"),
    ],
)
def test_a_source_is_named_without_its_secrets(source: PackageSource | None, label: str) -> None:
    assert source_label(source) == label
