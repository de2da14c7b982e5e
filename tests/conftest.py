"""Fixtures for every test that runs the real ``poetry`` program."""

from __future__ import annotations

import gc
import os
import shutil
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import HealthCheck, settings
from tests.support.poetries import chosen_minors, poetry_executable
from tests.support.poetry_program import TRUSTED, PoetryProgram, Project, end_servers
from tests.support.projects import project_from
from tests.support.standard_index import standard_index


if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from tests.support.index import PackageIndex


# How long an example takes says something about the machine, and a busy one would fail a sound test.
# The same examples in every run, so that a change is judged by what it changes; `make test-random` looks for new ones.
settings.register_profile(
    "same everywhere", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "random", deadline=None, derandomize=False, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("same everywhere")

HERE = "here"
EVERY_MINOR = "every_poetry_minor"


class ProjectFactory(Protocol):
    """Makes a project of its own for one test."""

    def __call__(self, template: str, name: str = "project") -> Project:
        """Return a project written from ``template`` in a folder called ``name``."""


def pytest_configure(config: pytest.Config) -> None:
    os.environ["POETRY_AIOPS_TRUSTED_ADDRESSES"] = TRUSTED
    config.addinivalue_line(
        "markers",
        f"{EVERY_MINOR}: runs with the Poetry of this environment, and in the slow part with each supported minor",
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the collected tests out of every garbage collection, and collect what tests leave less often."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()  # one pass over the collected tests takes 0.2 CPU seconds
        gc.set_threshold(50_000, 10, 10)
        gc.enable()


def pytest_unconfigure() -> None:
    end_servers()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a marked test one slow sibling for each supported minor of Poetry."""
    if metafunc.definition.get_closest_marker(EVERY_MINOR):
        minors = [pytest.param(minor, marks=pytest.mark.slow) for minor in chosen_minors()]
        metafunc.parametrize("poetry_minor", [HERE, *minors], indirect=True, scope="session")


@pytest.fixture(scope="session")
def index() -> Iterator[PackageIndex]:
    """Serve the standard index for the whole session: tests only read from it."""
    with standard_index() as served:
        yield served


@pytest.fixture(scope="session")
def poetry_minor(request: pytest.FixtureRequest) -> str:
    """Return ``here`` for the Poetry of this environment, else the minor that the test is given."""
    return str(getattr(request, "param", HERE))


@pytest.fixture(scope="session")
def poetry(poetry_minor: str, tmp_path_factory: pytest.TempPathFactory) -> PoetryProgram:
    """Return the program under test, with this plugin."""
    home = tmp_path_factory.mktemp(f"home-{poetry_minor}")
    if poetry_minor == HERE:
        return PoetryProgram.of_this_environment(home).warm()
    return PoetryProgram(poetry_executable(poetry_minor), home)


@pytest.fixture(scope="session")
def teammate(poetry_minor: str, tmp_path_factory: pytest.TempPathFactory) -> PoetryProgram:
    """Return the same Poetry as a teammate has it, who never installed this plugin."""
    home = tmp_path_factory.mktemp(f"teammate-{poetry_minor}")
    if poetry_minor == HERE:
        return PoetryProgram.without_our_plugin(home).warm()
    return PoetryProgram(poetry_executable(poetry_minor, with_plugin=False), home)


@pytest.fixture
def new_project(index: PackageIndex, tmp_path: Path) -> ProjectFactory:
    """Return a factory for projects that are not locked yet."""

    def factory(template: str, name: str = "project") -> Project:
        return project_from(template, index, tmp_path / name)

    return factory


class LockedProjects:
    """Locks each template once for each program and hands out copies."""

    def __init__(self, index: PackageIndex, folder: Path) -> None:
        self._index = index
        self._folder = folder
        self._made: dict[tuple[str, PoetryProgram], Project] = {}

    def copy(self, template: str, poetry: PoetryProgram, target: Path) -> Project:
        """Copy pyproject.toml and poetry.lock of the locked template into ``target``."""
        original = self._made.get((template, poetry)) or self._make(template, poetry)
        target.mkdir(parents=True, exist_ok=True)
        for name in ("pyproject.toml", "poetry.lock"):
            shutil.copy(original.path / name, target / name)
        return Project(target)

    def _make(self, template: str, poetry: PoetryProgram) -> Project:
        made = project_from(template, self._index, self._folder / str(len(self._made)))
        poetry.must(made, "lock")
        self._made[template, poetry] = made
        return made


@pytest.fixture(scope="session")
def locked_projects(index: PackageIndex, tmp_path_factory: pytest.TempPathFactory) -> LockedProjects:
    return LockedProjects(index, tmp_path_factory.mktemp("locked"))


@pytest.fixture
def locked_project(locked_projects: LockedProjects, poetry: PoetryProgram, tmp_path: Path) -> ProjectFactory:
    """Return a factory for projects that the program under test has locked already."""

    def factory(template: str, name: str = "project") -> Project:
        return locked_projects.copy(template, poetry, tmp_path / name)

    return factory
