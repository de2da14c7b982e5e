"""What README and docs show at a prompt is what happens."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from scripts.demo_index import demo_index, with_own_sources
from tests.docs.console import REPOSITORY, Block, all_blocks, matches
from tests.docs.places import PLACES
from tests.support.health_shop import TESTER, TOOLKIT, Shop, publish, publish_newer, shop_locked
from tests.support.index import PackageIndex
from tests.support.osv_server import OsvServer
from tests.support.processes import captured


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.poetry_program import PoetryProgram


CHANGES = {
    "misspelt-backend": ('ml-gpu = "cu126"', 'ml-gpu = "cuda12.6"'),
    "variant-in-dev": ('dev = ["', 'dev = [{ include-group = "ml-cpu" }, "'),
}
SHOP = {
    "requirements.txt": "# the web part\nfastapi==0.109.0  # see ADR 7\nrequests>=2.30\n",
    "requirements-dev.txt": "-r requirements.txt\npytest==7.4.3\n",
    "Dockerfile": "FROM python:3.11\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
}
SHOP_CHANGES: dict[str, dict[str, str]] = {
    "tools": {"tools.txt": "ruff\n"},
    "private": {
        "requirements.txt": "--index-url https://ci:${TOKEN}@packages.example/simple\nfastapi==0.109.0\n"
    },
    "typo": {
        "requirements.txt": f"{SHOP['requirements.txt']}pydantic=2.6.0\n",
        "requirements-dev.txt": "-r requirments.txt\npytest==7.4.3\n",
    },
    "contradiction": {"requirements-dev.txt": "-r requirements.txt\nfastapi==0.110.0\n"},
}
RUN = [block for block in all_blocks() if block.place and block.place not in {"session", *PLACES}]
SERVICE = """\
[project]
name = "service"
version = "0.1.0"
requires-python = ">=3.11,<3.15"
dependencies = ["fastapi (>=0.115,<1.0)"]

[tool.poetry]
package-mode = false
"""
WINDOWS = pytest.mark.skipif(os.name == "nt", reason="the blocks are written for a POSIX shell")


@pytest.fixture(scope="session")
def chatbot(poetry: PoetryProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Lock examples/chatbot against stand-ins, in an environment that stays empty; the index serves meanwhile."""
    folder = tmp_path_factory.mktemp("docs") / "chatbot"
    example = REPOSITORY / "examples" / "chatbot"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    with demo_index() as index:
        pyproject = folder / "pyproject.toml"
        pyproject.write_text(with_own_sources(pyproject.read_text("utf-8"), index), "utf-8")
        poetry.must(folder, "lock")
        yield folder


@pytest.fixture(scope="session")
def audited(poetry: PoetryProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Lock the shop of the tests of `poetry health`; its index and its advisories are served meanwhile."""
    with PackageIndex() as index, OsvServer([TOOLKIT, TESTER]) as osv:
        publish(index)
        project = shop_locked(poetry, index, tmp_path_factory.mktemp("docs") / "shop")
        publish_newer(index)
        yield Shop(poetry, project, osv)


def shop(change: str | None, folder: Path) -> Path:
    """Write the files of the shop."""
    project = folder / "shop"
    project.mkdir()
    files = {**SHOP, **(SHOP_CHANGES[change] if change else {})}
    for name, text in files.items():
        (project / name).write_text(text, "utf-8")
    return project


def place(block: Block, chatbot: Path, audited: Shop, folder: Path) -> Path:
    """Make the folder in which a block runs."""
    if block.place == "shop":
        return shop(block.change, folder)
    if block.place == "audited":
        for name in ("pyproject.toml", "poetry.lock"):
            shutil.copy(audited.project.path / name, folder)
    if block.place == "service":
        (folder / "pyproject.toml").write_text(SERVICE, "utf-8")
    if block.place != "chatbot":
        return folder
    project = folder / "chatbot"
    shutil.copytree(chatbot, project, symlinks=True)
    if block.change:
        old, new = CHANGES[block.change]
        text = (project / "pyproject.toml").read_text("utf-8")
        assert text.count(old) == 1
        (project / "pyproject.toml").write_text(text.replace(old, new), "utf-8")
    return project


def in_order() -> list[tuple[Block, ...]]:
    """Return the blocks of each page that a reader follows in one folder; one that needs a change is alone."""
    found: dict[tuple[object, ...], list[Block]] = {}
    for block in RUN:
        key = (block.page, block.place, block.name if block.change or block.place == "shop" else "")
        found.setdefault(key, []).append(block)
    return [tuple(blocks) for blocks in found.values()]


@WINDOWS
@pytest.mark.slow
@pytest.mark.parametrize("blocks", in_order(), ids=lambda blocks: blocks[0].name)
def test_a_page_shows_what_really_happens(
    blocks: tuple[Block, ...], chatbot: Path, audited: Shop, tmp_path: Path
) -> None:
    poetry, where = audited.poetry, place(blocks[0], chatbot, audited, tmp_path)
    environment = poetry._environment() | (audited.variables if blocks[0].place == "audited" else {})
    for block in blocks:
        follow(block, where, environment)


def follow(block: Block, where: Path, environment: dict[str, str]) -> None:
    """Type what the block shows, and compare what is printed."""
    environment["PATH"] = os.pathsep.join([str(where / ".venv" / "bin"), environment["PATH"]])
    code = 0
    for step in block.steps:
        printed = f"{code}\n"
        if step.command != "echo $?":
            code, printed = in_a_shell(step.command, where, environment)
        assert matches(step.expected, printed), f"{block.name}: $ {step.command}\n{printed}"


def in_a_shell(command: str, where: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Return the exit code and what a person would see."""
    return captured(["/bin/sh", "-c", command], cwd=where, env=environment, timeout=120)


def test_every_block_that_runs_has_output_to_compare() -> None:
    empty = [block.name for block in RUN if not any(step.expected.strip() for step in block.steps)]
    assert empty == []


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("one\n  two\n", "one two", True),
        ("one\n", "one two", False),
        ("...\ntwo\n", "one\ntwo\n", True),
        ("one\n...\n", "two\n", False),
        ("one\n...\nthree\n", "one\ntwo\nthree\n", True),
        ("one...\n", "one two\n", False),
    ],
)
def test_only_dots_alone_on_a_line_stand_for_anything(expected: str, printed: str, *, same: bool) -> None:
    assert matches(expected, printed) is same
