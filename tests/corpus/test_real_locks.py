"""Every real lock of the corpus is read in full and gives the figures that were computed twice elsewhere."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx  # type: ignore[import-untyped]
import pytest
from packaging.utils import canonicalize_name
from poetry.core.constraints.version import Version, parse_constraint
from poetry.core.packages.dependency import Dependency
from poetry.core.version.markers import AnyMarker, parse_marker, union

from poetry_aiops.errors import InputError
from poetry_aiops.graph.analysis import analyse, removal
from poetry_aiops.graph.build import build_graph
from poetry_aiops.graph.paths import why
from poetry_aiops.graph.report.mermaid import MAX_CHARACTERS, MAX_EDGES, graph_mermaid
from poetry_aiops.graph.report.tree import tree_lines
from poetry_aiops.graph.scope import scope_of
from poetry_aiops.health.depth import longest_chain as health_depth
from poetry_aiops.project.constraints import allows
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import load_pyproject, project_from
from poetry_aiops.project.targets import marker_applies, targets


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry.core.version.markers import BaseMarker

    from poetry_aiops.graph.model import Analysis
    from poetry_aiops.project.model import Lock, LockedDependency, Package, Project


CORPUS = Path(os.environ.get("POETRY_AIOPS_CORPUS", ""))
LOCKS = sorted(CORPUS.glob("locks/*/poetry.lock")) if CORPUS.name else []
BAD_LOCKS = sorted(CORPUS.glob("locks_bad/*/poetry.lock")) if CORPUS.name else []

pytestmark = pytest.mark.skipif(not LOCKS, reason="POETRY_AIOPS_CORPUS names no folder with locks/")


@dataclass(frozen=True)
class RealLock:
    """A real lock, read and analysed once, with the facts that are known about it."""

    lock: Lock
    project: Project
    found: Analysis
    known: dict[str, Any]


def facts(path: Path) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = json.loads(
        path.parents[1].joinpath("facts.json").read_text(encoding="utf-8")
    )
    return known[path.parent.name]


def real_lock(path: Path) -> RealLock:
    pyproject = path.with_name("pyproject.toml")
    document = load_pyproject(pyproject)
    project, lock = project_from(document, pyproject), read_lock(path)
    return RealLock(lock, project, analyse(build_graph(project, lock, document=document)), facts(path))


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.parent.name))
def test_a_real_lock_gives_the_known_answers(path: Path) -> None:
    real = real_lock(path)
    the_figures(real)
    the_direct_packages(real)
    every_marker_can_be_evaluated(real.lock)
    the_cycles(real)
    dominators_by_name(real)
    what_goes_and_why_by_poetrys_rules(real)
    if real.lock.has_groups:
        following_a_group_finds_what_poetry_locked_for_it(real)
    no_report_explodes(real)


def the_figures(real: RealLock) -> None:
    known, lock, summary = real.known, real.lock, real.found.summary
    assert lock.version == known["lock_version"]
    assert len(lock.packages) == known["packages"]
    assert len(lock.by_name()) == known["nodes"]
    assert all(package.version and package.python_versions for package in lock.packages)
    assert all(package.files or package.source for package in lock.packages)
    assert all((package.groups is not None) == lock.has_groups for package in lock.packages)
    assert health_depth(lock, real.project).length == known["longest_chain_condensed"]
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


def the_direct_packages(real: RealLock) -> None:
    locked = real.lock.by_name()
    direct = dict.fromkeys((group.pretty_name for group in real.project.groups.values()), 0)
    for group in real.project.groups.values():
        requested = {(one.name, one.optional) for one in group.requirements if one.name in locked}
        for _, optional in requested:
            key = f"{group.pretty_name}-optional" if optional else group.pretty_name
            direct[key] = direct.get(key, 0) + 1
    assert direct == real.known["direct"]


def every_marker_can_be_evaluated(lock: Lock) -> None:
    machines = targets(lambda version: allows(lock.python_versions, version))
    markers = {edge.marker for package in lock.packages for edge in package.edges}
    for package in lock.packages:
        markers |= {package.markers} if isinstance(package.markers, str) else set(package.markers.values())
    applies = {marker: [marker_applies(marker, machine) for machine in machines] for marker in markers}
    assert len(machines) >= 5
    assert all(applies[""])


def the_cycles(real: RealLock) -> None:
    known, found = real.known, real.found
    assert sorted(list(cycle.members) for cycle in found.cycles) == sorted(known["scc"])
    assert sorted(list(cycle.members) for cycle in found.cycles if cycle.kind == "hard") == sorted(
        known["scc_hard"]
    )
    assert all(cycle.broken_by for cycle in found.cycles)
    assert all(
        breaker.extras for cycle in found.cycles if cycle.kind == "extra" for breaker in cycle.broken_by
    )


def dominators_by_name(real: RealLock) -> None:
    known, found = real.known, real.found
    names = found.graph.names
    children = nx.DiGraph(
        (top, name) for name, top in nx.immediate_dominators(names, "").items() if name and top is not None
    )
    sizes = {name: 1 + len(nx.descendants(children, name)) for name in found.graph.direct}
    assert sizes == known["exclusive_closure"]
    assert max(one.needed_by for one in found.metrics) == known["max_in_degree"]


class PoetrysWalk:
    """Which packages a project leads to, by the rules of Poetry's own ``Provider.complete_package``.

    Written for this test on poetry-core's classes alone: a dependency counts when a feature that was asked for lists
    it, or when it is not optional; its marker says which features it belongs to. Builds are distinguished by
    poetry-core's own constraints and markers: one that is locked for other machines than those of the line is not meant.
    """

    def __init__(self, lock: Lock, project: Project) -> None:
        self.project = project
        self.builds: dict[str, list[Package]] = {}
        for package in lock.packages:
            self.builds.setdefault(package.name, []).append(package)
        self.needs = {id(package): self.dependencies(package) for package in lock.packages}
        self.beyond: dict[tuple[int, str], list[tuple[list[Package], tuple[str, ...]]]] = {}

    @staticmethod
    def dependencies(package: Package) -> list[tuple[LockedDependency, Dependency]]:
        found = []
        for line in package.edges:
            dependency = Dependency(line.name, line.constraint, optional=line.optional, extras=line.extras)
            dependency.marker = parse_marker(line.marker or "*") if line.marker else AnyMarker()
            found.append((line, dependency))
        return found

    def reached(self, without: str = "", only: str = "") -> set[str]:
        """Return the names that are installed for the project, all groups and extras of it, on some machine."""
        seen: set[tuple[int, str]] = set()
        waiting = [
            (self.allowed(one.name, one.constraint, machines(one.marker)), one.extras)
            for group in self.project.groups.values()
            for one in group.requirements
            if one.name != without and only in {"", one.name}
        ]
        names: set[str] = set()
        while waiting:
            builds, features = waiting.pop()
            for build in builds:
                for feature in ("", *features):
                    if (id(build), feature) in seen:
                        continue
                    seen.add((id(build), feature))
                    names.add(build.name)
                    if (id(build), feature) not in self.beyond:
                        self.beyond[id(build), feature] = list(self.next(build, feature))
                    waiting += self.beyond[id(build), feature]
        return names

    def next(self, build: Package, feature: str) -> Iterator[tuple[list[Package], tuple[str, ...]]]:
        """Yield the builds with their features that a build needs for one of its features, "" for itself."""
        listed = {
            Dependency.create_from_pep_508(text).name
            if " " in text or ";" in text or "[" in text
            else canonicalize_name(text)
            for text in build.extras.get(feature, ())
        }
        for line, dependency in self.needs[id(build)]:
            if line.optional and dependency.name not in listed:
                continue
            if dependency.in_extras and feature not in dependency.in_extras:
                continue
            if not line.optional and not dependency.in_extras and feature:
                continue  # counted with the package itself
            where = (
                machines(line.marker).intersect(machines_of(build))
                if len(self.builds.get(line.name, ())) > 1
                else AnyMarker()
            )
            yield self.allowed(line.name, line.constraint, where), line.extras

    def allowed(self, name: str, constraint: str, where: BaseMarker) -> list[Package]:
        builds = self.builds.get(name, [])
        if len(builds) < 2:
            return builds
        allowed = parse_constraint(constraint)
        return [
            one
            for one in builds
            if allowed.allows(Version.parse(one.version)) and not where.intersect(machines_of(one)).is_empty()
        ] or builds


@cache
def machines(marker: str) -> BaseMarker:
    """Return the part of a marker that speaks of machines; what the project's extras switch is left out."""
    return parse_marker(marker).without_extras() if marker not in {"", "*"} else AnyMarker()


