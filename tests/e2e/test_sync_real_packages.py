"""``poetry sync-reqs`` on real packages from the machine's package index: what pip makes of the files, and a wheelhouse."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from poetry.repositories.pypi_repository import PyPiRepository
from tests.support.installers import CleanEnvironment
from tests.support.lockfile import machine_named
from tests.support.poetry_program import Project, way_out


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.poetry_program import PoetryProgram


pytestmark = pytest.mark.slow

PROJECT = f"""\
[project]
name = "service"
version = "0.1.0"
requires-python = ">=3.11,<3.14"
dependencies = ["fastapi", "uvicorn[standard]", "requests[socks]"]

[dependency-groups]
dev = ["pytest", "ruff"]

[tool.poetry]
package-mode = false

[tool.poetry-aiops.export]
defaults = ["base", "dev", "pylock"]

[[tool.poetry.source]]
name = "index"
url = "{PyPiRepository()._base_url}simple/"
priority = "primary"
"""


@pytest.fixture(scope="module")
def project(poetry: PoetryProgram, tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("real"))
    made.pyproject.write_text(PROJECT, "utf-8")
    poetry.must(made, "lock", **way_out())
    poetry.must(made, "sync-reqs", **way_out())
    return made


def pip(environment: CleanEnvironment, project: Project, *arguments: str) -> None:
    """Run pip with this machine's own settings: they know the way to the index."""
    command = [sys.executable, "-m", "pip", "--python", str(environment.python), "install", "--quiet"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=project.path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def locked(project: Project, *groups: str) -> dict[str, str]:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return project.lockfile().selected(*groups, machine=machine_named("linux-x86_64", python))


@pytest.mark.parametrize(
    ("path", "groups"),
    [
        ("config/requirements/base.txt", ("main",)),
        ("config/requirements/dev.txt", ("main", "dev")),
        ("pylock.toml", ("main",)),
    ],
)
def test_pip_installs_exactly_the_locked_versions(
    project: Project, tmp_path: Path, path: str, groups: tuple[str, ...]
) -> None:
    environment = CleanEnvironment.make(tmp_path / "clean")
    pip(environment, project, "-r", path)
    assert environment.installed() == locked(project, *groups)


def test_a_wheelhouse_of_real_wheels_installs_without_an_index(
    project: Project, poetry: PoetryProgram, tmp_path: Path
) -> None:
    poetry.must(project, "sync-reqs", "--wheelhouse", str(tmp_path / "wheels"), **way_out())
    environment = CleanEnvironment.make(tmp_path / "clean")
    done = environment.pip(tmp_path, "install", "-r", "wheels/requirements.txt")
    assert done.code == 0, done.output
    assert environment.installed() == locked(project, "main")
