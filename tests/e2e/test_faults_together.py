"""Commands beside each other, and ``poetry hw-add`` ended in the middle of its work."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.index import Fault
from tests.support.projects import project_from
from tests.support.standard_index import PYPI

from poetry_aiops.export.header import read_header
from poetry_aiops.system.run_lock import run_lock
from poetry_aiops.system.transaction.store import locked


if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram, Project


pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")]

ADD = ("hw-add", "onnxruntime", "--variants", "cpu,cu126")
PATIENCE = 120.0  # seconds, for a busy machine


@pytest.mark.parametrize(
    "command", [ADD, ("migrate-reqs", "requirements.txt"), ("migrate-reqs", "--rollback")]
)
def test_a_second_run_that_would_change_the_project_is_refused(
    poetry: PoetryProgram, locked_project: ProjectFactory, command: tuple[str, ...]
) -> None:
    project = locked_project(projects.HW)
    (project.path / "requirements.txt").write_text("idna\n")
    before = project.files()
    with locked(project.path, datetime.now(UTC)):
        done = poetry.run(project, *command)
    assert done.code == 2, str(done)
    assert f"another run is active in this project (process {os.getpid()}, since " in done.stderr
    assert project.files() == before


def test_a_second_wheelhouse_in_the_same_folder_is_refused(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    wheels = project.path / "wheels"
    wheels.mkdir()
    command = ("sync-reqs", "--wheelhouse", "wheels", "--hardware", "cpu")
    with run_lock(wheels / ".lock", datetime.now(UTC), "folder"):
        done = poetry.run(project, *command)
    assert done.code == 2, str(done)
    assert "another run is active in this folder" in done.stderr
    assert [path.name for path in wheels.iterdir()] == [".lock"]

    poetry.must(project, *command)
    assert not (wheels / ".lock").exists()


def test_commands_side_by_side_leave_whole_files(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    project.edit('fastapi = "^0.109.0"', 'fastapi = ">=0.109.0,<0.110"')
    poetry.must(project, "lock")
    runs = [
        poetry.popen(project, *one) for one in (("lock", "--regenerate"), ("sync-reqs",)) for _ in range(2)
    ]

    outputs = [run.communicate(timeout=PATIENCE)[0] for run in runs]

    assert [run.returncode for run in runs] == [0, 0, 0, 0], "\n".join(outputs)
    poetry.must(project, "check", "--lock")
    for path in [*project.path.glob("config/**/*.txt"), *project.path.glob("pylock*.toml")]:
        text = path.read_text("utf-8")
        header = read_header(text)
        assert header is not None
        assert header.is_untouched(text), path
    assert list(project.path.rglob("*.tmp")) == []
    poetry.must(project, "sync-reqs", "--check")


# -- hw-add, ended in the middle ------------------------------------------------------------------------------


@pytest.fixture
def slow(
    own_index: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> tuple[Project, subprocess.Popen[str]]:
    """Return a locked project and the ``hw-add`` that is locking in it, waiting for an index."""
    project = project_from(projects.HW, own_index, tmp_path / "project")
    own_poetry.must(project, "lock")
    own_index.slow_seconds = 600
    fresh = replace(own_poetry, home=tmp_path / "without-caches")
    with own_index.fault(PYPI, Fault.SLOW):
        process = fresh.popen(project, *ADD)
        assert process.stdout
        while "Resolving" not in (line := process.stdout.readline()):
            assert line, "it ended before it locked"
        time.sleep(1)
    return project, process


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name
)
def test_a_signal_while_it_locks_changes_nothing_and_the_next_run_does_it_all(
    slow: tuple[Project, subprocess.Popen[str]], own_poetry: PoetryProgram, number: signal.Signals
) -> None:
    project, process = slow
    before = project.files()
    process.send_signal(number)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert project.files() == before
    assert "onnxruntime" not in project.pyproject.read_text("utf-8")
    if number != signal.SIGKILL:
        assert "nothing was written" in output
        assert {path.name for path in project.path.iterdir()} <= {"pyproject.toml", "poetry.lock", ".venv"}
        return

    own_poetry.must(project, *ADD)

    assert "onnxruntime" in project.lockfile().selected("main", "ml-cpu")
    own_poetry.must(project, "check", "--lock")


def test_an_edit_that_another_program_makes_meanwhile_stays(
    own_index: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path
) -> None:
    project = project_from(projects.HW, own_index, tmp_path / "project")
    own_poetry.must(project, "lock")
    lock = project.lock_path.read_bytes()
    own_index.slow_seconds = 5
    fresh = replace(own_poetry, home=tmp_path / "without-caches")
    with own_index.fault(PYPI, Fault.SLOW):
        process = fresh.popen(project, *ADD)
        assert process.stdout
        while "Resolving" not in (line := process.stdout.readline()):
            assert line, "it ended before it locked"
        edited = project.pyproject.read_bytes() + b"\n# my own note\n"
        project.pyproject.write_bytes(edited)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "another program changed" in output
    assert project.pyproject.read_bytes() == edited
    assert project.lock_path.read_bytes() == lock