def machines_of(build: Package) -> BaseMarker:
    markers = (
        [build.markers]
        if isinstance(build.markers, str)
        else [build.markers.get(group, "") for group in build.groups or ()]
    )
    return union(*map(machines, markers)) if markers else AnyMarker()


def what_goes_and_why_by_poetrys_rules(real: RealLock) -> None:
    found = real.found
    walk = PoetrysWalk(real.lock, real.project)
    everything = walk.reached()
    leads: dict[str, set[str]] = {}
    for name in found.graph.direct:
        gone = everything - walk.reached(without=name)
        assert set(removal(found.graph, [name]).gone) == gone, name
        for reached in walk.reached(only=name):
            leads.setdefault(reached, set()).add(name)
    for node in found.graph.nodes:
        assert set(why(found.graph, node.id).leading) == leads.get(node.id, set()), node.id
    assert all(one.frees == len(removal(found.graph, [one.name]).gone) for one in found.metrics)


def following_a_group_finds_what_poetry_locked_for_it(real: RealLock) -> None:
    project, lock = real.project, real.lock
    for group in project.groups:
        graph = build_graph(project, lock, scope_of(project, only=[group], extras=project.extras))
        locked = {package.name: package for package in lock.packages if group in (package.groups or ())}
        found = {node.id for node in graph.nodes}
        assert found <= locked.keys()
        # What is left over carries a marker that holds on no machine.
        assert all(any(locked[name].marker_for([group])) for name in locked.keys() - found)


def no_report_explodes(real: RealLock) -> None:
    found = real.found
    assert len(tree_lines(found.graph)) <= 2 * found.summary.packages
    text = graph_mermaid(found)
    assert len(text) <= MAX_CHARACTERS
    assert sum("->" in line for line in text.splitlines()) <= MAX_EDGES


@pytest.mark.parametrize("path", BAD_LOCKS, ids=lambda path: str(path.parent.name))
def test_a_lock_with_merge_conflicts_is_refused_with_the_line(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines, 1) if line.startswith("<<<<<<<"))
    with pytest.raises(InputError) as caught:
        read_lock(path)
    assert caught.value.where == f"poetry.lock:{first}"
    assert caught.value.exit_code == 2


def test_the_answers_in_the_guide_are_those_of_poetrys_own_lock() -> None:
    graph = real_lock(CORPUS / "locks/python-poetry__poetry/poetry.lock").found.graph
    names = [[step.target for step in steps] for steps in why(graph, "h11").steps]
    assert names == [["pbs-installer", "httpx", "httpcore", "h11"]]
    assert len(why(graph, "packaging").leading) == 9


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
