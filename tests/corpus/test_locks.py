"""Every real lock and pyproject.toml of the corpus can be read; the folder is named by POETRY_AIOPS_CORPUS."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from poetry_aiops.errors import InputError
from poetry_aiops.project.constraints import allows
from poetry_aiops.project.lockfile import read_lock
from poetry_aiops.project.pyproject import read_project
from poetry_aiops.project.targets import marker_applies, targets


CORPUS = Path(os.environ.get("POETRY_AIOPS_CORPUS", ""))
LOCKS = sorted(CORPUS.glob("locks/*/poetry.lock")) if CORPUS.name else []
BAD_LOCKS = sorted(CORPUS.glob("locks_bad/*/poetry.lock")) if CORPUS.name else []

pytestmark = pytest.mark.skipif(not LOCKS, reason="POETRY_AIOPS_CORPUS names no folder with locks/")


def of_folder(path: Path) -> str:
    return path.parent.name


@pytest.mark.parametrize("path", LOCKS, ids=of_folder)
def test_a_real_lock_is_read_in_full(path: Path) -> None:
    facts = json.loads(path.parents[1].joinpath("facts.json").read_text(encoding="utf-8"))[path.parent.name]
    lock = read_lock(path)
    assert lock.version == facts["lock_version"]
    assert len(lock.packages) == facts["packages"]
    assert len(lock.by_name()) == facts["nodes"]
    assert all(package.version and package.python_versions for package in lock.packages)
    assert all(package.files or package.source for package in lock.packages)
    assert all((package.groups is not None) == lock.has_groups for package in lock.packages)


@pytest.mark.parametrize("path", LOCKS, ids=of_folder)
def test_every_marker_of_a_real_lock_can_be_evaluated(path: Path) -> None:
    lock = read_lock(path)
    machines = targets(lambda version: allows(lock.python_versions, version))
    markers = {edge.marker for package in lock.packages for edge in package.edges}
    for package in lock.packages:
        markers |= {package.markers} if isinstance(package.markers, str) else set(package.markers.values())
    applies = {marker: [marker_applies(marker, machine) for machine in machines] for marker in markers}
    assert len(machines) >= 5
    assert all(applies[""])


@pytest.mark.parametrize("path", LOCKS, ids=of_folder)
def test_the_project_beside_a_real_lock_is_read(path: Path) -> None:
    facts = json.loads(path.parents[1].joinpath("facts.json").read_text(encoding="utf-8"))[path.parent.name]
    project = read_project(path.with_name("pyproject.toml"))
    locked = read_lock(path).by_name()
    direct = dict.fromkeys((group.pretty_name for group in project.groups.values()), 0)
    for group in project.groups.values():
        asked = {(one.name, one.optional) for one in group.requirements if one.name in locked}
        for _, optional in asked:
            key = f"{group.pretty_name}-optional" if optional else group.pretty_name
            direct[key] = direct.get(key, 0) + 1
    assert direct == facts["direct"]


@pytest.mark.parametrize("path", BAD_LOCKS, ids=of_folder)
def test_a_real_lock_with_merge_conflicts_is_refused_with_the_line(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines, 1) if line.startswith("<<<<<<<"))
    with pytest.raises(InputError) as caught:
        read_lock(path)
    assert caught.value.where == f"poetry.lock:{first}"
