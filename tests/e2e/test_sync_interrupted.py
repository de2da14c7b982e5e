"""``poetry sync-reqs`` while the lock changes ten times a second, and while the power is cut."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from tests.support import projects

from poetry_aiops.export.header import read_header


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram, Project


pytestmark = pytest.mark.slow
PATIENCE = 90.0  # seconds, for a busy machine


def with_marker(lock: str, platform: str) -> str:
    """Return the lock with a marker at fastapi that every exported file shows."""
    start = lock.index('groups = ["main"]\n', lock.index('name = "fastapi"'))
    return f'{lock[:start]}markers = "sys_platform != \\"{platform}\\""\n{lock[start:]}'


def written(project: Project) -> list[Path]:
    return [*project.path.glob("config/**/*.txt"), *project.path.glob("pylock*.toml")]


def test_a_watch_ends_in_step_however_quickly_the_lock_changes(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = projects.exporting_everything(locked_project(projects.HW))
    original = project.lock_path.read_text("utf-8")
    watching = poetry.popen(project, "sync-reqs", "--watch")
    try:
        wait_until(lambda: poetry.run(project, "sync-reqs", "--check").code == 0)
        for count in range(50):
            text = with_marker(original, f"step{count}")
            cut = len(text) // 2 if count % 7 == 3 else len(text)  # Poetry does not write its lock in one go
            project.lock_path.write_text(text[:cut], "utf-8")
            time.sleep(0.1)
        project.lock_path.write_text(with_marker(original, "last"), "utf-8")
        base = project.path / "config/requirements/base.txt"
        wait_until(lambda: 'fastapi==0.109.0 ; sys_platform != "last"' in base.read_text("utf-8"))
        wait_until(lambda: poetry.run(project, "sync-reqs", "--check").code == 0)
    finally:
        watching.send_signal(signal.SIGINT)
        output, _ = watching.communicate(timeout=PATIENCE)
    assert watching.returncode == 0, output
    assert "Traceback" not in output


def test_killed_at_any_moment_no_file_is_half_written(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = projects.exporting_everything(locked_project(projects.HW))
    begun = time.monotonic()
    poetry.must(project, "sync-reqs")
    whole = time.monotonic() - begun
    for step in range(12):
        lock = project.lock_path.read_text("utf-8")
        project.lock_path.write_text(
            lock.replace("A stand-in for tests", f"A stand-in for tests {step}", 1), "utf-8"
        )
        running = poetry.popen(project, "sync-reqs")
        time.sleep(whole * (0.4 + 0.05 * step))
        running.kill()
        running.communicate(timeout=PATIENCE)
        for path in written(project):
            text = path.read_text("utf-8")
            header = read_header(text)
            assert header is not None, f"{path} is half written"
            assert header.is_untouched(text), f"{path} is half written"
    poetry.must(project, "sync-reqs")
    poetry.must(project, "sync-reqs", "--check")


def wait_until(holds: object) -> None:
    assert callable(holds)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.3)
    raise AssertionError("it never came to hold")
