"""Every way into a clean Poetry that docs/how-to/install.md shows, tried with the built wheel and real packages."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from tests.docs.console import Step, blocks_of, matches
from tests.support.installers import uv_executable
from tests.support.poetries import REPOSITORY
from tests.support.poetry_program import NOWHERE, PoetryProgram, way_out
from tests.support.processes import captured
from tests.support.release import OURS, clean_poetry, real_index, run_uv, sources
from tests.support.schemas import conforming


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import PackageIndex
    from tests.support.release import Built


pytestmark = pytest.mark.slow
PAGE = REPOSITORY / "docs" / "how-to" / "install.md"
SERVICE = """\
[project]
name = "service"
version = "0.1.0"
requires-python = ">=3.11"

[tool.poetry]
package-mode = false

"""


def steps(first: str) -> tuple[Step, ...]:
    """Return the steps of the page's block that begins with a command."""
    (block,) = (block for block in blocks_of(PAGE) if block.steps[0].command.startswith(first))
    return block.steps


def table_of(heading: str) -> str:
    """Return the first TOML block below a heading of the page."""
    return re.split(
        r"```toml\n(.*?)```", PAGE.read_text("utf-8").partition(f"## {heading}")[2], flags=re.DOTALL
    )[1]


def follow(poetry: PoetryProgram, folder: Path, shown: tuple[Step, ...]) -> None:
    for step in shown:
        run = poetry.must(folder, *step.words[1:], **way_out())
        assert matches(step.expected, run.stdout), f"{step.expected}\n-- but --\n{run}"


def knows_the_machine(poetry: PoetryProgram, folder: Path) -> bool:
    run = poetry.run(folder, "hw-info", "--format", "json")
    return run.code == 0 and bool(conforming(run.stdout)["host"])


def test_poetry_self_add(ours: PackageIndex, tmp_path: Path) -> None:
    poetry = clean_poetry(tmp_path)
    (poetry.home / "config").mkdir(parents=True)
    (poetry.home / "config" / "pyproject.toml").write_text(sources(ours), "utf-8")
    assert not knows_the_machine(poetry, tmp_path)

    follow(poetry, tmp_path, steps("poetry self add"))

    assert knows_the_machine(poetry, tmp_path)


def test_requires_plugins(ours: PackageIndex, tmp_path: Path) -> None:
    poetry = clean_poetry(tmp_path)
    project = tmp_path / "service"
    project.mkdir()
    text = SERVICE + table_of("For everybody who works on the project") + sources(ours)
    (project / "pyproject.toml").write_text(text, "utf-8")
    assert "The requested command hw-info does not exist" in poetry.run(project, "hw-info").output

    follow(poetry, project, steps("poetry install"))

    assert knows_the_machine(poetry, project)
    assert (project / ".poetry").is_dir()
    assert not knows_the_machine(poetry, tmp_path)


def test_pipx_inject(ours: PackageIndex, tmp_path: Path) -> None:
    run_uv("venv", "--quiet", "--python", sys.executable, tmp_path / "pipx")
    run_uv("pip", "install", "--quiet", "--python", tmp_path / "pipx", "pipx>=1.18")
    programs = [tmp_path / "pipx" / "bin", tmp_path / "bin", uv_executable().parent]
    environment = {
        **real_index(),
        "PATH": os.pathsep.join([*map(str, programs), os.defpath]),
        "HOME": str(tmp_path),
        "PIPX_HOME": str(tmp_path / "pipx-home"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_DEFAULT_BACKEND": "uv",
        "UV_INDEX": ours.url(OURS),
    }

    for step in steps("pipx install"):
        done = _run([str(programs[0] / "pipx"), *step.words[1:]], tmp_path, environment)
        assert matches(step.expected, done), done

    assert knows_the_machine(PoetryProgram(tmp_path / "bin" / "poetry", tmp_path / "home"), tmp_path)


def test_without_a_network(built: Built, tmp_path: Path) -> None:
    with_network = {
        **os.environ,
        "PIP_FIND_LINKS": f"{built.wheel.parent} {os.environ.get('PIP_FIND_LINKS', '')}",
    }
    without = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "HTTPS_PROXY": NOWHERE,
        "PIP_CONFIG_FILE": os.devnull,
    }
    for environment, first in ((with_network, "python -m pip download"), (without, "python -m venv")):
        for step in steps(first):
            program = sys.executable if step.words[0] == "python" else str(tmp_path / step.words[0])
            done = _run([program, *step.words[1:]], tmp_path, environment)
            assert matches(step.expected, done), done

    poetry = PoetryProgram(tmp_path / "poetry-environment" / "bin" / "poetry", tmp_path / "home")
    assert knows_the_machine(poetry, tmp_path)


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    code, output = captured(command, cwd=folder, env=environment, timeout=600)
    assert code == 0, output
    return output
