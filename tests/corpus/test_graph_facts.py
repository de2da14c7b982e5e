"""Every real lock of the corpus gives the figures that were computed for it twice independently."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from poetry_aiops.errors import InputError
from poetry_aiops.graph.analysis import analyse
from poetry_aiops.graph.build import build_graph
from poetry_aiops.graph.cuts import articulation_points
from poetry_aiops.graph.dominance import closures, removal
from poetry_aiops.graph.report.mermaid import MAX_CHARACTERS, MAX_EDGES, graph_mermaid
from poetry_aiops.graph.report.text import tree_lines
from poetry_aiops.graph.scope import scope_of
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import load_pyproject, project_from


if TYPE_CHECKING:
    from poetry_aiops.graph.model import Analysis


CORPUS = Path(os.environ.get("POETRY_AIOPS_CORPUS", ""))
LOCKS = sorted(CORPUS.glob("locks/*/poetry.lock")) if CORPUS.name else []
BAD_LOCKS = sorted(CORPUS.glob("locks_bad/*/poetry.lock")) if CORPUS.name else []

pytestmark = pytest.mark.skipif(not LOCKS, reason="POETRY_AIOPS_CORPUS names no folder with locks/")
every_lock = pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.parent.name))


def facts(path: Path) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = json.loads(
        path.parents[1].joinpath("facts.json").read_text(encoding="utf-8")
    )
    return known[path.parent.name]


def analysis(path: Path) -> Analysis:
    document = load_pyproject(path.with_name("pyproject.toml"))
    project = project_from(document, path.with_name("pyproject.toml"))
    return analyse(build_graph(project, read_lock(path), document=document))


@every_lock
def test_the_figures_of_a_real_lock(path: Path) -> None:
    known, found = facts(path), analysis(path)
    summary = found.summary
    assert summary.packages == known["packages"]
    assert summary.nodes == known["nodes"]
    assert summary.edges == known["edges"]
    assert summary.edges_hard == known["edges_hard"]
    assert summary.depth == known["bfs_depth"]
    assert summary.longest_chain == len(summary.chain) == known["longest_chain_condensed"]
    assert summary.direct == len(known["exclusive_closure"])
    assert list(summary.orphans) == known["unreachable_from_root"]
    assert list(summary.orphan_roots) == known["in_degree_zero_not_direct"]
    assert list(summary.direct_missing_from_lock) == known["direct_missing_from_lock"]
    assert list(summary.several_versions) == known["multi_version_names"]
    assert list(summary.self_loops) == known["self_loops"]
    assert len(summary.dangling) == known["dangling_names"]


@every_lock
def test_the_cycles_of_a_real_lock(path: Path) -> None:
    known, found = facts(path), analysis(path)
    assert sorted(list(cycle.members) for cycle in found.cycles) == sorted(known["scc"])
    assert sorted(list(cycle.members) for cycle in found.cycles if cycle.kind == "hard") == sorted(
        known["scc_hard"]
    )
    assert all(cycle.broken_by for cycle in found.cycles)
    assert all(
        breaker.extras for cycle in found.cycles if cycle.kind == "extra" for breaker in cycle.broken_by
    )


@every_lock
def test_what_stands_and_falls_with_each_direct_dependency(path: Path) -> None:
    known, found = facts(path), analysis(path)
    graph = found.graph
    sizes = {closure.name: closure.size for closure in closures(graph)}
    assert {name: sizes[name] for name in graph.direct} == known["exclusive_closure"]
    assert len(articulation_points(graph)) == known["articulation_points"]
    assert sum(one.articulation for one in found.standings) == known["articulation_points"]
    for name in graph.direct:
        gone = removal(graph, [name]).gone
        assert len(gone) in {0, sizes[name]}


@every_lock
def test_the_busiest_packages_of_a_real_lock(path: Path) -> None:
    known, found = facts(path), analysis(path)
    ranked = sorted(found.standings, key=lambda one: -one.betweenness)
    assert [one.name for one in ranked[:5]] == known["top_betweenness"]
    assert max(one.needed_by for one in found.standings) == known["max_in_degree"]


@every_lock
def test_following_a_group_finds_what_poetry_locked_for_it(path: Path) -> None:
    project, lock = (
        project_from(load_pyproject(pyproject := path.with_name("pyproject.toml")), pyproject),
        read_lock(path),
    )
    if not lock.has_groups:
        pytest.skip("the lock's format does not record groups")
    for group in project.groups:
        graph = build_graph(project, lock, scope_of(project, only=[group], extras=project.extras))
        locked = {package.name: package for package in lock.packages if group in (package.groups or ())}
        found = {node.id for node in graph.nodes}
        assert found <= locked.keys()
        # What is left over carries a marker that holds on no machine.
        assert all(any(locked[name].marker_for([group])) for name in locked.keys() - found)


@every_lock
def test_no_report_of_a_real_lock_explodes(path: Path) -> None:
    found = analysis(path)
    assert len(tree_lines(found.graph)) <= 2 * len(found.graph.nodes)
    text = graph_mermaid(found)
    assert len(text) <= MAX_CHARACTERS
    assert sum("->" in line for line in text.splitlines()) <= MAX_EDGES


@pytest.mark.parametrize("path", BAD_LOCKS, ids=lambda path: str(path.parent.name))
def test_a_lock_with_merge_conflicts_is_refused_with_the_line(path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_lock(path)
    assert str(caught.value.where).startswith("poetry.lock:")
    assert caught.value.exit_code == 2


def test_the_largest_lock_is_analysed_in_a_moment() -> None:
    path = max(LOCKS, key=lambda path: path.stat().st_size)
    document = load_pyproject(path.with_name("pyproject.toml"))
    project, lock = project_from(document, path), read_lock(path)
    spent = []
    for _ in range(3):
        begun = time.process_time()
        analyse(build_graph(project, lock, document=document))
        spent.append(time.process_time() - begun)
    assert min(spent) < 0.5  # seconds of processor time; about 0.07 on an idle machine
