"""A pipe, a device or a link under the name of one of our inputs ends a command in words; nothing waits or reads on."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support import projects


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of POSIX")

slow = pytest.mark.slow
CASES = [
    ("poetry.lock", "pipe", "graph --check-cycles", 2),
    ("dependency_reports/history.jsonl", "pipe", "health --metric depth", 3),
    ("requirements-dev.txt", "pipe", "migrate-reqs --dry-run --no-lock requirements.txt", 0),
    pytest.param("pyproject.toml", "/dev/zero", "hw-install --dry-run", 2, marks=slow),
    pytest.param("poetry.toml", "pipe", "sync-reqs --check", 2, marks=slow),
    pytest.param("poetry.lock", "/dev/full", "scaffold docker --dry-run", 2, marks=slow),
    pytest.param("poetry.lock", "/etc/hostname", "health --offline", 2, marks=slow),
    pytest.param("pyproject.toml", "pipe", "hw-add six --variants cpu --dry-run", 2, marks=slow),
    pytest.param("config/requirements/base.txt", "/dev/zero", "sync-reqs --check", 2, marks=slow),
    pytest.param("requirements.txt", "/dev/zero", "migrate-reqs --dry-run --no-lock", 2, marks=slow),
    pytest.param("setup.cfg", "pipe", "migrate-reqs --dry-run --no-lock", 0, marks=slow),
    pytest.param(".github/workflows/x.yml", "pipe", "migrate-reqs --dry-run --no-lock", 0, marks=slow),
    pytest.param(".migration_backup/journal", "pipe", "migrate-reqs --no-lock", 2, marks=slow),
    pytest.param(".migration_backup/lock", "pipe", "migrate-reqs --rollback", 2, marks=slow),
    pytest.param("compose.yaml", "pipe", "scaffold compose --force", 2, marks=slow),
    pytest.param("dependency_reports/latest_report.json", "/dev/zero", "graph", 0, marks=slow),
]


def put(path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(kind)


@pytest.mark.parametrize(("name", "kind", "command", "code"), CASES)
def test_it_ends_in_words(  # noqa: PLR0917 - two fixtures and one case
    poetry: PoetryProgram, locked_project: ProjectFactory, name: str, kind: str, command: str, code: int
) -> None:
    project = locked_project(projects.ORDINARY)
    (project.path / "requirements.txt").write_text("six\n", "utf-8")
    put(project.path / name, kind)

    done = poetry.run(project, *command.split())

    assert done.code == code, str(done)
    assert "Traceback" not in done.output
    if code != 0:
        assert name.rpartition("/")[2] in done.output or "requirements files" in done.output


def test_hw_info_needs_no_project_and_reads_none(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.ORDINARY)
    put(project.path / "pyproject.toml", "pipe")
    assert poetry.run(project, "hw-info", "--target", "cpu").code == 0
