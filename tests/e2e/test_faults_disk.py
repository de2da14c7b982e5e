"""Every command that writes, on a disk that is full and on one that cannot be written: nothing changes, and it says so."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support import projects


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram, Project


pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is of Linux")]

OLD_PIN, NEW_PIN = 'fastapi = "^0.109.0"', 'fastapi = ">=0.109.0,<0.110"'
LOOK = ("health", "--offline", "--metric", "depth")
ELSEWHERE = {
    "POETRY_VIRTUALENVS_IN_PROJECT": "false"
}  # environments are Poetry's own to make, and to fail at
REFUSED = (2,)
COMMANDS: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    (("lock",), REFUSED),
    (("add", "requests", "--lock"), REFUSED),
    (("remove", "fastapi", "--lock"), REFUSED),
    (("hw-add", "onnxruntime", "--variants", "cpu,cu126"), REFUSED),
    (("migrate-reqs", "requirements.txt"), REFUSED),
    (("hw-info", "--record", "recorded"), REFUSED),
    (("hw-info", "--output", "machine.json"), REFUSED),
    (("graph",), (0,)),
    (("graph", "--output", "graph.json"), REFUSED),
)
IN_STEP: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    ((*LOOK,), (0,)),
    ((*LOOK, "--output", "health.json"), REFUSED),
    (("sync-reqs",), REFUSED),
    (("scaffold", "docker"), REFUSED),
    (("scaffold", "compose", "--force"), REFUSED),
    (("sync-reqs", "--wheelhouse", "wheels", "--hardware", "cpu"), (2, 3)),
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of two megabytes, for which the tests have to be root."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no disk of its own: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path) -> None:
    """Write until nothing more fits."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        for size in (65_536, 4096, 1):
            while _goes_on(filler.write, bytes(size)):
                pass


def _goes_on(write: Callable[[bytes], object], data: bytes) -> bool:
    try:
        write(data)
    except OSError as error:
        assert error.errno == errno.ENOSPC  # noqa: PT017 - any other error is a mistake of the test
        return False
    return True


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "filler"
    }


def left_alone(
    poetry: PoetryProgram, project: Project, commands: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]
) -> dict[str, str]:
    """Run commands that cannot write; return what is wrong with each."""
    before = everything(project.path)
    wrong = {}
    for command, codes in commands:
        done = poetry.run(project, *command, **ELSEWHERE)
        after = everything(project.path)
        if after != before:
            changed = [name for name in {*before, *after} if before.get(name) != after.get(name)]
            wrong[" ".join(command)] = f"changed {changed}\n{done}"
        elif done.code not in codes or "Traceback" in done.output or not _says_why(done.output):
            wrong[" ".join(command)] = str(done)
    return wrong


def _says_why(output: str) -> bool:
    reasons = {os.strerror(number) for number in (errno.ENOSPC, errno.EROFS)}
    return any(reason in output for reason in reasons) or "read-only" in output


@pytest.mark.parametrize("harm", [fill, make_read_only], ids=["full", "read-only"])
def test_no_command_changes_or_loses_anything(
    poetry: PoetryProgram, locked_project: ProjectFactory, disk: Path, harm: Callable[[Path], None]
) -> None:
    project = locked_project(projects.HW, name="disk/project")
    (project.path / "requirements.txt").write_text("idna\n")
    behind = locked_project(projects.HW, name="disk/behind")
    behind.edit(OLD_PIN, NEW_PIN)
    (behind.path / "requirements.txt").write_text("idna\n")
    (project.path / "compose.yaml").write_text("mine: 1\n")
    harm(disk)

    wrong = left_alone(poetry, behind, COMMANDS) | left_alone(poetry, project, IN_STEP)

    assert wrong == {}, "\n".join(wrong.values())
    if harm is fill:
        (disk / "filler").unlink()
        poetry.must(behind, "lock", **ELSEWHERE)
        poetry.must(behind, "hw-add", "onnxruntime", "--variants", "cpu,cu126", "--no-lock", **ELSEWHERE)
