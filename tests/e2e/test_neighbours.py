"""What the plugin has no business with stays as Poetry does it, also beside a broken declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.poetry_program import Project


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram


BROKEN = projects.HW.replace('ml-gpu = "cu126"', 'ml-gpu = 126\nml-tpu = "cpu"')


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("list",),
        ("help", "lock"),
        ("version",),
        ("config", "--list"),
        ("env", "list"),
        ("self", "show", "plugins"),
    ],
    ids=" ".join,
)
def test_commands_that_solve_nothing_work_beside_a_broken_declaration(
    poetry: PoetryProgram, new_project: ProjectFactory, arguments: tuple[str, ...]
) -> None:
    project = new_project(BROKEN)
    before = project.files()

    poetry.must(project, *arguments)

    assert project.files() == before


@pytest.mark.parametrize("command", ["lock", "install", "show", "check"])
def test_without_a_project_the_error_is_poetrys_own(
    poetry: PoetryProgram, teammate: PoetryProgram, tmp_path: Path, command: str
) -> None:
    ours, plain = poetry.run(tmp_path, command), teammate.run(tmp_path, command)

    assert (ours.code, ours.output) == (plain.code, plain.output)


@pytest.mark.parametrize(
    "text",
    ["[tool.poetry\n", "[project]\nname = 3\n", "", "[tool.poetry-aiops]\n"],
    ids=["not-toml", "wrong-type", "empty", "no-project"],
)
def test_a_broken_pyproject_is_poetrys_own_error(
    poetry: PoetryProgram, teammate: PoetryProgram, tmp_path: Path, text: str
) -> None:
    project = Project(tmp_path)
    project.pyproject.write_text(text, encoding="utf-8")

    ours, plain = poetry.run(project, "lock"), teammate.run(project, "lock")

    assert (ours.code, ours.output) == (plain.code, plain.output)


@pytest.mark.parametrize("option", ["-C", "-P"])
def test_a_project_elsewhere_is_locked_there(
    poetry: PoetryProgram, new_project: ProjectFactory, locked_project: ProjectFactory, option: str
) -> None:
    project = new_project(projects.HW, "elsewhere")

    poetry.must(project.path.parent, option, "elsewhere", "lock")

    assert project.files() == locked_project(projects.HW, "usual").files()


@pytest.mark.parametrize("option", ["-C", "-P"])
def test_a_broken_declaration_elsewhere_is_refused_there(
    poetry: PoetryProgram, new_project: ProjectFactory, option: str
) -> None:
    project = new_project(BROKEN, "elsewhere")

    done = poetry.run(project.path.parent, option, "elsewhere", "lock")

    assert done.code == 2
    assert "ml-gpu" in done.stderr
    assert not project.lock_path.exists()
