"""Locking again changes nothing; changing one thing changes only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.projects import project_from
from tests.support.standard_index import NEWEST_TORCH, OLDEST_TORCH, PYPI


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram


OLD_TORCH = projects.HW.replace("^2.10.0+cpu", "2.10.0+cpu").replace("^2.10.0+cu126", "2.10.0+cu126")


def relax_torch(text: str) -> str:
    return text.replace('"2.10.0+cpu"', '"^2.10.0+cpu"').replace('"2.10.0+cu126"', '"^2.10.0+cu126"')


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize(
    ("template", "options"),
    [
        pytest.param(projects.HW, (), id="two-refresh"),
        pytest.param(projects.HW, ("--regenerate",), id="two-regenerate", marks=pytest.mark.slow),
        pytest.param(projects.BASE_CAN_AGREE_SWAPPED, (), id="base-refresh", marks=pytest.mark.slow),
        pytest.param(projects.BASE_CAN_AGREE_SWAPPED, ("--regenerate",), id="base-regenerate"),
        pytest.param(projects.MAIN_REACHES_TORCH, (), id="lightning-refresh"),
        pytest.param(
            projects.MAIN_REACHES_TORCH, ("--regenerate",), id="lightning-regenerate", marks=pytest.mark.slow
        ),
    ],
)
def test_locking_again_is_byte_identical(
    poetry: PoetryProgram, locked_project: ProjectFactory, template: str, options: tuple[str, ...]
) -> None:
    project = locked_project(template)
    before = project.files()

    poetry.must(project, "lock", *options)

    assert project.files() == before


def test_four_variants_do_not_drift(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.HW3)
    before = project.files()

    poetry.must(project, "lock")

    assert project.files() == before


@pytest.mark.every_poetry_minor
def test_a_refresh_keeps_the_locked_versions_of_every_variant(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(OLD_TORCH)
    project.pyproject.write_text(relax_torch(project.pyproject.read_text(encoding="utf-8")), encoding="utf-8")

    poetry.must(project, "lock")

    assert set(project.lockfile().builds("torch")) == {f"{OLDEST_TORCH}+cpu", f"{OLDEST_TORCH}+cu126"}


@pytest.mark.every_poetry_minor
def test_update_of_one_package_moves_it_in_every_variant_and_nothing_else(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(OLD_TORCH.replace("fastapi", 'requests = "2.30.0"\nfastapi'))
    text = relax_torch(project.pyproject.read_text(encoding="utf-8")).replace('"2.30.0"', '"^2.30"')
    project.pyproject.write_text(text, encoding="utf-8")

    poetry.must(project, "update", "torch", "--lock")

    lock = project.lockfile()
    assert set(lock.builds("torch")) == {f"{NEWEST_TORCH}+cpu", f"{NEWEST_TORCH}+cu126"}
    assert set(lock.builds("requests")) == {"2.30.0"}


def test_update_moves_everything(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(OLD_TORCH.replace("fastapi", 'requests = "2.30.0"\nfastapi'))
    text = relax_torch(project.pyproject.read_text(encoding="utf-8")).replace('"2.30.0"', '"^2.30"')
    project.pyproject.write_text(text, encoding="utf-8")

    poetry.must(project, "update")

    lock = project.lockfile()
    assert set(lock.builds("torch")) == {f"{NEWEST_TORCH}+cpu", f"{NEWEST_TORCH}+cu126"}
    assert set(lock.builds("requests")) == {"2.31.0"}
    assert project.installed() == lock.selected("main", "dev")


def test_a_new_release_enters_only_when_asked_for(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    project = project_from(projects.HW, own_index, tmp_path / "project")
    own_poetry.must(project, "lock")
    before = project.files()
    own_index.publish(PYPI, "typing-extensions", "4.13.0")

    own_poetry.must(project, "lock")
    refreshed = project.files()
    own_poetry.must(project, "update", "typing-extensions", "--lock")

    assert refreshed == before
    assert set(project.lockfile().builds("typing-extensions")) == {"4.13.0"}


@pytest.mark.every_poetry_minor
def test_add_to_main_keeps_every_variant(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.HW)
    before = project.lockfile()

    poetry.must(project, "add", "requests@^2.30")

    lock = project.lockfile()
    assert lock.builds("requests") == {"2.31.0": ("main",)}
    assert lock.builds("torch") == before.builds("torch")
    assert lock.builds("numpy") == before.builds("numpy")
    assert project.installed() == lock.selected("main", "dev")


@pytest.mark.every_poetry_minor
def test_add_to_one_variant_leaves_the_others_alone(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    before = project.lockfile()

    poetry.must(project, "add", "--lock", "--group", "ml-gpu", "onnxruntime-gpu@^1.23")

    lock = project.lockfile()
    assert lock.builds("onnxruntime-gpu") == {"1.23.0": ("ml-gpu",)}
    assert lock.selected("main", "dev", "ml-cpu") == before.selected("main", "dev", "ml-cpu")
    assert "optional = true" in project.pyproject.read_text(encoding="utf-8")


def test_add_that_no_variant_can_take_changes_nothing(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    before = project.files()

    done = poetry.run(project, "add", "numpy@^2.2")

    assert done.code != 0
    assert "numpy" in done.output
    assert project.files() == before


@pytest.mark.every_poetry_minor
def test_remove_takes_a_package_out_of_its_variant_only(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    before = project.lockfile()

    poetry.must(project, "remove", "--lock", "--group", "ml-cpu", "tensorflow-cpu")

    lock = project.lockfile()
    assert lock.builds("tensorflow-cpu") == {}
    assert lock.selected("main", "dev", "ml-gpu") == before.selected("main", "dev", "ml-gpu")


def test_remove_of_a_variants_torch_leaves_the_other_build(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)

    poetry.must(project, "remove", "--lock", "--group", "ml-cpu", "torch")

    assert project.lockfile().builds("torch") == {f"{NEWEST_TORCH}+cu126": ("ml-gpu",)}


@pytest.mark.parametrize("command", ["lock", "add", "update"])
def test_a_dry_or_quiet_command_tells_nothing(
    poetry: PoetryProgram, locked_project: ProjectFactory, command: str
) -> None:
    project = locked_project(projects.HW)
    before = project.files()
    arguments = {
        "lock": ("lock", "--quiet"),
        "add": ("add", "--dry-run", "--quiet", "requests@^2.30"),
        "update": ("update", "--dry-run", "--quiet"),
    }

    done = poetry.must(project, *arguments[command])

    assert done.output == ""
    assert project.files() == before
