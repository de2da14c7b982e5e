"""A Poetry that works differently inside writes no lock that the plugin did not solve and verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.every import every
from tests.support.expect import refused
from tests.support.poetry_program import PoetryProgram


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory


IMPORT = "from poetry.puzzle.solver import Solver"
SOLVES_ELSEWHERE = (
    (f"        {IMPORT}\n", ""),
    (
        "from poetry.installation.executor import Executor\n",
        f"{IMPORT}\nfrom poetry.installation.executor import Executor\n",
    ),
)
WRITES_ELSEWHERE = (
    "self._locker.set_lock_data(self._package",
    "type(self._locker).set_lock_data(self._locker, self._package",
)

# Both groups can be locked together: only proof that the plugin's solver ran tells this lock from ours.
TOGETHER = (
    projects.head()
    + projects.EDGE
    + """
[tool.poetry.group.serve]
optional = true
[tool.poetry.group.serve.dependencies]
requests = "^2.30"

[tool.poetry-aiops.hardware.variants]
edge = "jetson"
serve = "cpu"
"""
)


@pytest.fixture
def elsewhere(tmp_path: Path) -> PoetryProgram:
    return PoetryProgram.changed(tmp_path / "home", *SOLVES_ELSEWHERE).warm()


def test_a_solver_that_is_not_ours_ends_before_anything_is_written_or_installed(
    elsewhere: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(TOGETHER)
    before = project.files()

    def is_refused(words: tuple[str, ...]) -> None:
        done = elsewhere.run(project, *words)
        refused(done, project, before, "Poetry 2.1 to 2.5", "without the plugin's solver")
        assert not (project.path / ".venv").exists() or project.installed() == {}

    every([("lock",), ("update",), ("add", "idna"), ("install",)], is_refused)


def test_a_lock_that_is_there_stays_byte_for_byte(
    elsewhere: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(TOGETHER)
    project.edit('pytest = "^7.4.3"', 'pytest = "^7.4.3"\nidna = "*"')
    before = project.files()
    refused(elsewhere.run(project, "lock"), project, before, "Poetry 2.1 to 2.5")


@pytest.mark.parametrize("locked", [True, False])
def test_a_lock_that_was_written_past_the_plugin_is_put_back(
    new_project: ProjectFactory, locked_project: ProjectFactory, tmp_path: Path, locked: bool
) -> None:
    program = PoetryProgram.changed(tmp_path / "home", *SOLVES_ELSEWHERE, WRITES_ELSEWHERE).warm()
    project = (locked_project if locked else new_project)(TOGETHER)
    project.edit('pytest = "^7.4.3"', 'pytest = "^7.4.3"\nidna = "*"')
    before = project.files()
    refused(program.run(project, "lock"), project, before, "Poetry 2.1 to 2.5", "unchanged")


@pytest.mark.parametrize(
    ("also", "word"),
    [
        (
            "from poetry.puzzle.provider import Provider; del Provider.search_for_direct_origin_dependency",
            "lock",
        ),
        ("from poetry.puzzle.solver import Solver; Solver.solve = lambda self, latest: None", "lock"),
        (
            "import poetry.puzzle.provider as provider; del provider.IncompatibleConstraintsError",
            "hw-install",
        ),
    ],
    ids=["method", "parameters", "import"],
)
def test_a_name_that_is_gone_stops_the_command(
    new_project: ProjectFactory, tmp_path: Path, also: str, word: str
) -> None:
    program = PoetryProgram.changed(tmp_path / "home", also=also).warm()
    project = new_project(TOGETHER)
    before = project.files()
    refused(program.run(project, word), project, before, "Poetry 2.1 to 2.5")


def test_a_project_without_variants_is_locked_as_ever(
    elsewhere: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.ORDINARY)
    elsewhere.must(project, "lock")
    assert project.lockfile().selected("main")["requests"]
