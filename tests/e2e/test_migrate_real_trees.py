"""``poetry migrate-reqs`` on other people's trees, with the real packages: migrated, locked, installed, pins kept."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.test_real_packages import SIMPLE_INDEX, index_answers
from tests.support.poetry_program import Project, way_out
from tests.support.requirement_projects import content


if TYPE_CHECKING:
    from tests.support.poetry_program import PoetryProgram


CORPUS = Path(os.environ.get("POETRY_AIOPS_CORPUS") or "/nowhere") / "requirements" / "corpus"


@dataclass(frozen=True, slots=True)
class RealTree:
    """A tree of the corpus; ``install`` are the options with which ``poetry install`` gets no gigabytes."""

    name: str
    pins: int
    options: tuple[str, ...] = ()
    install: tuple[str, ...] = ("install",)
    expected: tuple[str, ...] = ()


DRY = ("install", "--dry-run")
TREES = (
    RealTree("python__peps", 0, expected=("sphinx",)),
    RealTree("HackSoftware__Django-Styleguide-Example", 30, install=DRY),
    RealTree("numpy__numpy", 16, install=DRY),
    RealTree("NVIDIA__NeMo-Guardrails@2023-04", 92, install=DRY),
    RealTree("pmeier__light-the-torch", 1, expected=("pytest",)),
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CORPUS.is_dir(), reason="POETRY_AIOPS_CORPUS names no folder with requirements/corpus"
    ),
]


@pytest.fixture(scope="module", autouse=True)
def _answering() -> None:
    if not index_answers():
        pytest.skip("the package index does not answer")


def with_index(tree: RealTree, folder: Path) -> Project:
    """Copy a tree and name the index as a source, as a project behind a mirror has it."""
    shutil.copytree(CORPUS / tree.name, folder)
    project = Project(folder)
    text = project.pyproject.read_text("utf-8") if project.pyproject.exists() else ""
    source = f'[[tool.poetry.source]]\nname = "mirror"\nurl = "{SIMPLE_INDEX}"\npriority = "primary"\n'
    project.pyproject.write_text(f"{text.rstrip()}\n\n{source}".lstrip(), "utf-8")
    return project


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
def test_a_real_tree_is_migrated_locked_and_installed_with_its_pins(
    poetry: PoetryProgram, tmp_path: Path, tree: RealTree
) -> None:
    project = with_index(tree, tmp_path / "tree")
    before = content(project)
    network = way_out()
    done = poetry.must(project, "migrate-reqs", *tree.options, "--format", "json", **network)
    document = json.loads(done.stdout)
    proof = document["proof"]
    assert (proof["pins_kept"], proof["pins_total"], proof["differences"]) == (tree.pins, tree.pins, [])
    assert proof["foreign_hashes"] == []
    assert len(document["lines"]) == sum(document["tally"].values())
    assert {name: content(project)[name] for name in before if name != "pyproject.toml"} == {
        name: data for name, data in before.items() if name != "pyproject.toml"
    }
    locked = {one["name"] for one in tomllib.loads(project.lock_path.read_text("utf-8"))["package"]}
    assert {one["name"] for one in document["requirements"]} & locked
    poetry.must(project, "check", "--lock", **network)
    poetry.must(project, *tree.install, "--no-root", **network)
    assert set(tree.expected) <= set(project.installed() if tree.install == ("install",) else ())
    poetry.must(project, "migrate-reqs", "--rollback")
    assert content(project) == before
