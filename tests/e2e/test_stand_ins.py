"""The stand-in packages really show what plain Poetry does; without these, the other tests would prove nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram


MARKER_REGRESSION = (2, 5)
"""The first minor with poetry-core 2.5.0, whose markers lose a condition when "extra" is taken out of them."""


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize(
    "template",
    [projects.SEED, projects.BASE_CAN_AGREE, projects.TOOLKIT],
    ids=["seed", "base", "toolkit"],
)
def test_plain_poetry_cannot_lock_two_builds_of_torch(
    teammate: PoetryProgram, new_project: ProjectFactory, template: str
) -> None:
    project = new_project(template)
    before = project.files()

    done = teammate.run(project, "lock")

    assert done.code == 1
    assert "Incompatible constraints in requirements of chatbot" in done.output
    assert project.files() == before


@pytest.mark.every_poetry_minor
def test_plain_poetry_locks_the_cuda_libraries_twice_since_2_5(
    teammate: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.TOOLKIT_PLAIN)

    teammate.must(project, "lock")

    twice = {"nvidia-cublas", "nvidia-cuda-nvrtc"} if teammate.version() >= MARKER_REGRESSION else set()
    assert project.lockfile().doubled("main", "ml-gpu") == twice
