"""The real program with a reader that goes away: the exit code and the files are those of a run without a pipe."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.poetry_program import TIMEOUT


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.health_shop import Shop
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram, Project


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe of POSIX")

ADD = ("hw-add", "torch", "--variants", "cpu,cu126")


def with_a_reader_of(
    poetry: PoetryProgram, folder: Path, lines: int, *args: str, **environment: str
) -> tuple[int, str]:
    """Run the program until a reader of both outputs has read so many lines and closed them; return code and lines."""
    poetry.home.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    with Path(os.devnull).open("rb") as nothing, open(reading, encoding="utf-8") as reader:  # noqa: PTH123 - a pipe
        try:
            streams = (nothing.fileno(), writing, writing)
            program = poetry.start(
                folder, *args, streams=streams, environment={**poetry._environment(), **environment}
            )
        finally:
            os.close(writing)
        read = "".join(reader.readline() for _ in range(lines))
        reader.close()
        return program.wait(TIMEOUT), read


@pytest.mark.parametrize(("form", "lines"), [("text", 0), ("text", 1), ("sarif", 0)])
def test_a_gate_that_fails_fails_without_a_reader(shop: Shop, lines: int, form: str) -> None:
    """The first form runs in an interpreter of its own, whose last flush fails."""
    poetry = shop.poetry.cold() if (form, lines) == ("text", 0) else shop.poetry
    code, _ = with_a_reader_of(poetry, shop.project.path, lines, "health", "--format", form, **shop.variables)
    assert code == 1


def test_files_that_are_asked_for_are_written_without_a_reader(shop: Shop) -> None:
    code, _ = with_a_reader_of(
        shop.poetry, shop.project.path, 0, "health", "--output", "health.md", **shop.variables
    )
    assert code == 1
    assert "toolkit" in (shop.project.path / "health.md").read_text("utf-8").lower()


def test_a_monitor_without_a_reader_ends_with_the_code_of_its_last_check(shop: Shop) -> None:
    code, read = with_a_reader_of(
        shop.poetry, shop.project.path, 1, "health", "--monitor", "--interval", "1s", **shop.variables
    )
    assert code == 1, read


def doubled(project: Project) -> None:
    """Make two builds of one package of the lock apply to every machine, as a bad merge does."""
    text = project.lock_path.read_text("utf-8")
    project.lock_path.write_text(text.replace('groups = ["ml-gpu"]', 'groups = ["ml-cpu", "ml-gpu"]'))


@pytest.mark.parametrize("command", [("check",), ("add", "torch")])
def test_what_we_refuse_of_poetrys_own_commands_is_refused_without_a_reader(
    poetry: PoetryProgram, locked_project: ProjectFactory, command: tuple[str, ...]
) -> None:
    project = locked_project(projects.HW)
    doubled(project)
    plain = poetry.run(project, *command)
    assert plain.code in {1, 2}, str(plain)
    assert with_a_reader_of(poetry, project.path, 0, *command)[0] == plain.code


@pytest.mark.parametrize("read", ["nothing", "the diff"])
def test_hw_add_writes_both_files_without_a_reader(
    poetry: PoetryProgram, locked_project: ProjectFactory, index: PackageIndex, read: str
) -> None:
    torch_index = {"POETRY_AIOPS_TORCH_INDEX": index.root + "/{backend}/simple/"}
    project = locked_project(projects.ORDINARY)
    diff = len(poetry.must(project, *ADD, "--dry-run", **torch_index).stdout.splitlines()) - 3
    lines = 0 if read == "nothing" else diff

    code, shown = with_a_reader_of(poetry, project.path, lines, *ADD, **torch_index)

    assert code == 0, shown
    assert "ml-cu126" in project.pyproject.read_text("utf-8")
    assert "torch" in project.lockfile().selected("main", "ml-cu126")
    poetry.must(project, "check", "--lock")
