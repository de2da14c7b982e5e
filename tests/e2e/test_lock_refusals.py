"""What cannot be locked is refused in words: exit code, place, way out, and no changed file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.expect import refused
from tests.support.index import Fault
from tests.support.projects import project_from


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram


TABLE = "[tool.poetry-aiops.hardware.variants]"
KEY = "tool.poetry-aiops.hardware"


@pytest.mark.every_poetry_minor
def test_a_base_that_cannot_agree_names_the_package_and_both_ways_out(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.BASE_CANNOT_AGREE)
    before = project.files()

    done = poetry.run(project, "lock")

    refused(done, project, before, "numpy", "ml-cpu", "ml-gpu", "<2", ">=2", "Two ways out", "provides")
    assert "torch 2.11.0+cpu" in done.stderr
    assert "torch 2.11.0+cu126" in done.stderr


def test_a_base_that_can_no_longer_agree_leaves_the_old_lock(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    project.edit('fastapi = "^0.109.0"', 'fastapi = "^0.109.0"\nnumpy = ">=1.26"')
    before = project.files()

    done = poetry.run(project, "lock")

    refused(done, project, before, "numpy", "ml-cpu", "ml-gpu")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('ml-tpu = "cpu"', ("ml-tpu", "ml-cpu")),
        ('ml-gpuu = "cu126"', ("ml-gpuu", "ml-gpu")),
        ('dev = "cu130"', ("dev", "optional = true")),
        ('ml_cpu = "cu130"', ("ml_cpu", "ml-cpu")),
        ('main = "cu130"', ("main",)),
    ],
    ids=["unknown-group", "misspelt-group", "not-optional", "named-twice", "main"],
)
def test_a_wrong_variant_is_refused(
    poetry: PoetryProgram, new_project: ProjectFactory, line: str, said: tuple[str, ...]
) -> None:
    project = new_project(projects.HW.replace(TABLE, f"{TABLE}\n{line}"))
    before = project.files()

    done = poetry.run(project, "lock")

    refused(done, project, before, f"{KEY}.variants", *said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('ml-gpu = "cu126"', 'ml-gpu = "cu12"', (f"{KEY}.variants", "ml-gpu", "cu12", "cu126")),
        ('ml-gpu = "cu126"', "ml-gpu = 126", (f"{KEY}.variants", "ml-gpu", "text")),
        (TABLE, '[tool.poetry-aiops.hardware]\nprovides = "torch"\n' + TABLE, (KEY, "provides", "list")),
        (TABLE, '[tool.poetry-aiops.hardware]\nprovide = ["torch"]\n' + TABLE, (KEY, "provide", "provides")),
    ],
    ids=["backend", "type", "provides-type", "unknown-key"],
)
def test_a_wrong_entry_is_refused_with_its_key_path(
    poetry: PoetryProgram, new_project: ProjectFactory, old: str, new: str, said: tuple[str, ...]
) -> None:
    project = new_project(projects.HW.replace(old, new))
    before = project.files()

    done = poetry.run(project, "lock")

    refused(done, project, before, *said)


def test_all_wrong_entries_are_told_at_once(poetry: PoetryProgram, new_project: ProjectFactory) -> None:
    project = new_project(projects.HW.replace(TABLE, f'{TABLE}\nml-tpu = "cpu"\nml-npu = "cpu"'))
    before = project.files()

    done = poetry.run(project, "lock")

    refused(done, project, before, "ml-tpu", "ml-npu")


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize(
    ("place", "old", "new"),
    [
        (
            "tool.poetry.group.ml-gpu",
            "optional = true\n[tool.poetry.group.ml-gpu.dependencies]",
            'optional = true\ninclude-groups = ["ml-cpu"]\n[tool.poetry.group.ml-gpu.dependencies]',
        ),
        (
            "tool.poetry.group.dev",
            "[tool.poetry.group.dev.dependencies]",
            '[tool.poetry.group.dev]\ninclude-groups = ["ml-cpu"]\n[tool.poetry.group.dev.dependencies]',
        ),
    ],
    ids=["variant-in-variant", "variant-in-base"],
)
def test_a_group_that_includes_a_variant_is_refused(
    poetry: PoetryProgram, new_project: ProjectFactory, place: str, old: str, new: str
) -> None:
    if poetry.version() < (2, 2):
        pytest.skip("Poetry reads include-groups since 2.2")
    project = new_project(projects.HW.replace(old, new))
    before = project.files()

    done = poetry.run(project, "lock")

    refused(done, project, before, place, "include", "ml-cpu")


@pytest.mark.parametrize(
    "command", [("lock",), ("install",), ("add", "requests"), ("check",), ("export",)], ids=" ".join
)
def test_every_command_refuses_a_wrong_declaration(
    poetry: PoetryProgram, new_project: ProjectFactory, command: tuple[str, ...]
) -> None:
    project = new_project(projects.HW.replace(TABLE, f'{TABLE}\nml-tpu = "cpu"'))
    before = project.files()

    done = poetry.run(project, *command)

    refused(done, project, before, f"{KEY}.variants", "ml-tpu")


@pytest.mark.parametrize("command", [("lock",), ("install", "--with", "ml-cpu")], ids=" ".join)
def test_merge_markers_in_the_lock_are_told_with_their_line(
    poetry: PoetryProgram, locked_project: ProjectFactory, command: tuple[str, ...]
) -> None:
    project = locked_project(projects.HW)
    lines = project.lock_path.read_text(encoding="utf-8").splitlines()
    ours = ["<<<<<<< HEAD", "=======", ">>>>>>> feature"]
    project.lock_path.write_text("\n".join([*lines[:6], *ours, *lines[6:]]) + "\n", encoding="utf-8")
    before = project.files()

    done = poetry.run(project, *command)

    refused(done, project, before, "poetry.lock:7", "merge conflict", "git checkout", "poetry lock")


def test_regenerating_needs_no_readable_lock(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.HW)
    good = project.files()
    project.lock_path.write_text("<<<<<<< HEAD\n", encoding="utf-8")

    poetry.must(project, "lock", "--regenerate")

    assert project.files() == good


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.NOT_FOUND, "torch"),
        (Fault.REFUSE, "All attempts to connect to 127.0.0.1"),
        pytest.param(Fault.SERVER_ERROR, "500", marks=pytest.mark.slow),
    ],
    ids=["not-found", "refused", "error"],
)
def test_an_index_that_is_gone_is_poetrys_own_error(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path, fault: Fault, said: str
) -> None:
    project = project_from(projects.HW, own_index, tmp_path / "project")
    before = project.files()

    with own_index.fault("cu126", fault):
        done = own_poetry.run(project, "lock")

    refused(done, project, before, said, code=1)


def test_an_index_that_is_gone_during_a_refresh_leaves_the_lock(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    project = project_from(projects.HW, own_index, tmp_path / "project")
    own_poetry.must(project, "lock")
    project.edit('fastapi = "^0.109.0"', 'fastapi = "^0.109.0"\nrequests = "^2.30"')
    before = project.files()
    own_index.stop()

    done = own_poetry.run(project, "lock")

    refused(done, project, before, "All attempts to connect to 127.0.0.1", code=1)
