"""Without a table the variants are proposed, and used only where plain Poetry would fail."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.support import projects


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram


HEADER = "[tool.poetry-aiops.hardware.variants]"


def printed_table(output: str) -> dict[str, str]:
    """Return the table to paste, read as TOML, out of what the command printed."""
    lines = iter(output.splitlines())
    block = [next(line for line in lines if line.strip() == HEADER)]
    for line in lines:
        if "=" not in line:
            break
        block.append(line)
    table = tomllib.loads("\n".join(block))["tool"]["poetry-aiops"]["hardware"]["variants"]
    return {str(group): str(backend) for group, backend in table.items()}


@pytest.mark.every_poetry_minor
def test_the_plain_layout_locks_and_the_table_to_paste_is_printed(
    poetry: PoetryProgram, new_project: ProjectFactory, locked_project: ProjectFactory
) -> None:
    project = new_project(projects.SEED, "seed")
    pyproject = project.pyproject.read_bytes()

    done = poetry.must(project, "lock")

    assert printed_table(done.output) == {"ml-cpu": "cpu", "ml-gpu": "cu126"}
    assert project.pyproject.read_bytes() == pyproject
    declared = locked_project(projects.HW, "declared")
    assert project.lock_path.read_bytes() == declared.lock_path.read_bytes()


def test_the_pasted_table_makes_the_same_lock_without_a_proposal(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.SEED)
    proposed = printed_table(poetry.must(project, "lock").output)
    lock = project.lock_path.read_bytes()
    pasted = "\n".join([HEADER, *(f'{group} = "{backend}"' for group, backend in proposed.items())])
    project.pyproject.write_text(
        f"{project.pyproject.read_text(encoding='utf-8')}\n{pasted}\n", encoding="utf-8"
    )

    done = poetry.must(project, "lock")

    assert HEADER not in done.output
    assert project.lock_path.read_bytes() == lock


def test_an_inferred_lock_does_not_drift(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.SEED)
    before = project.files()

    poetry.must(project, "lock")

    assert project.files() == before


@pytest.mark.every_poetry_minor
def test_an_inferred_lock_installs_one_variant(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.SEED)

    poetry.must(project, "install", "--with", "ml-cpu")

    assert project.installed() == project.lockfile().selected("main", "dev", "ml-cpu")


def test_every_group_is_inferred_with_its_backend(poetry: PoetryProgram, new_project: ProjectFactory) -> None:
    project = new_project(projects.SEED + projects.TORCH_ROCM_ONLY)

    done = poetry.must(project, "lock")

    assert printed_table(done.output) == {"ml-cpu": "cpu", "ml-gpu": "cu126", "ml-rocm": "rocm7.2"}


def test_groups_that_plain_poetry_can_lock_together_stay_as_they_are(
    poetry: PoetryProgram, teammate: PoetryProgram, new_project: ProjectFactory
) -> None:
    ours = new_project(projects.TOOLKIT_PLAIN.replace("cu132", "cu126").replace("2.15", "2.10"), "ours")
    plain = new_project(projects.TOOLKIT_PLAIN.replace("cu132", "cu126").replace("2.15", "2.10"), "plain")

    done = poetry.must(ours, "lock")
    teammate.must(plain, "lock")

    assert ours.files() == plain.files()
    assert HEADER not in done.output


def test_a_conflict_that_no_hardware_explains_stays_poetrys_own(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(
        projects.head('requests = "^2.30"\n')
        + '\n[tool.poetry.group.docs]\noptional = true\n[tool.poetry.group.docs.dependencies]\nrequests = "<2.0"\n'
    )
    before = project.files()

    done = poetry.run(project, "lock")

    assert done.code == 1
    assert "requests" in done.output
    assert HEADER not in done.output
    assert project.files() == before
