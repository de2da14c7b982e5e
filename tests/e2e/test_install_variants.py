"""Installing, exporting and showing one variant out of the one lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.every import every
from tests.support.expect import refused
from tests.support.poetry_program import imported_version
from tests.support.standard_index import NEWEST_TORCH


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize("variant", ["ml-cpu", "ml-gpu"])
def test_install_with_a_variant_installs_that_variant(
    poetry: PoetryProgram, locked_project: ProjectFactory, variant: str
) -> None:
    project = locked_project(projects.HW)

    poetry.must(project, "install", "--with", variant)

    expected = project.lockfile().selected("main", "dev", variant)
    assert project.installed() == expected
    assert imported_version(project.path, "torch") == expected["torch"]


@pytest.mark.every_poetry_minor
def test_sync_changes_from_one_variant_to_the_other(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "install", "--with", "ml-gpu")

    poetry.must(project, "sync", "--with", "ml-cpu")

    assert project.installed() == project.lockfile().selected("main", "dev", "ml-cpu")
    assert imported_version(project.path, "torch") == f"{NEWEST_TORCH}+cpu"


def test_install_changes_the_builds_that_the_variants_share(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "install", "--with", "ml-gpu")

    poetry.must(project, "install", "--with", "ml-cpu")

    wanted = project.lockfile().selected("main", "dev", "ml-cpu")
    assert {name: version for name, version in project.installed().items() if name in wanted} == wanted


def test_install_without_a_variant_installs_the_base(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)

    poetry.must(project, "install")

    assert project.installed() == project.lockfile().selected("main", "dev")


@pytest.mark.every_poetry_minor
def test_install_without_a_lock_locks_every_variant(
    poetry: PoetryProgram, new_project: ProjectFactory, locked_project: ProjectFactory
) -> None:
    project = new_project(projects.HW, "fresh")

    poetry.must(project, "install", "--with", "ml-gpu")

    assert project.files() == locked_project(projects.HW, "locked").files()
    assert project.installed() == project.lockfile().selected("main", "dev", "ml-gpu")


def test_install_that_lacks_a_provided_package_says_so(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.MAIN_REACHES_TORCH)

    done = poetry.must(project, "install")

    assert "torch" not in project.installed()
    assert "torch" in done.stderr
    assert "hw-install" in done.stderr


def test_install_with_a_variant_says_nothing_of_that(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    done = poetry.must(locked_project(projects.MAIN_REACHES_TORCH), "install", "--with", "ml-cpu")

    assert "hw-install" not in done.output


AT_ONCE = (
    ("install", "--with", "ml-cpu,ml-gpu"),
    ("install", "--with", "ML_CPU,ml.gpu"),
    ("install", "--only", "ml-cpu,ml-gpu"),
    ("install", "--all-groups"),
    ("sync", "--with", "ml-cpu,ml-gpu"),
    ("update", "--with", "ml-cpu,ml-gpu"),
    ("export", "--with", "ml-cpu,ml-gpu"),
    ("export", "--all-groups"),
)


def test_two_variants_at_once_are_refused(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.HW)
    before = project.files()

    def is_refused(arguments: tuple[str, ...]) -> None:
        done = poetry.run(project, *arguments)
        refused(done, project, before, "ml-cpu", "ml-gpu")
        assert done.stdout == "" or "Creating virtualenv" in done.stdout
        assert "torch" not in project.installed()

    every(AT_ONCE, is_refused)


def test_a_variant_that_is_taken_out_again_is_not_asked_for(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)

    poetry.must(project, "install", "--with", "ml-cpu,ml-gpu", "--without", "ml-gpu", "--dry-run")


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize(("variant", "foreign"), [("ml-cpu", "+cu126"), ("ml-gpu", "+cpu")])
def test_export_writes_one_variant(
    poetry: PoetryProgram, locked_project: ProjectFactory, variant: str, foreign: str
) -> None:
    project = locked_project(projects.HW)

    done = poetry.must(project, "export", "--with", f"dev,{variant}", "--without-hashes")

    pins = {line.split(" ;")[0] for line in done.stdout.splitlines() if "==" in line}
    selected = project.lockfile().selected("main", "dev", variant)
    assert pins - {"colorama==0.4.6"} == {f"{name}=={version}" for name, version in selected.items()}
    assert foreign not in done.stdout


def test_show_lists_the_variant_that_it_is_asked_for(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)

    done = poetry.must(project, "show", "--with", "ml-gpu")

    assert f"{NEWEST_TORCH}+cu126" in done.stdout
    assert f"{NEWEST_TORCH}+cpu" not in done.stdout


@pytest.mark.parametrize(
    "arguments", [("show",), ("show", "--tree"), ("show", "--all"), ("show", "torch")], ids=" ".join
)
def test_show_works_beside_variants(
    poetry: PoetryProgram, locked_project: ProjectFactory, arguments: tuple[str, ...]
) -> None:
    project = locked_project(projects.HW)

    done = poetry.must(project, *arguments)

    assert "typing-extensions" in done.stdout


@pytest.mark.every_poetry_minor
def test_check_accepts_the_lock(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.HW)
    before = project.files()

    poetry.must(project, "check", "--lock")

    assert project.files() == before


def test_check_finds_a_lock_with_two_builds_for_one_machine(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    lock = project.lock_path.read_text(encoding="utf-8")
    merged_wrongly = lock.replace('groups = ["ml-gpu"]', 'groups = ["ml-cpu", "ml-gpu"]')
    project.lock_path.write_text(merged_wrongly, encoding="utf-8")
    before = project.files()

    done = poetry.run(project, "check", "--lock")

    refused(done, project, before, "torch", "ml-cpu", code=1)


def test_adding_a_provided_package_to_main_is_refused(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    before = project.files()

    done = poetry.run(project, "add", "torch")

    refused(done, project, before, "torch", "ml-cpu", "ml-gpu", "poetry hw-add torch")


@pytest.mark.parametrize("spelling", ["Torch==2.11.0", "torch[opt]@^2.10", "torch>=2 ; python_version>'3'"])
def test_adding_a_provided_package_is_refused_in_every_spelling(
    poetry: PoetryProgram, locked_project: ProjectFactory, spelling: str
) -> None:
    project = locked_project(projects.HW)
    before = project.files()

    done = poetry.run(project, "add", spelling)

    refused(done, project, before, "torch", "hw-add")


def test_a_package_whose_name_only_begins_alike_can_be_added(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)

    done = poetry.run(project, "add", "--dry-run", "torch-fidelity")

    assert "hw-add" not in done.output
