"""A teammate who has never heard of this plugin works with the same poetry.lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.poetry_program import imported_version
from tests.support.standard_index import NEWEST_TORCH


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize("variant", ["ml-cpu", "ml-gpu"])
def test_install_selects_exactly_the_variant(
    teammate: PoetryProgram, locked_project: ProjectFactory, variant: str
) -> None:
    project = locked_project(projects.HW)
    before = project.files()

    teammate.must(project, "install", "--with", variant)

    assert project.installed() == project.lockfile().selected("main", "dev", variant)
    assert project.files() == before


@pytest.mark.every_poetry_minor
def test_sync_changes_the_variant(teammate: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.HW)
    teammate.must(project, "install", "--with", "ml-cpu")

    teammate.must(project, "sync", "--with", "ml-gpu")

    assert project.installed() == project.lockfile().selected("main", "dev", "ml-gpu")
    assert imported_version(project.path, "torch") == f"{NEWEST_TORCH}+cu126"


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize(
    "template",
    [projects.MAIN_REACHES_TORCH, projects.TOOLKIT],
    ids=["lightning", "toolkit"],
)
def test_install_of_the_harder_locks_is_right_too(
    teammate: PoetryProgram, locked_project: ProjectFactory, template: str
) -> None:
    project = locked_project(template)

    teammate.must(project, "install", "--with", "ml-gpu")

    assert project.installed() == project.lockfile().selected("main", "dev", "ml-gpu")


@pytest.mark.every_poetry_minor
def test_check_accepts_the_lock(teammate: PoetryProgram, locked_project: ProjectFactory) -> None:
    teammate.must(locked_project(projects.HW), "check", "--lock")


@pytest.mark.every_poetry_minor
def test_show_lists_the_variant(teammate: PoetryProgram, locked_project: ProjectFactory) -> None:
    done = teammate.must(locked_project(projects.HW), "show", "--with", "ml-gpu")

    assert f"{NEWEST_TORCH}+cu126" in done.stdout
    assert f"{NEWEST_TORCH}+cpu" not in done.stdout


@pytest.mark.every_poetry_minor
def test_export_selects_exactly_the_variant(
    teammate: PoetryProgram, poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    arguments = ("export", "--with", "ml-gpu", "--without-hashes")

    done = teammate.must(project, *arguments)

    assert f"torch=={NEWEST_TORCH}+cu126" in done.stdout
    assert "+cpu" not in done.stdout
    assert done.stdout == poetry.must(project, *arguments).stdout


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize("arguments", [("lock",), ("add", "requests")], ids=" ".join)
def test_what_solves_fails_loudly_and_leaves_the_lock(
    teammate: PoetryProgram, locked_project: ProjectFactory, arguments: tuple[str, ...]
) -> None:
    project = locked_project(projects.HW)
    before = project.files()

    done = teammate.run(project, *arguments)

    assert done.code == 1
    assert "Incompatible constraints" in done.output
    assert project.files() == before


def test_switching_all_plugins_off_is_enough(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.HW)

    poetry.must(project, "--no-plugins", "sync", "--with", "ml-gpu")

    assert project.installed() == project.lockfile().selected("main", "dev", "ml-gpu")


def test_the_teammate_really_has_no_plugin_of_ours(
    teammate: PoetryProgram, new_project: ProjectFactory
) -> None:
    listed = teammate.must(new_project(projects.ORDINARY), "list").stdout

    assert "export" in listed
    assert "hw-" not in listed
