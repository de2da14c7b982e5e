"""Without a table nothing changes; where plain Poetry cannot lock, the table that would help is proposed."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.beside_plain import BesidePlain


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram


HEADER = "[tool.poetry-aiops.hardware.variants]"

NAMED_LIKE_HARDWARE = """
[tool.poetry.group.serve-cpu]
optional = true
[tool.poetry.group.serve-cpu.dependencies]
requests = "^2.30"

[tool.poetry.group.serve-gpu]
optional = true
[tool.poetry.group.serve-gpu.dependencies]
idna = "*"
"""


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
def test_a_lock_that_plain_poetry_refuses_stays_refused_and_the_table_is_proposed(
    poetry: PoetryProgram, teammate: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.SEED + projects.TORCH_ROCM_ONLY)
    before = project.files()

    plain = teammate.run(project, "lock")
    done = poetry.run(project, "lock")

    assert printed_table(done.stderr) == {"ml-cpu": "cpu", "ml-gpu": "cu126", "ml-rocm": "rocm7.2"}
    assert (done.code, done.stdout) == (plain.code, plain.stdout) == (1, plain.stdout)
    assert done.stderr.endswith(plain.stderr[plain.stderr.index("Incompatible constraints") :])
    assert project.files() == before


def test_the_command_that_is_proposed_writes_the_table_and_locks(
    poetry: PoetryProgram, new_project: ProjectFactory, locked_project: ProjectFactory
) -> None:
    project = new_project(projects.SEED)
    failed = poetry.run(project, "lock").stderr
    assert "`poetry hw-add --from-groups`" in failed

    poetry.must(project, "hw-add", "--from-groups")
    done = poetry.must(project, "lock")

    table = tomllib.loads(project.pyproject.read_text("utf-8"))["tool"]["poetry-aiops"]["hardware"][
        "variants"
    ]
    assert table == printed_table(failed)
    assert HEADER not in done.output
    assert project.lock_path.read_bytes() == locked_project(projects.HW, "declared").lock_path.read_bytes()


@pytest.mark.parametrize("command", [("add", "idna"), ("update",), ("install",)], ids=lambda words: words[0])
def test_other_commands_that_have_to_lock_propose_it_too(
    poetry: PoetryProgram, new_project: ProjectFactory, command: tuple[str, ...]
) -> None:
    project = new_project(projects.SEED)
    before = project.files()

    done = poetry.run(project, *command)

    assert (done.code, project.files()) == (1, before)
    assert printed_table(done.stderr) == {"ml-cpu": "cpu", "ml-gpu": "cu126"}


def test_names_of_groups_decide_nothing(
    poetry: PoetryProgram, teammate: PoetryProgram, new_project: ProjectFactory
) -> None:
    template = projects.head() + NAMED_LIKE_HARDWARE
    both = BesidePlain(poetry, teammate, new_project(template, "ours"), new_project(template, "theirs"))

    for words in (("lock",), ("install", "--all-groups"), ("sync", "--with", "serve-gpu,serve-cpu")):
        assert both.differences(*words) == []

    assert {"requests", "idna"} <= both.ours.installed().keys()


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
