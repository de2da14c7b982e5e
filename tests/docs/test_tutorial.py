"""The tutorial and the README's quick start, followed literally in a clean folder: their commands, their files, and nothing else."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.docs.console import PAGES, Block, ShownFile, matches, session_of
from tests.docs.session import Session, session

from poetry_aiops.plugin import COMMANDS


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.poetry_program import PoetryProgram


SESSIONS = [page for page in PAGES if session_of(page)]
WINDOWS = pytest.mark.skipif(os.name == "nt", reason="the blocks are written for a POSIX shell")


@pytest.mark.slow
@WINDOWS
@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: page.stem)
def test_a_reader_who_follows_the_page_sees_what_it_shows(
    page: Path, poetry: PoetryProgram, tmp_path: Path
) -> None:
    if accelerators(poetry, tmp_path):
        pytest.skip("the page shows a machine without an accelerator")
    folder = tmp_path / "reader"
    folder.mkdir()
    # A home of its own: Poetry's cache knows a source by its name, and another test's stand-ins have other hashes.
    newcomer = replace(poetry, home=tmp_path / "home")
    with session(newcomer, folder) as prompt:
        for part in session_of(page):
            if isinstance(part, ShownFile):
                prompt.write(part)
            elif part.needs is None or part.needs in COMMANDS:
                follow(part, prompt)


def test_the_tutorial_and_the_readme_are_such_pages() -> None:
    assert {"README", "tutorial"} <= {page.stem for page in SESSIONS}


def follow(block: Block, prompt: Session) -> None:
    """Type the commands of a block one after another."""
    for step in block.steps:
        printed = prompt.enter(step.command)
        assert matches(step.expected, printed), f"{block.name}: $ {step.command}\n{printed}"


def accelerators(poetry: PoetryProgram, folder: Path) -> list[object]:
    """Return the accelerators of the machine that the tests run on."""
    document = json.loads(poetry.must(folder, "hw-info", "--format", "json").stdout)
    return list(document["host"]["accelerators"])
