"""Variants that are extras: Poetry's documented pattern of extras that exclude each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.expect import refused
from tests.support.schemas import conforming


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram, Project


SOUND = projects.SOUND_EXTRAS
TABLE = """
[tool.poetry-aiops.hardware.variants]
ml-cpu = "cpu"
ml-gpu = "cu126"
"""


def torch_of(project: Project) -> str | None:
    return project.installed().get("torch")


def test_exclusive_extras_are_chosen_from(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(SOUND + TABLE)
    done = poetry.must(project, "hw-install")
    assert "Using ml-cpu (cpu)" in done.stdout
    assert str(torch_of(project)).endswith("+cpu")


@pytest.mark.slow
def test_the_second_choice_leaves_nothing_of_the_first(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(SOUND + TABLE)
    poetry.must(project, "hw-install", "--hardware", "cuda")
    assert str(torch_of(project)).endswith("+cu126")
    assert any(name.startswith("nvidia-") for name in project.installed())

    poetry.must(project, "hw-install", "--hardware", "ml-cpu")
    assert str(torch_of(project)).endswith("+cpu")
    assert not any(name.startswith("nvidia-") for name in project.installed())

    poetry.must(project, "hw-install", "--hardware", "none")
    assert torch_of(project) is None


def test_an_extra_named_with_the_option_equals_hardware(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(SOUND + TABLE)
    done = poetry.must(project, "hw-install", "-E", "ml-gpu", "--dry-run", "--format", "json")
    document = conforming(done.stdout)
    assert (document["variant"], document["groups"]) == ("ml-gpu", ["main"])
    assert "+cu126" in done.stderr


def test_two_of_them_at_once_are_refused(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(SOUND + TABLE)
    before = project.files()
    for arguments in (("-E", "ml-cpu", "-E", "ml-gpu"), ("--all-extras",)):
        refused(
            poetry.run(project, "install", *arguments),
            project,
            before,
            "ml-cpu",
            "ml-gpu",
            "exclude each other",
        )


def test_a_lock_in_which_they_double_a_package_is_never_written(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.EXTRAS + TABLE)
    before = project.files()
    refused(poetry.run(project, "lock"), project, before, "numpy", "with the extra ml-gpu", "optional groups")


def test_without_the_table_the_lock_is_poetrys_own_and_extras_are_no_variants(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.EXTRAS)
    assert "Warning" not in poetry.must(project, "lock").stderr
    done = poetry.must(project, "install", "--all-extras", "--dry-run")
    assert "torch" not in done.stderr
    assert "with main, extra ml-cpu, extra ml-gpu: numpy: 1.26.4" in done.stderr


def test_groups_and_extras_cannot_be_mixed_as_variants(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(SOUND + TABLE + 'dev = "jetson"\n[tool.poetry.group.dev]\noptional = true\n')
    before = project.files()
    done = poetry.run(project, "lock")
    refused(done, project, before, "[tool.poetry-aiops.hardware.variants] ml-cpu", "is an extra")


def test_check_verifies_the_lock_of_extras_too(poetry: PoetryProgram, new_project: ProjectFactory) -> None:
    project = new_project(projects.EXTRAS)
    poetry.must(project, "lock")
    project.pyproject.write_text(project.pyproject.read_text("utf-8") + TABLE, "utf-8")
    done = poetry.run(project, "check", "--lock")
    assert done.code == 1
    assert "numpy" in done.stderr
