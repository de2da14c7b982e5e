"""Fixtures of the end-to-end tests that need an index of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.requirement_projects import tree_in
from tests.support.standard_index import standard_index


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram
    from tests.support.requirement_projects import Tree


@pytest.fixture
def own_index() -> Iterator[PackageIndex]:
    """Serve the standard content for this test alone, which may change and break it."""
    with standard_index() as served:
        yield served


@pytest.fixture
def own_poetry(poetry: PoetryProgram, tmp_path: Path) -> PoetryProgram:
    """Return the program under test with empty caches, for use with ``own_index``."""
    return replace(poetry, home=tmp_path / "own-home")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Return a factory for a project with requirements files, in a folder called ``shop``."""
    return tree_in(tmp_path / "shop")
