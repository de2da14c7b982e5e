"""What the migration guide, troubleshooting and the examples show at a prompt is what happens."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.docs.console import REPOSITORY, Block, all_blocks
from tests.docs.places import PLACES, PYTHONS, Places, commit, stand_ins
from tests.docs.test_console_blocks import WINDOWS, follow


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.poetry_program import PoetryProgram


GUIDE = REPOSITORY / "docs" / "how-to" / "migrate.md"
MOVE = ("requirements", "unlocked", "moved")
"""The places of the guide's own project, in the order in which a reader comes to them."""
RUN = [
    block
    for block in all_blocks()
    if block.place in PLACES and not (block.page == GUIDE and block.place in MOVE)
]
EXAMPLES = REPOSITORY / "examples"
LOCKS = sorted(EXAMPLES.rglob("poetry.lock"))


@pytest.fixture(scope="session")
def places(poetry: PoetryProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """Make the folders; their index serves meanwhile, and has caches of its own."""
    folder = tmp_path_factory.mktemp("places")
    with stand_ins() as served:
        yield Places(replace(poetry, home=folder / "home"), served, folder)


@WINDOWS
@pytest.mark.slow
@pytest.mark.parametrize("block", RUN, ids=lambda block: block.name)
def test_a_block_shows_what_really_happens(block: Block, places: Places, tmp_path: Path) -> None:
    where = places.copy(str(block.place), block.change, tmp_path)
    follow(block, where, places.poetry._environment())


@WINDOWS
@pytest.mark.slow
def test_the_migration_guide_is_followed_in_one_folder_from_requirements_files_to_the_image(
    places: Places, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    for place in MOVE:
        if place == "requirements":
            places.requirements(folder)
        elif place == "unlocked":
            places.move_without_lock(folder)
        else:
            commit(folder, "Move to Poetry")
        for block in all_blocks():
            if (block.page, block.place) == (GUIDE, place):
                follow(block, folder, places.poetry._environment())


@pytest.mark.slow
def test_after_is_exactly_what_a_migration_writes(places: Places, tmp_path: Path) -> None:
    project = places.copy("requirements", None, tmp_path)
    before = set(project.rglob("*"))
    places.poetry.must(project, "migrate-reqs", "--no-lock", "--python", PYTHONS)
    after = EXAMPLES / "migrate" / "after"
    written = {path for path in project.iterdir() if path not in before} - {project / ".migration_backup"}
    assert {path.name: path.read_bytes() for path in written} == {
        path.name: path.read_bytes() for path in after.iterdir()
    }


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.parent.relative_to(EXAMPLES)))
def test_a_lock_of_the_examples_belongs_to_its_project_and_names_no_index(
    lock: Path, poetry: PoetryProgram
) -> None:
    assert "://" not in lock.read_text("utf-8")
    assert all("source" not in package for package in tomllib.loads(lock.read_text("utf-8"))["package"])
    poetry.must(lock.parent, "check", "--lock")
