"""What is locked is verified at every door: two builds of one package are never installed, exported or packed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.expect import refused
from tests.support.standard_index import NEWEST_TORCH


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram, Project


BOTH = ("torch: ", f"{NEWEST_TORCH}+cpu from pytorch-cpu", f"{NEWEST_TORCH}+cu126 from pytorch-cu126")


def merge_badly(project: Project) -> None:
    """Let the CPU build of torch belong to both variants, as after a merge by hand."""
    blocks = project.lock_path.read_text("utf-8").split("[[package]]")
    (cpu,) = (
        block for block in blocks if f'version = "{NEWEST_TORCH}+cpu"' in block and 'name = "torch"' in block
    )
    merged = cpu.replace('groups = ["ml-cpu"]', 'groups = ["ml-cpu", "ml-gpu"]')
    assert merged != cpu
    project.lock_path.write_text("[[package]]".join(merged if b is cpu else b for b in blocks), "utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ("install", "--with", "ml-gpu"),
        ("sync", "--with", "ml-gpu"),
        ("export", "--with", "ml-gpu"),
        ("hw-install", "--hardware", "ml-gpu"),
        ("scaffold", "docker"),
        ("sync-reqs",),
        ("sync-reqs", "--check"),
        ("sync-reqs", "--wheelhouse", "wheels", "--hardware", "ml-gpu"),
    ],
    ids=" ".join,
)
def test_no_door_lets_two_builds_through_after_a_bad_merge(
    poetry: PoetryProgram, locked_project: ProjectFactory, words: tuple[str, ...]
) -> None:
    project = locked_project(projects.HW)
    merge_badly(project)
    before = project.files()

    refused(poetry.run(project, *words), project, before, *BOTH, "ml-gpu", "poetry lock")

    assert not {path.name for path in project.path.iterdir()} - {"pyproject.toml", "poetry.lock", ".venv"}
    assert not (project.path / ".venv").exists() or project.installed() == {}


def test_the_way_out_of_a_bad_merge_works_and_the_other_variant_was_never_in_doubt(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    sound = project.lock_path.read_bytes()
    merge_badly(project)

    poetry.must(project, "install", "--with", "ml-cpu", "--dry-run")
    poetry.must(project, "lock")

    assert project.lock_path.read_bytes() == sound


def test_a_variant_that_lost_a_package_in_a_merge_is_exported_nowhere(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    blocks = project.lock_path.read_text("utf-8").split("[[package]]")
    kept = [block for block in blocks if f'version = "{NEWEST_TORCH}+cu126"' not in block]
    project.lock_path.write_text("[[package]]".join(kept), "utf-8")
    before = project.files()

    for words in (["sync-reqs"], ["sync-reqs", "--wheelhouse", "wheels", "--hardware", "ml-gpu"]):
        refused(poetry.run(project, *words), project, before, "torch is missing", "ml-gpu", "poetry lock")


# -- projects without the table -------------------------------------------------------------------------


def without_the_table(project: Project) -> None:
    project.edit(projects.TWO_VARIANTS, "")


def test_without_the_table_poetrys_own_commands_warn_and_do_what_was_asked(
    poetry: PoetryProgram, teammate: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    without_the_table(project)
    words = ("install", "--with", "ml-cpu,ml-gpu", "--dry-run")

    done, plain = poetry.run(project, *words), teammate.run(project, *words)

    assert (done.code, sorted(done.stdout.splitlines())) == (0, sorted(plain.stdout.splitlines()))
    assert "Warning: poetry.lock would install two builds of one package" in done.stderr
    for part in BOTH:
        assert part in done.stderr
    assert "Warning" not in poetry.must(project, "install", "--with", "ml-gpu", "--dry-run").stderr


@pytest.mark.parametrize(
    "words", [("hw-install", "--with", "ml-cpu,ml-gpu"), ("sync-reqs",)], ids=lambda words: words[0]
)
def test_without_the_table_our_own_commands_refuse(
    poetry: PoetryProgram, locked_project: ProjectFactory, words: tuple[str, ...]
) -> None:
    project = projects.exporting_everything(locked_project(projects.HW))
    without_the_table(project)
    before = project.files()
    refused(poetry.run(project, *words), project, before, *BOTH, "[tool.poetry-aiops.hardware.variants]")


@pytest.mark.parametrize(
    "words", [("hw-install", "--dry-run"), ("scaffold", "docker")], ids=lambda words: words[0]
)
def test_extras_that_double_what_main_reaches_stop_our_commands(
    poetry: PoetryProgram, teammate: PoetryProgram, new_project: ProjectFactory, words: tuple[str, ...]
) -> None:
    project = new_project(projects.EXTRAS)
    teammate.must(project, "lock")
    before = project.files()
    refused(poetry.run(project, *words), project, before, "numpy: 1.26.4", "optional groups")
