"""Fixtures of the end-to-end tests that need an index of their own."""

from __future__ import annotations

import shutil

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.health_shop import TESTER
from tests.support.health_shop import TOOLKIT
from tests.support.health_shop import Shop
from tests.support.health_shop import publish
from tests.support.health_shop import publish_newer
from tests.support.health_shop import shop_locked
from tests.support.index import PackageIndex
from tests.support.osv_server import OsvServer
from tests.support.poetry_program import PoetryProgram
from tests.support.poetry_program import Project
from tests.support.requirement_projects import tree_in
from tests.support.standard_index import standard_index


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


@pytest.fixture(scope="session")
def shop_index() -> Iterator[PackageIndex]:
    with PackageIndex() as served:
        yield served


@pytest.fixture(scope="session")
def locked_shop(shop_index: PackageIndex, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the shop as it was locked once, before newer releases came out."""
    folder = tmp_path_factory.mktemp("shop")
    publish(shop_index)
    project = shop_locked(
        PoetryProgram.of_this_environment(folder / "home").warm(), shop_index, folder / "locked"
    )
    publish_newer(shop_index)
    return project


@pytest.fixture
def osv() -> Iterator[OsvServer]:
    """Serve advisories about the shop's toolkit (high) and tester (low)."""
    with OsvServer([TOOLKIT, TESTER]) as served:
        yield served


@pytest.fixture
def shop(locked_shop: Project, osv: OsvServer, tmp_path: Path) -> Shop:
    """Return a copy of the shop with empty caches."""
    shutil.copytree(locked_shop.path, tmp_path / "shop")
    poetry = PoetryProgram.of_this_environment(tmp_path / "home").warm()
    return Shop(poetry, Project(tmp_path / "shop"), osv)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Return a factory for a project with requirements files, in a folder called ``shop``."""
    return tree_in(tmp_path / "shop")
